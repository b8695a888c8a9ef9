package imageio

import (
	"encoding/binary"
	"hash/crc32"
)

// What the formats' specifications call these numbers, for files that tests build.
const (
	pngGray, pngRGB, pngPalette, pngGrayAlpha, pngRGBA = 0, 2, 3, 4, 6

	webpAnimation, webpAlpha = 1 << 1, 1 << 4

	tagSubfileType     = 254
	tagWidth           = 256
	tagHeight          = 257
	tagBitsPerSample   = 258
	tagCompression     = 259
	tagPhotometric     = 262
	tagStripOffsets    = 273
	tagDescription     = 270
	tagOrientation     = 274
	tagSamplesPerPixel = 277
	tagRowsPerStrip    = 278
	tagStripByteCounts = 279
	tagXResolution     = 282
	tagYResolution     = 283
	tagResolutionUnit  = 296
	tagArtist          = 315
	tagPredictor       = 317
	tagColorMap        = 320
	tagTileWidth       = 322
	tagTileHeight      = 323
	tagTileOffsets     = 324
	tagTileByteCounts  = 325
	tagExtraSamples    = 338
	tagXMP             = 700
	tagCopyright       = 33432
	tagGeoScale        = 33550
	tagIPTC            = 33723
	tagEXIF            = 34665
	tagICC             = 34675
	tagGeoKeys         = 34735
	tagGPS             = 34853
	tagDNGVersion      = 50706

	tiffWhiteIsZero, tiffBlackIsZero, tiffRGB, tiffPalette = 0, 1, 2, 3

	tiffNone, tiffG3, tiffG4, tiffLZW, tiffDeflate, tiffPackBits = 1, 3, 4, 5, 8, 32773
)

// pngDepths lists the bits a sample that each colour type of PNG can have.
var pngDepths = map[byte][]int{pngGray: {1, 2, 4, 8, 16}, pngRGB: {8, 16}, pngPalette: {1, 2, 4, 8}, pngGrayAlpha: {8, 16}, pngRGBA: {8, 16}}

// appendChunk appends a chunk of a PNG: length, kind, body and their checksum.
func appendChunk(dst []byte, kind string, body []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(body)))
	start := len(dst)
	dst = append(append(dst, kind...), body...)
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[start:]))
}
