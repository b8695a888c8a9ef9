package metadata

import (
	"image"
	"regexp"
	"strconv"
)

// numbers finds the properties of XMP that tell sizes, densities and orientations, as attributes or as elements.
var numbers = regexp.MustCompile(`(tiff:(?:Orientation|ImageWidth|ImageLength|XResolution|YResolution)|exif:Pixel[XY]Dimension)(\s*=\s*["']|\s*>)([0-9]+(?:/[0-9]+)?)(["']|</)`)

// others finds previews, and what tells of further pictures in the file, as gain maps, which are not kept.
var others = regexp.MustCompile(`(?s)<xmp:Thumbnails>.*?</xmp:Thumbnails>|<xap:Thumbnails>.*?</xap:Thumbnails>|<Container:Directory>.*?</Container:Directory>|\s+hdrgm:\w+="[^"]*"`)

// resizedXMP is a packet for an upright picture of the size to, which has x times the pixels along a row and y times those along a column.
func resizedXMP(packet []byte, to image.Point, x, y float64) []byte {
	packet = others.ReplaceAll(packet, nil)
	return numbers.ReplaceAllFunc(packet, func(found []byte) []byte {
		part := numbers.FindSubmatch(found)
		value := string(part[3])
		switch string(part[1]) {
		case "tiff:Orientation":
			value = "1"
		case "tiff:ImageWidth", "exif:PixelXDimension":
			value = strconv.Itoa(to.X)
		case "tiff:ImageLength", "exif:PixelYDimension":
			value = strconv.Itoa(to.Y)
		case "tiff:XResolution":
			value = timesFraction(value, x)
		case "tiff:YResolution":
			value = timesFraction(value, y)
		}
		return []byte(string(part[1]) + string(part[2]) + value + string(part[4]))
	})
}

// timesFraction multiplies a density that is written as a number or a fraction.
func timesFraction(value string, factor float64) string {
	var over, under float64 = 0, 1
	if m := regexp.MustCompile(`^(\d+)(?:/(\d+))?$`).FindStringSubmatch(value); m != nil {
		over, _ = strconv.ParseFloat(m[1], 64)
		if m[2] != "" {
			under, _ = strconv.ParseFloat(m[2], 64)
		}
	}
	d := Density{X: over / under, Y: over / under, Unit: Inch}
	if !d.Says() {
		return value
	}
	return strconv.Itoa(int(d.Times(factor, factor).X*100+0.5)) + "/100"
}
