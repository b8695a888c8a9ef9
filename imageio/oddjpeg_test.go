package imageio

import (
	"bytes"
	"image"
	"strings"
	"testing"

	"classsr/fault"
)

// TestEndlessFill gives up soon on a JPEG that begins with nothing but fill.
func TestEndlessFill(t *testing.T) {
	piped := &endless{start: []byte("\xff\xd8" + strings.Repeat("\xff", 1<<20))}
	if _, err := DecodeReader(piped, Limits{}); fault.KindOf(err) != fault.Damaged || piped.read > 1<<18 {
		t.Errorf("%d bytes were read, error %v", piped.read, err)
	}
}

// TestRestartsInScansOfOneChannel refuses valid files that image/jpeg takes for damaged ones, and says so.
func TestRestartsInScansOfOneChannel(t *testing.T) {
	const every = "\xff\xdd\x00\x04\x00"
	with := func(sampling string, restart string) []byte {
		file := flatJPEG{size: image.Pt(32, 32), sampling: []byte(sampling), progressive: true, scans: 1}.bytes()
		return append([]byte("\xff\xd8"+every+restart), file[2:]...)
	}
	if _, err := Decode(with("\x22\x11\x11", "\x02"), Limits{}); fault.KindOf(err) != fault.Unsupported || !strings.Contains(err.Error(), "jpegtran") {
		t.Errorf("error %v of kind %s", err, fault.KindOf(err))
	}
	mustDecode(t, with("\x22\x11\x11", "\x40")) // never reached
	if _, err := Decode(with("\x11\x11\x11", "\x02"), Limits{}); fault.KindOf(err) == fault.Unsupported {
		t.Errorf("without subsampling: %v", err)
	}
}

// TestInksWithoutAdobe reads CMYK that no segment of Adobe's tells of as if one did.
func TestInksWithoutAdobe(t *testing.T) {
	file := reference(t, "jpeg-cmyk.jpg")
	at := bytes.Index(file, []byte("\xff\xee"))
	without := append(bytes.Clone(file[:at]), file[at+16:]...)
	if got, want := mustDecode(t, without), mustDecode(t, file); !bytes.Equal(got.Pix8, want.Pix8) {
		t.Error("other colours")
	}
}
