package imageio

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"classsr/fault"
)

// The beginning of a file tells what all of it does, or nothing; never something else.
func TestPeekIsRightOrSilent(t *testing.T) {
	told := 0
	for _, name := range []string{"png", "jpeg", "tiff", "webp", "pnm", "pam"} {
		file := encoded(t, patterned(37, 29, 3, false, 8), name)
		want, err := DecodeConfig(file)
		if err != nil {
			t.Fatal(err)
		}
		for n := range file {
			c, ok := Peek(file[:n])
			if !ok {
				continue
			}
			told++
			if c.Format != want.Format || c.Config != want.Config {
				t.Fatalf("%s: %d bytes tell %+v, all %+v", name, n, c, want)
			}
		}
		if c, ok := Peek(file); !ok || c.Width != 37 {
			t.Errorf("%s: all of it tells nothing", name)
		}
	}
	if told == 0 {
		t.Error("no beginning tells anything")
	}
}

// A file's headers tell what all of it does, whatever comes after them.
func TestPeekFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, name := range []string{"png", "jpeg", "tiff", "webp", "pnm", "pam"} {
		file := encoded(t, patterned(300, 200, 3, false, 8), name)
		want, err := DecodeConfig(file)
		if err != nil {
			t.Fatal(err)
		}
		if name != "tiff" { // whose headers may be anywhere
			file = file[:len(file)/2]
		}
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := PeekFile(path)
		if err != nil || c.Config != want.Config || c.Format != ReadAs(name) {
			t.Errorf("%s: %+v, %v; all of it tells %+v", name, c, err, want)
		}
	}
	if err := os.WriteFile(path, []byte("<svg"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := PeekFile(path); err == nil || fault.KindOf(err) == fault.Unavailable {
		t.Errorf("it is a picture: %v", err)
	}
	if _, err := PeekFile(path + "no"); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

// A bomb shows in its first bytes.
func TestPeekShowsBombs(t *testing.T) {
	file := encoded(t, patterned(37, 29, 3, false, 8), "png")
	const chunk, sides, end = 12, 16, 29 // of its header
	binary.BigEndian.PutUint32(file[sides:], 60000)
	binary.BigEndian.PutUint32(file[sides+4:], 60000)
	binary.BigEndian.PutUint32(file[end:], crc32.ChecksumIEEE(file[chunk:end]))
	if c, ok := Peek(file[:64]); !ok || c.Width != 60000 || c.DecodeBytes < 60000*60000*3 {
		t.Errorf("it tells %+v, %t", c, ok)
	}
	for _, text := range []string{"", "\x89PNG", "<svg", "%PDF-1.7", "hello"} {
		if c, ok := Peek([]byte(text)); ok {
			t.Errorf("%q tells %+v", text, c)
		}
	}
}

// A file that is refused for its name is refused for it without the file.
func TestRefuseNameIsAsDecodeFile(t *testing.T) {
	folder := t.TempDir()
	for name, raw := range map[string]bool{
		"a.png": false, "a.NEF": true, "a.dng": true, "dng": false, "a.dng.png": false, "": false, ".cr2": true, "a.tif": false,
	} {
		err := RefuseName(name)
		if (err != nil) != raw || raw && fault.KindOf(err) != fault.Unsupported {
			t.Errorf("%q gives %v", name, err)
		}
		if name == "" {
			continue
		}
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, encoded(t, patterned(5, 4, 3, false, 8), "png"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeFile(path, Limits{}); (err != nil) != raw {
			t.Errorf("%q is read: %v", name, err)
		}
	}
}
