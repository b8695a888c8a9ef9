package metadata

import (
	"image"
	"testing"
)

func TestResizedXMP(t *testing.T) {
	const packet = `<rdf:Description tiff:Orientation="6" tiff:ImageWidth = '400' exif:PixelXDimension="400" tiff:XResolution="3000/10" dc:title="tiff:Orientation" hdrgm:Version="1.0">
 <Container:Directory><rdf:Seq/></Container:Directory><tiff:ImageLength>300</tiff:ImageLength><exif:PixelYDimension>300</exif:PixelYDimension><tiff:YResolution>72/1</tiff:YResolution>
 <xmp:Thumbnails><rdf:Alt>/9j/</rdf:Alt></xmp:Thumbnails><tiff:BitsPerSample>8</tiff:BitsPerSample></rdf:Description>`
	const want = `<rdf:Description tiff:Orientation="1" tiff:ImageWidth = '1200' exif:PixelXDimension="1200" tiff:XResolution="120000/100" dc:title="tiff:Orientation">
 <tiff:ImageLength>1600</tiff:ImageLength><exif:PixelYDimension>1600</exif:PixelYDimension><tiff:YResolution>72/1</tiff:YResolution>
 <tiff:BitsPerSample>8</tiff:BitsPerSample></rdf:Description>`
	if got := string((&Data{XMP: []byte(packet)}).Of(image.Pt(300, 400), image.Pt(1200, 1600)).XMP); got != want {
		t.Errorf("got %s", got)
	}
}

func TestDensity(t *testing.T) {
	for _, test := range []struct{ in, want Density }{
		{Density{}, Density{}},
		{Density{300, 300, Inch}, Density{1200, 1200, Inch}},
		{Density{72, 72, Inch}, Density{72, 72, Inch}},
		{Density{28.35, 28.35, Centimetre}, Density{28.35, 28.35, Centimetre}},
		{Density{118, 118, Centimetre}, Density{472, 472, Centimetre}},
		{Density{1, 1, Unknown}, Density{1, 1, Unknown}},
		{Density{1, 2, Unknown}, Density{4, 8, Unknown}},
	} {
		if got := test.in.Times(4, 4); got != test.want {
			t.Errorf("%v becomes %v, want %v", test.in, got, test.want)
		}
	}
	for dpi := 1.; dpi < 5000; dpi++ {
		x, y := (Density{dpi, dpi, Inch}).PerMetre()
		if got := FromMetre(float64(int(x+0.5)), float64(int(y+0.5))); got != (Density{dpi, dpi, Inch}) {
			t.Fatalf("%v dots an inch come back as %v", dpi, got)
		}
	}
}
