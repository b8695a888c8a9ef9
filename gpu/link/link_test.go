package link

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"classsr/arch"
	"classsr/engine"
	"classsr/weights"
)

func TestMessagesAreBounded(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, Request{ID: 7, List: true}); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	var r Request
	if err := Read(bytes.NewReader(whole), MaxRequest, &r); err != nil || r.ID != 7 || !r.List {
		t.Errorf("%+v, %v", r, err)
	}
	if err := Read(bytes.NewReader(whole), 10, &r); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("too long: %v", err)
	}
	for n := range len(whole) {
		err := Read(bytes.NewReader(whole[:n]), MaxRequest, &r)
		if err == nil || (n == 0) != errors.Is(err, io.EOF) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestErrorsKeepTheirMeaning(t *testing.T) {
	for _, want := range codes {
		f := Failed(want)
		text, _ := json.Marshal(f)
		var other Failure
		if err := json.Unmarshal(text, &other); err != nil || !errors.Is(other.Err(), want) {
			t.Errorf("%v became %v (%v)", want, other.Err(), err)
		}
	}
	if err := (&Failure{Code: "new", Text: strings.Repeat("x", 10000)}).Err(); !errors.Is(err, ErrLost) || len(err.Error()) > 1000 {
		t.Error("an unknown code is not a lost device, or its text is not cut")
	}
}

// band is one that is right for two networks of scale 4 with three channels.
func band() Band {
	return Band{
		Parts: []Part{
			{Network: 0, Window: [2]int{64, 48}, Core: Rectangle{0, 8, 64, 16}, Reads: Rectangle{0, 4, 64, 20}},
			{Network: 1, Window: [2]int{64, 48}, Core: Rectangle{0, 8, 64, 16}, Reads: Rectangle{0, 0, 64, 30}, Offset: 12 * 64 * 16},
		},
		Blend:  &Blend{Xs: []int{0, 32, 64}, Ys: []int{0, 24, 48}, Classes: []byte{0, 1, 1, 0}, Scale: 4, Width: 2},
		Result: Rectangle{0, 32, 256, 64}, Format: Uint8, Offset: 12 * 64 * (16 + 30),
	}
}

func TestBandsAreChecked(t *testing.T) {
	size := int64(12*64*(16+30) + 3*256*32)
	b := band()
	if err := b.Check(2, 3, 4, size); err != nil {
		t.Fatal(err)
	}
	if err := b.Check(2, 3, 4, size-1); !errors.Is(err, ErrRefused) {
		t.Error("the result lies outside of the region")
	}
	for name, spoil := range map[string]func(b *Band){
		"no parts":         func(b *Band) { b.Parts = nil },
		"format":           func(b *Band) { b.Format = "text" },
		"network":          func(b *Band) { b.Parts[1].Network = 2 },
		"network twice":    func(b *Band) { b.Parts[1].Network = 0 },
		"no blend":         func(b *Band) { b.Blend = nil },
		"core outside":     func(b *Band) { b.Parts[0].Core[2], b.Parts[0].Core[0] = 65, 1 },
		"core upside down": func(b *Band) { b.Parts[0].Core = Rectangle{64, 16, 0, 8} },
		"other core":       func(b *Band) { b.Parts[0].Core[3]-- },
		"reads outside":    func(b *Band) { b.Parts[0].Reads[1] = -1 },
		"offset":           func(b *Band) { b.Parts[0].Offset = -4 },
		"odd offset":       func(b *Band) { b.Parts[0].Offset = 2 },
		"large offset":     func(b *Band) { b.Parts[0].Offset = 1 << 62 },
		"large window":     func(b *Band) { b.Parts[0].Window[0] = 1 << 40 },
		"class":            func(b *Band) { b.Blend.Classes[1] = 2 },
		"classes":          func(b *Band) { b.Blend.Classes = b.Blend.Classes[:3] },
		"grid":             func(b *Band) { b.Blend.Xs = nil },
		"falling grid":     func(b *Band) { b.Blend.Xs[1] = 0 },
		"wide border":      func(b *Band) { b.Blend.Width = 20 },
		"scale":            func(b *Band) { b.Blend.Scale = 2 },
		"result":           func(b *Band) { b.Result[1], b.Result[3] = 32+192, 64+192 },
	} {
		b := band()
		spoil(&b)
		if err := b.Check(2, 3, 4, size); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Several bands are checked one by one, and none of them may be blended or masked.
func TestBandsTogetherAreChecked(t *testing.T) {
	square := Band{
		Parts:  []Part{{Network: 1, Window: [2]int{64, 48}, Core: Rectangle{0, 8, 64, 16}, Reads: Rectangle{0, 4, 64, 20}}},
		Result: Rectangle{0, 32, 256, 64}, Format: Uint8, Offset: 12 * 64 * 16,
	}
	masked, outside := square, square
	masked.Parts = []Part{square.Parts[0]}
	masked.Parts[0].Mask = engine.Mask{{Top: 8, Bottom: 16, Spans: []engine.Span{{Left: 0, Right: 9}}}}
	outside.Offset = 1 << 20
	for name, c := range map[string]struct {
		bands []Band
		right bool
	}{
		"one":           {[]Band{square}, true},
		"two":           {[]Band{square, square}, true},
		"a blended one": {[]Band{band()}, true},
		"a masked one":  {[]Band{masked}, true},
		"none":          {nil, false},
		"too many":      {slices.Repeat([]Band{square}, MostTogether+1), false},
		"blended":       {[]Band{square, band()}, false},
		"masked":        {[]Band{masked, square}, false},
		"outside":       {[]Band{square, outside}, false},
	} {
		b := Bands{Bands: c.bands}
		if err := b.Check(2, 3, 4, 1<<20); (err == nil) != c.right || err != nil && !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRegionsAreShared(t *testing.T) {
	ours, err := NewRegion(10000)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := OpenRegion(ours.Path, 10000)
	if err != nil {
		t.Fatal(err)
	}
	ours.Bytes[9999] = 7
	if theirs.Bytes[9999] != 7 {
		t.Error("what one writes the other does not read")
	}
	if err := errors.Join(theirs.Close(), ours.Close()); err != nil {
		t.Error(err)
	}
	if _, err := OpenRegion(ours.Path, 10000); !errors.Is(err, ErrRefused) {
		t.Errorf("a region that is gone: %v", err)
	}
}

func TestRegionThatSomebodyMakesShorter(t *testing.T) {
	file, path, _, err := newTemporary(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Remove(path) }()
	r, err := mapFile(file, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if err := os.Truncate(path, 4096); err != nil {
		t.Skip(err) // Windows keeps mapped files as they are
	}
	if _, err := OpenRegion(path, 1<<20); !errors.Is(err, ErrRefused) {
		t.Errorf("a file that is too short: %v", err)
	}
	own := make([]byte, 1<<20)
	if err := r.Guard(func() error { copy(own, r.Bytes); return nil }); !errors.Is(err, ErrLost) {
		t.Errorf("read beyond the end: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("other panics are not passed on")
		}
	}()
	_ = r.Guard(func() error { panic("another") })
}

func TestParametersKeepTheirBits(t *testing.T) {
	spec, err := arch.Paper("carn", 4, 8)
	if err != nil {
		t.Fatal(err)
	}
	n := weights.Network{Spec: spec, Params: spec.Init(3)}
	memory := make([]byte, ParamsBytes(spec)+8)
	WriteParams(memory[8:], n)
	sent := Network{Spec: spec, Offset: 8}
	got, err := sent.Params(memory)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range n.Params {
		if have := got.Params[name]; !bytesEqual(have.Data, want.Data) {
			t.Errorf("%s differs", name)
		}
	}
	for _, wrong := range []Network{{Spec: spec, Offset: 12}, {Spec: arch.Spec{Net: "none"}}, {Spec: arch.PaperClassModule(3)}} {
		if _, err := wrong.Params(memory); !errors.Is(err, ErrRefused) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}

func bytesEqual(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func FuzzBandCheck(f *testing.F) {
	b := band()
	text, err := json.Marshal(b)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		var b Band
		if json.Unmarshal(text, &b) != nil || b.Check(2, 3, 4, 1<<20) != nil {
			return
		}
		// What has passed can be computed without a panic of the blend.
		if r := b.Blend.Route(); r != nil {
			result := b.Result.Image()
			for y := result.Min.Y; y < result.Max.Y; y++ {
				for class := range 2 {
					for _, s := range r.Segments(nil, r.RowAt(y), class, result.Min.X, result.Max.X) {
						if !image.Rect(s.Left, y, s.Right, y+1).In(result) {
							t.Fatalf("a segment %+v of %v", s, result)
						}
					}
				}
			}
		}
	})
}
