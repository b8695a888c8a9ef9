package imageio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"classsr/fault"
	"classsr/picture"
)

// gathered decodes a file in rows, or tells that it has none.
func gathered(path string) (p *picture.Picture, told Config, err error) {
	o, err := OpenFile(path, Limits{Accept: func(c Config) error { told = c; return nil }})
	if err != nil || told.RowsBytes == 0 {
		if err == nil {
			err = o.Close()
		}
		return nil, told, err
	}
	defer func() { _ = o.Close() }()
	rows, err := o.Rows()
	if err != nil {
		return nil, told, err
	}
	p = rows.Config().New()
	for y := 0; ; {
		band, err := rows.NextRows()
		if errors.Is(err, io.EOF) && y == p.Height {
			return p, told, nil
		}
		if err != nil {
			return nil, told, err
		}
		to := p.Band(y, y+band.Height)
		copy(to.Pix8, band.Pix8)
		copy(to.Pix16, band.Pix16)
		copy(to.Pix32, band.Pix32)
		y += band.Height
	}
}

// checkRows compares the rows of a file with the whole picture, and tells whether it has rows.
func checkRows(t *testing.T, name, path string) bool {
	t.Helper()
	want, wantErr := DecodeFile(path, Limits{})
	got, told, err := gathered(path)
	switch {
	case told.RowsBytes == 0:
		return false
	case wantErr != nil:
		if err == nil || err.Error() != wantErr.Error() {
			t.Errorf("%s: the error is %v, that of the whole %v", name, err, wantErr)
		}
	case err != nil:
		t.Errorf("%s: %v", name, err)
	case got.Config() != want.Config() || !slices.Equal(got.Pix8, want.Pix8) || !slices.Equal(got.Pix16, want.Pix16) || !slices.Equal(got.Pix32, want.Pix32):
		t.Errorf("%s: rows are not those of the whole", name)
	}
	return true
}

// Files of all kinds that come in rows, whole and cut short, and with bytes that were changed.
func TestRowsAreThoseOfTheWhole(t *testing.T) {
	files := map[string][]byte{}
	for _, kind := range []struct {
		colorType byte
		bits      int
	}{{pngGray, 1}, {pngGray, 8}, {pngGray, 16}, {pngRGB, 8}, {pngRGB, 16}, {pngPalette, 4}, {pngGrayAlpha, 8}, {pngRGBA, 16}} {
		f := testPNG{width: 37, height: 43, bits: kind.bits, colorType: kind.colorType, filtered: true,
			sample: func(x, y, c int) int { return (x*y*7 + 31*x + y + c) % (1 << min(kind.bits, 4)) }}
		if kind.colorType == pngPalette {
			f.chunks = []testChunk{{"PLTE", []byte("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv")}}
		}
		files[fmt.Sprintf("png %d of %d bits", kind.colorType, kind.bits)] = f.bytes()
	}
	for _, block := range []image.Point{{}, {Y: 5}, {Y: 16}, {X: 16, Y: 16}, {X: 48, Y: 32}} {
		for _, compression := range []int{tiffNone, tiffDeflate, tiffPackBits} {
			for _, bits := range []int{8, 16} {
				f := testTIFF{size: image.Pt(37, 43), bits: bits, samples: 3, photometric: tiffRGB, order: binary.BigEndian, block: block, compression: compression}
				f.predictor = compression == tiffDeflate
				files[fmt.Sprintf("tiff of %d bits in %v, compression %d", bits, block, compression)] = f.bytes()
			}
		}
	}
	for name, pixels := range map[string]string{"P5 37 43 255\n": "%1591s", "P6 37 43 65535\n": "%9546s", "P4 37 43\n": "%215s", "P5 37 43 7\n": "\x09%1590s"} {
		files[name] = fmt.Appendf(nil, name+pixels, "")
	}
	path := filepath.Join(t.TempDir(), "picture")
	for name, file := range files {
		for i := range 4 {
			data := slices.Clone(file)
			switch i {
			case 1:
				data = data[:len(data)*2/3]
			case 2, 3:
				data[len(data)*i/5] ^= 0x55
			}
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if !checkRows(t, fmt.Sprintf("%s, %d", name, i), path) && i == 0 {
				t.Errorf("%s: there are no rows", name)
			}
		}
	}
}

