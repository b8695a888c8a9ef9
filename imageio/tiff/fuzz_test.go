package tiff

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"classsr/fault"
	"classsr/imageio/codec"
)

// sound reads a file that may be damaged: it gives a picture of the form that was declared, or an error in one line of a kind that files have.
func sound(t *testing.T, data []byte, o codec.Options) {
	t.Helper()
	f, err := codec.Open(codec.MemorySource(data), &Format, o)
	if err == nil && int64(f.Width)*int64(f.Height) > 1<<18 {
		return
	}
	if err == nil {
		if most, _ := f.Memory(); most > 1<<28 {
			return
		}
		err = f.Finish()
	}
	if err == nil {
		declared := f.Upright()
		p, err2 := f.Pixels()
		if err = err2; err == nil {
			if p.Check(); p.Config() != declared {
				t.Errorf("%+v, declared %+v", p.Config(), declared)
			}
			return
		}
	}
	kinds := []fault.Kind{fault.Damaged, fault.Unsupported, fault.TooLarge, fault.Usage}
	if strings.ContainsAny(err.Error(), "\n\r") || !slices.Contains(kinds, fault.KindOf(err)) {
		t.Errorf("error %q of kind %s", err, fault.KindOf(err))
	}
}

// samples are all files of testdata.
func samples(t testing.TB) map[string][]byte {
	names, err := filepath.Glob(filepath.Join("testdata", "*.tif"))
	if err != nil || len(names) < 60 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		files[filepath.Base(name)] = mustRead(t, name)
	}
	return files
}

func TestDamagedFiles(t *testing.T) {
	for name, file := range samples(t) {
		for n := 0; n < len(file); n += 2 + n/20 {
			sound(t, file[:n], codec.Options{})
			damaged := slices.Clone(file)
			damaged[n] ^= 1 << (n % 8)
			sound(t, damaged, codec.Options{})
		}
		for n := len(file) - 1; n > 8 && n > len(file)-300; n -= 5 { // directories are at the end of many
			damaged := slices.Clone(file)
			damaged[n] ^= 1 << (n % 8)
			sound(t, damaged, codec.Options{Page: n % 3, Band: n / 3 % 3})
		}
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, file := range samples(f) {
		f.Add(file, 0)
	}
	f.Fuzz(func(t *testing.T, data []byte, page int) {
		sound(t, data, codec.Options{Page: page % 4, Band: page / 4 % 3})
	})
}
