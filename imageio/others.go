package imageio

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"classsr/fault"
)

// other is what is known of a format that people have and that cannot be read: what it is, and what converts it.
type other struct {
	offset     int
	bytes      string
	name, with string
}

const (
	byDarktable = "develop it, for example with darktable-cli, or with dcraw -T"
	byFFmpeg    = "only y4m is, which ffmpeg -i FILE clip.y4m makes of it; or extract a frame with ffmpeg -i FILE -frames:v 1 frame.png"
	byJXL       = "convert it, for example with djxl FILE picture.png"
	byOpenJPEG  = "convert it, for example with opj_decompress -i FILE -o picture.png"
	byMagick    = "convert it, for example with ImageMagick: convert FILE picture.png"
)

// others lists them; the first that fits counts.
var others = []other{
	{4, "ftypmif1", "HEIF of another kind than HEIC and AVIF", "convert it, for example with heif-convert FILE picture.png"},
	{4, "ftypcrx", "camera raw (CR3)", byDarktable},
	{8, "CR\x02", "camera raw (CR2)", byDarktable},
	{0, "FUJIFILMCCD-RAW", "camera raw (RAF)", byDarktable},
	{0, "IIRO", "camera raw (ORF)", byDarktable},
	{0, "IIRS", "camera raw (ORF)", byDarktable},
	{0, "MMOR", "camera raw (ORF)", byDarktable},
	{0, "IIU\x00", "camera raw (RW2)", byDarktable},
	{4, "ftyp", "video", byFFmpeg},
	{0, "\x1aE\xdf\xa3", "video (Matroska)", byFFmpeg},
	{8, "AVI ", "video (AVI)", byFFmpeg},
	{0, "\x00\x00\x01\xba", "video (MPEG)", byFFmpeg},
	{0, "\x00\x00\x01\xb3", "video (MPEG)", byFFmpeg},
	{0, "OggS", "video (Ogg)", byFFmpeg},
	{0, "\xff\x0a", "JPEG XL", byJXL},
	{4, "JXL ", "JPEG XL", byJXL},
	{4, "jP  ", "JPEG 2000", byOpenJPEG},
	{0, "\xff\x4f\xff\x51", "JPEG 2000", byOpenJPEG},
	{0, "8BPS", "Photoshop", byMagick},
	{0, "%PDF", "PDF", "render its pages, for example with pdftoppm -png -r 300 FILE page"},
	{0, "%!PS", "PostScript", "render it, for example with Ghostscript: gs -sDEVICE=png16m -r300 -o page.png FILE"},
	{0, "<svg", "SVG", "it has no pixels to enlarge: render it at any size, for example with rsvg-convert -w 4000 FILE -o picture.png"},
	{0, "\x76\x2f\x31\x01", "OpenEXR", byMagick},
	{0, "#?RADIANCE", "Radiance HDR", byMagick},
	{0, "qoif", "QOI", byMagick},
	{0, "\x00\x00\x01\x00", "icon", byMagick},
	{0, "gimp xcf", "GIMP", byMagick},
	{0, "DDS ", "DDS", byMagick},
}

// rawEndings are those of camera raw files, some of which look like TIFF with a small preview.
var rawEndings = []string{".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".dng", ".raf", ".orf", ".rw2", ".pef", ".srw", ".3fr", ".iiq"}

// RefuseName returns the error about files that are camera raw by the endings of their names, which look like TIFFs inside. It is for files that are stored without their
// names; those that read files by name do it themselves.
func RefuseName(path string) error { return refuseRaw(path) }

// refuseRaw refuses files that are camera raw by their endings.
func refuseRaw(path string) error {
	if ending := strings.ToLower(filepath.Ext(path)); slices.Contains(rawEndings, ending) {
		return (&other{name: "camera raw (" + strings.ToUpper(ending[1:]) + ")", with: byDarktable}).refused()
	}
	return nil
}

// refuseOther refuses data that start like a format that is known and not read.
func refuseOther(data []byte) error {
	for _, o := range others {
		if startsAt(data, o.offset, o.bytes) {
			return o.refused()
		}
	}
	start := bytes.TrimPrefix(data[:min(len(data), 4<<10)], []byte("\xef\xbb\xbf"))
	if start = bytes.TrimLeft(start, " \t\r\n"); (bytes.HasPrefix(start, []byte("<?xml")) || bytes.HasPrefix(start, []byte("<!"))) && bytes.Contains(start, []byte("<svg")) {
		return refuseOther([]byte("<svg"))
	}
	return nil
}

func (o *other) refused() error {
	return fault.New(fault.Unsupported, "%s files are not supported: %s", o.name, o.with)
}