// All files that tests have, those that were damaged on purpose included.
func TestRowsOfAllTestFiles(t *testing.T) {
	rows, others := 0, 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !Readable(path) {
			return err
		}
		if checkRows(t, path, path) {
			rows++
		} else {
			others++
		}
		return nil
	})
	if err != nil || rows < 20 || others < 20 {
		t.Errorf("%d files come in rows, %d do not; %v", rows, others, err)
	}
}

// What lies on its side, is interlaced or comes in another format is not given in rows.
func TestSomeFilesHaveNoRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "picture")
	for name, file := range map[string][]byte{
		"turned":     testPNG{width: 3, height: 2, bits: 8, sample: func(x, _, _ int) int { return x }, chunks: []testChunk{{"eXIf", []byte(exifBlock(6))}}}.bytes(),
		"interlaced": testPNG{width: 3, height: 2, bits: 8, interlaced: true, sample: func(x, _, _ int) int { return x }}.bytes(),
		"JPEG":       encoded(t, patterned(9, 9, 3, false, 8), "jpeg"),
		"BMP":        flatFiles(image.Pt(9, 9))["bmp 24"],
	} {
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, told, err := gathered(path); told.RowsBytes != 0 || len(file) > 0 && err != nil {
			t.Errorf("%s: rows take %d bytes, %v", name, told.RowsBytes, err)
		}
	}
}

// A PNG that says behind its pixels that it lies on its side has no rows, and is judged again.
func TestRowsOfAPNGThatTurnsOutToLie(t *testing.T) {
	file := testPNG{width: 3, height: 2, bits: 8, sample: func(x, _, _ int) int { return x }}.bytes()
	end := slices.Clone(file[len(file)-12:])
	file = append(appendChunk(file[:len(file)-12], "eXIf", []byte(exifBlock(3))), end...)
	path := filepath.Join(t.TempDir(), "picture")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	var told []bool
	o, err := OpenFile(path, Limits{Accept: func(c Config) error {
		told = append(told, c.RowsBytes > 0)
		return nil
	}})
	if err != nil || !slices.Equal(told, []bool{true, false}) {
		t.Fatalf("%v, told of rows %v", err, told)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}

// What rows take is no more than was said, and far less than the picture.
func TestRowsBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "picture")
	size := image.Pt(1801, 1303)
	files := map[string][]byte{
		"png": flatPNG(size, pngRGB, 16, false), "gray png": flatPNG(size, pngGray, 8, false),
		"pnm": append([]byte("P6 1801 1303 255\n"), make([]byte, 3*size.X*size.Y)...),
	}
	for name, block := range map[string]image.Point{"strip": {}, "strips": {Y: 16}, "tiles": {X: 256, Y: 256}} {
		files[name] = flatTIFF(testTIFF{size: size, bits: 8, samples: 3, photometric: tiffRGB, order: binary.LittleEndian, compression: tiffDeflate, block: block})
	}
	for name, file := range files {
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := OpenFile(path, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		told := configOf(o.f)
		took := peak(func() {
			rows, err := o.Rows()
			for err == nil {
				_, err = rows.NextRows()
			}
			if !errors.Is(err, io.EOF) {
				t.Errorf("%s: %v", name, err)
			}
		})
		if took > told.RowsBytes || told.RowsBytes > told.DecodeBytes/3 {
			t.Errorf("%s: rows take %d bytes, %d were told, and %d of the whole", name, took, told.RowsBytes, told.DecodeBytes)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestRowsOfAFileThatIsClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "closed.pgm")
	if err := os.WriteFile(path, append([]byte("P5 500 500 255\n"), make([]byte, 500*500)...), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := OpenFile(path, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := o.Rows()
	if err == nil {
		err = o.Close()
	}
	for err == nil {
		_, err = rows.NextRows()
	}
	if errors.Is(err, io.EOF) || fault.KindOf(err) == fault.Internal {
		t.Errorf("%v", err)
	}
}
