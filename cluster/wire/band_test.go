package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"slices"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"classsr/fault"
	"classsr/picture"
)

// forms are all kinds of pictures.
func forms() (all []picture.Config) {
	for _, colors := range []int{1, 3} {
		for _, alpha := range []bool{false, true} {
			for _, depth := range []int{8, 16, 32} {
				all = append(all, picture.Config{Width: 5, Height: 7, Colors: colors, Alpha: alpha, Depth: depth})
			}
		}
	}
	return all
}

// random fills a picture by a simple generator, in the way that photographs are: neighbours are alike.
func random(c picture.Config, seed uint32) *picture.Picture {
	p := c.New()
	v := uint32(1000)
	next := func(i int) uint32 {
		seed = seed*1664525 + 1013904223
		if seed>>28 == 0 || i%(c.Width*c.Channels()) == 0 {
			v = seed >> 8 & 0xffff
		}
		v += seed >> 30
		return v
	}
	for i := range p.Pix8 {
		p.Pix8[i] = uint8(next(i))
	}
	for i := range p.Pix16 {
		p.Pix16[i] = uint16(next(i))
	}
	for i := range p.Pix32 {
		p.Pix32[i] = float32(next(i)&0xffff) / 65535
		if n := c.Channels(); !c.Alpha || i%n != n-1 {
			p.Pix32[i] = p.Pix32[i]*8 - 3
		}
	}
	return p
}

func same(a, b *picture.Picture) bool {
	if a.Config() != b.Config() || !slices.Equal(a.Pix8, b.Pix8) || !slices.Equal(a.Pix16, b.Pix16) || len(a.Pix32) != len(b.Pix32) {
		return false
	}
	for i, v := range a.Pix32 {
		if math.Float32bits(v) != math.Float32bits(b.Pix32[i]) {
			return false
		}
	}
	return true
}

func TestBandsArriveAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(forms()).Draw(t, "form")
		c.Width = rapid.OneOf(rapid.IntRange(1, 40), rapid.SampledFrom([]int{1000, 30000, 90000})).Draw(t, "width")
		c.Height = rapid.IntRange(1, 40).Draw(t, "height")
		p := random(c, rapid.Uint32().Draw(t, "seed"))
		if p.Depth == 32 {
			p.Pix32[0] = rapid.SampledFrom([]float32{0, float32(math.Copysign(0, -1)), 1e-42, 1}).Draw(t, "odd")
		}
		var stream []byte
		var tops, sizes []int
		for y := 0; y < c.Height; {
			until := rapid.IntRange(y+1, c.Height).Draw(t, "until")
			stream = AppendBand(stream, p.Band(y, until), rapid.SampledFrom([]byte{Raw, S2}).Draw(t, "coding"))
			tops, sizes = append(tops, y), append(sizes, len(stream))
			y = until
		}
		var r io.Reader = bytes.NewReader(stream)
		if len(stream) < 10000 && rapid.Bool().Draw(t, "slowly") {
			r = iotest.OneByteReader(r)
		}
		again := bytes.NewReader(stream)
		var into *picture.Picture
		if rapid.Bool().Draw(t, "into another") {
			into = random(rapid.SampledFrom(forms()).Draw(t, "its form"), 1)
		}
		for i, y := range tops {
			got, err := ReadBand(r, c, into)
			if err != nil {
				t.Fatal(err)
			}
			got.Check()
			if y+got.Height > c.Height || !same(got, p.Band(y, y+got.Height)) {
				t.Fatalf("band %d: other samples", i)
			}
			size, rows, err := CheckBand(again, c)
			if err != nil || rows != got.Height || int(size) != sizes[i]-slices.Concat([]int{0}, sizes)[i] {
				t.Fatalf("band %d has %d rows and %d bytes, of %d: %v", i, rows, size, sizes[i], err)
			}
			if into != nil && got != into {
				t.Fatal("another picture was given")
			}
			into = got
		}
		if _, err := ReadBand(r, c, into); err != io.EOF { //nolint:errorlint // it is to be this one
			t.Fatalf("at the end: %v", err)
		}
		if _, _, err := CheckBand(again, c); err != io.EOF { //nolint:errorlint // it is to be this one
			t.Fatalf("at the end: %v", err)
		}
	})
}

