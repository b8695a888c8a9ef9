package tiff

import "classsr/imageio/codec"

// TIFF's tags, as far as they matter here.
const (
	tagSubfileType     = 254
	tagOldSubfileType  = 255
	tagWidth           = 256
	tagHeight          = 257
	tagBitsPerSample   = 258
	tagCompression     = 259
	tagPhotometric     = 262
	tagFillOrder       = 266
	tagStripOffsets    = 273
	tagOrientation     = 274
	tagSamples         = 277
	tagRowsPerStrip    = 278
	tagStripByteCounts = 279
	tagXResolution     = 282
	tagYResolution     = 283
	tagPlanar          = 284
	tagFaxOptions      = 292
	tagResolutionUnit  = 296
	tagPredictor       = 317
	tagWhitePoint      = 318
	tagColorMap        = 320
	tagTileWidth       = 322
	tagTileHeight      = 323
	tagTileOffsets     = 324
	tagTileByteCounts  = 325
	tagInkSet          = 332
	tagExtraSamples    = 338
	tagSampleFormat    = 339
	tagJPEGTables      = 347
	tagOldJPEGOffset   = 513
	tagOldJPEGLength   = 514
	tagJPEGQTables     = 519
	tagJPEGDCTables    = 520
	tagJPEGACTables    = 521
	tagSubsampling     = 530
	tagBlackWhite      = 532
	tagXMP             = 700
	tagGeoScale        = 33550
	tagIPTC            = 33723
	tagGeoTiePoints    = 33922
	tagGeoTransform    = 34264
	tagEXIF            = 34665
	tagICC             = 34675
	tagGeoKeys         = 34735
	tagGeoDoubles      = 34736
	tagGeoText         = 34737
	tagGPS             = 34853
	tagGDAL            = 42112
	tagNoData          = 42113
	tagDNGVersion      = 50706
	tagRPC             = 50844
)

// Compressions.
const (
	uncompressed  = 1
	faxRows       = 2 // runs of Group 3, each row from a whole byte on
	fax3          = 3
	fax4          = 4
	lzwCompressed = 5
	oldJPEG       = 6
	jpegCoded     = 7
	deflated      = 8
	faxWords      = 32771 // as faxRows, from an even byte on
	packed        = 32773
	oldDeflated   = 32946
	lzmaCoded     = 34925
	zstandard     = 50000
	webpCoded     = 50001
	oldWebP       = 34927
)

// expansions is how many bytes may come of one, for the compressions that are read; 0 where there is no limit.
var expansions = map[uint32]int64{
	0: 1, uncompressed: 1,
	packed:        64,   // 128 bytes from two
	lzwCompressed: 4096, // a code of 9 to 12 bits stands for less than 4096 bytes
	deflated:      codec.MaxDeflate, oldDeflated: codec.MaxDeflate,
	faxRows: 0, faxWords: 0, fax3: 0, fax4: 0, jpegCoded: 0, oldJPEG: 0, lzmaCoded: 0, zstandard: 0, webpCoded: 0, oldWebP: 0,
}

// What converts files that are not read.
const (
	byTiffcp   = "tiffcp -c zip FILE new.tif"
	byTiffRGBA = "tiff2rgba -c zip FILE new.tif" // of LogLuv, tiffcp keeps the colour model
	byGDAL     = "gdal_translate -co COMPRESS=DEFLATE FILE new.tif"
	byMagick   = "ImageMagick: convert FILE new.png"
)

// otherCompressions are those that are not read, as far as they have names, and what converts them.
var otherCompressions = map[uint32]struct{ name, with string }{
	9: {"JBIG", byTiffcp}, 10: {"JBIG", byTiffcp}, 34661: {"JBIG", byTiffcp}, 32766: {"NeXT", byTiffcp}, 32809: {"ThunderScan", byTiffcp},
	32908: {"Pixar", byMagick}, 32909: {"PixarLog", byTiffcp}, 33003: {"JPEG 2000", byGDAL}, 33005: {"JPEG 2000", byGDAL}, 34712: {"JPEG 2000", byGDAL},
	34676: {"SGI LogLuv", byTiffRGBA}, 34677: {"SGI LogLuv", byTiffRGBA}, 34887: {"LERC", byGDAL},
	34892: {"lossy JPEG of camera raw", "darktable-cli FILE new.png"}, 50002: {"JPEG XL", byGDAL}, 52546: {"JPEG XL", byGDAL},
}

// Colour models.
const (
	whiteIsZero  = 0
	blackIsZero  = 1
	modelRGB     = 2
	modelPalette = 3
	modelMask    = 4
	modelCMYK    = 5
	modelYCbCr   = 6
	modelLab     = 8 // CIE L*a*b*, a and b with a sign
	modelICCLab  = 9 // the same, a and b from 128 on
)

// otherModels are those that are not read, as far as they have names.
var otherModels = map[uint32]string{
	modelMask: "a mask of another picture", 10: "ITU L*a*b*", 32803: "the pattern of a camera's sensor (camera raw)", 34892: "camera raw",
	32844: "LogL (" + byTiffRGBA + " converts it)", 32845: "LogLuv (" + byTiffRGBA + " converts it)",
}
