package pipeline

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"classsr/branch/branchtest"
	"classsr/imageio"
	"classsr/metadata"
)

// Colours that were converted are called sRGB wherever the result speaks of them; what cannot be converted keeps its name.
func TestConvertedColoursAreCalledSRGB(t *testing.T) {
	profile, err := os.ReadFile("../icc/testdata/compatibleWithAdobeRGB1998.icc")
	if err != nil {
		t.Fatal(err)
	}
	inFolder(t)
	// A directory with the place of EXIF's, and there a colour space and the place of an index of interoperability.
	exif := "II*\x00\x08\x00\x00\x00" + "\x01\x00" + "\x69\x87\x04\x00\x01\x00\x00\x00\x1a\x00\x00\x00" + "\x00\x00\x00\x00" +
		"\x02\x00" + "\x01\xa0\x03\x00\x01\x00\x00\x00\xff\xff\x00\x00" + "\x05\xa0\x04\x00\x01\x00\x00\x00\x38\x00\x00\x00" + "\x00\x00\x00\x00" +
		"\x01\x00" + "\x01\x00\x02\x00\x04\x00\x00\x00R03\x00" + "\x00\x00\x00\x00"
	for name, icc := range map[string][]byte{"profile.png": profile, "camera.png": nil} {
		var b bytes.Buffer
		m := &metadata.Data{EXIF: []byte(exif), Color: metadata.Color{ICC: icc}}
		if err := imageio.Encode(&b, branchtest.Patchwork(9, 7, 3, false, 8), imageio.PNG, imageio.EncodeOptions{Metadata: m}); err != nil {
			t.Fatal(err)
		}
		file(t, name, b.Bytes())
		_, l := enlarge(t, Request{Args: []string{name}, Output: "out_" + name}, func(p *Pipeline) { p.ICC = ToSRGB })
		d, err := imageio.DecodeFile("out_"+name, imageio.Limits{})
		if err != nil || d.Metadata.Color.ICC != nil {
			t.Fatal(err, l.errors)
		}
		noted := strings.Contains(strings.Join(l.results[0].Notes, ""), "Adobe RGB in EXIF")
		if adobe := metadata.AdobeRGB(d.Metadata.EXIF); adobe != (icc == nil) || noted != adobe || !bytes.Contains(d.Metadata.EXIF, []byte("R98")) == !adobe {
			t.Errorf("%s: EXIF %q, noted %v", name, d.Metadata.EXIF, noted)
		}
	}
}