// Whatever byte of a band changes: it is found, or, where S2 says the same in another way, the samples are the same.
func TestEveryFlippedByteOfABandIsFound(t *testing.T) {
	for _, c := range forms() {
		p := random(c, 3)
		for _, coding := range []byte{Raw, S2} {
			band := AppendBand(nil, p, coding)
			for at := range band {
				for _, bits := range []byte{1, 0x10, 0x80, 0xff} {
					wrong := slices.Clone(band)
					wrong[at] ^= bits
					got, err := ReadBand(bytes.NewReader(wrong), c, nil)
					_, _, checked := CheckBand(bytes.NewReader(wrong), c)
					if (err == nil) != (checked == nil) {
						t.Fatalf("%+v, coding %d, byte %d: %v, but %v", c, coding, at, err, checked)
					}
					payload := coding == S2 && c.Depth != 32 && at >= bandHead
					if err == nil && payload && same(got, p) {
						continue
					}
					if fault.KindOf(err) != fault.Damaged || err == nil {
						t.Fatalf("%+v, coding %d, byte %d: %v", c, coding, at, err)
					}
				}
			}
			for n := 1; n < len(band); n++ {
				if _, err := ReadBand(bytes.NewReader(band[:n]), c, nil); fault.KindOf(err) != fault.Damaged {
					t.Fatalf("%+v, coding %d, %d of %d bytes: %v", c, coding, n, len(band), err)
				}
			}
		}
	}
}

func TestBandsOfOtherPicturesAreRefused(t *testing.T) {
	all := forms()
	for i := range all {
		all[i].Width = 24 / all[i].Channels() / (all[i].Depth / 8) // rows of as many bytes
	}
	for _, of := range all {
		for _, read := range all {
			_, err := ReadBand(bytes.NewReader(AppendBand(nil, random(of, 5), Raw)), read, nil)
			if want := of != read; (fault.KindOf(err) == fault.Damaged) != want {
				t.Errorf("%+v read as %+v: %v", of, read, err)
			}
		}
	}
	c := all[0]
	band := AppendBand(nil, random(c, 5), Raw)
	c.Height--
	if _, err := ReadBand(bytes.NewReader(band), c, nil); fault.KindOf(err) != fault.Damaged {
		t.Errorf("a band that is higher than the picture: %v", err)
	}
}

func TestBandsWithFloatsThatNoPictureHas(t *testing.T) {
	c := picture.Config{Width: 2, Height: 2, Colors: 1, Alpha: true, Depth: 32}
	for i, v := range map[int]float32{0: float32(math.NaN()), 2: float32(math.Inf(1)), 4: float32(math.Inf(-1)), 1: 1.5, 3: -0.5, 7: float32(math.NaN())} {
		p := random(c, 1)
		p.Pix32[i] = v
		band := AppendBand(nil, p, Raw)
		if _, err := ReadBand(bytes.NewReader(band), c, nil); fault.KindOf(err) != fault.Damaged {
			t.Errorf("sample %d is %g: %v", i, v, err)
		}
		if _, _, err := CheckBand(bytes.NewReader(band), c); fault.KindOf(err) != fault.Damaged {
			t.Errorf("sample %d is %g, checked: %v", i, v, err)
		}
	}
}

func TestErrorsOfReadersStay(t *testing.T) {
	c := forms()[0]
	band := AppendBand(nil, random(c, 1), S2)
	cause := errors.New("the network is gone")
	for n := range len(band) {
		r := io.MultiReader(bytes.NewReader(band[:n]), iotest.ErrReader(cause))
		if _, err := ReadBand(r, c, nil); !errors.Is(err, cause) || fault.KindOf(err) == fault.Damaged {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// What machines send each other is read the same on all of them. How S2 makes a block may change with the processor and the library.
func TestABandHasTheseBytes(t *testing.T) {
	const (
		sum = "94e8f36aa119728b81b8031360dda27e61bd8a809e18aed945a0fac153b97959"
		raw = "10000000" + "02000000" + "00000000" + sum + "0201ffff04030080" + "0605ffff08070000"
		s2  = "16000000" + "02000000" + "01000000" + sum + "12000000" + "103c" + "0201ffff04030080" + "0404000004040080"
	)
	p := &picture.Picture{Width: 2, Height: 2, Colors: 1, Alpha: true, Depth: 16, Pix16: []uint16{0x0102, 0xffff, 0x0304, 0x8000, 0x0506, 0xffff, 0x0708, 0}}
	if got := hex.EncodeToString(AppendBand(nil, p, Raw)); got != raw {
		t.Errorf("%s, want %s", got, raw)
	}
	for _, text := range []string{raw, s2} {
		band, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ReadBand(bytes.NewReader(band), p.Config(), nil); err != nil || !same(got, p) {
			t.Errorf("%s became %+v: %v", text, got, err)
		}
	}
}

func TestMostRows(t *testing.T) {
	for _, c := range []struct {
		form picture.Config
		want int
	}{
		{picture.Config{Width: 20000, Height: 15000, Colors: 3, Depth: 8}, MostBand / 60000},
		{picture.Config{Width: 20, Height: 15, Colors: 3, Depth: 8}, 15},
		{picture.Config{Width: MostBand, Height: 15, Colors: 1, Depth: 8}, 1},
		{picture.Config{Width: MostBand, Height: 15, Colors: 1, Depth: 16}, 0},
		{picture.Config{Width: math.MaxInt, Height: math.MaxInt, Colors: 3, Depth: 8}, 0},
		{picture.Config{Width: -1, Height: 15, Colors: 3, Depth: 8}, 0},
		{picture.Config{Width: 1, Height: 0, Colors: 3, Depth: 8}, 0},
		{picture.Config{Width: 1, Height: 1, Colors: 2, Depth: 8}, 0},
		{picture.Config{Width: 1, Height: 1, Colors: 3, Depth: 7}, 0},
	} {
		if got := MostRows(c.form); got != c.want {
			t.Errorf("%+v: %d, want %d", c.form, got, c.want)
		}
		if c.want == 0 {
			if _, err := ReadBand(bytes.NewReader(make([]byte, 100)), c.form, nil); fault.KindOf(err) != fault.TooLarge {
				t.Errorf("%+v: %v", c.form, err)
			}
		}
	}
}

func TestAddAboveUndoesTheFilter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "bytes")
		row, above := rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "row"), rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "above")
		want := slices.Clone(row)
		for i := range want {
			want[i] += above[i]
		}
		addAbove(row, above)
		if !bytes.Equal(row, want) {
			t.Fatalf("%x, want %x", row, want)
		}
	})
}

// A band is either refused, or its samples make the same band again; reading and checking agree.
func FuzzBand(f *testing.F) {
	for i, c := range forms() {
		p := random(c, uint32(i))
		for _, coding := range []byte{Raw, S2} {
			f.Add(AppendBand(nil, p, coding), uint16(c.Width), uint8(c.Colors), c.Alpha, uint8(c.Depth))
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte, width uint16, colors uint8, alpha bool, depth uint8) {
		c := picture.Config{Width: int(width), Height: 1000, Colors: int(colors), Alpha: alpha, Depth: int(depth)}
		got, err := ReadBand(bytes.NewReader(stream), c, nil)
		size, rows, checked := CheckBand(bytes.NewReader(stream), c)
		if (err == nil) != (checked == nil) {
			t.Fatalf("read: %v; checked: %v", err, checked)
		}
		if err != nil {
			if kind := fault.KindOf(err); err != io.EOF && kind != fault.Damaged && kind != fault.TooLarge { //nolint:errorlint // it is to be this one
				t.Error(err)
			}
			return
		}
		got.Check()
		if got.Height != rows || size > int64(len(stream)) {
			t.Errorf("%d rows in %d bytes, of %d rows in %d bytes", rows, size, got.Height, len(stream))
		}
		coding := stream[8]
		band := AppendBand(nil, got, coding)
		if coding == Raw && !bytes.Equal(band, stream[:size]) {
			t.Error("the same rows make another band")
		}
		if other, err := ReadBand(bytes.NewReader(band), c, nil); err != nil || !same(other, got) {
			t.Errorf("the same rows come as others: %v", err)
		}
	})
}
