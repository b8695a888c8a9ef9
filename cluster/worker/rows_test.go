package worker

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/infer"
	"classsr/picture"
)

// divided is a picture about which everything is decided.
type divided struct {
	*infer.Split
	t     *testing.T
	scale int
	whole *picture.Picture // its enlargement
	macs  int64            // that it took
}

// divide decides about a picture.
func divide(t *testing.T, model string, denoise *float64, in *picture.Picture) *divided {
	t.Helper()
	m, err := classsr.Open(model)
	if err == nil && denoise != nil {
		m, err = m.Denoised(*denoise)
	}
	if err != nil {
		t.Fatal(err)
	}
	return divideBy(t, m, in)
}

// divideBy decides about a picture for a model.
func divideBy(t *testing.T, m *classsr.Model, in *picture.Picture) *divided {
	t.Helper()
	up, err := m.Upscaler(classsr.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	whole, report, err := up.Upscale(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	claim, err := up.ClaimSplit(t.Context(), in.Config(), in.Height, infer.Beside{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := up.Split(t.Context(), in, claim)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return &divided{Split: s, t: t, scale: up.Scale(), whole: whole, macs: report.MACs}
}

// input is the files of a unit of some of its rows.
func (d *divided) input(from, until int) []content {
	d.t.Helper()
	top, rows, err := d.Seen(d.t.Context(), from, until)
	if err != nil {
		d.t.Fatal(err)
	}
	brief, err := json.Marshal(d.Brief())
	if err != nil {
		d.t.Fatal(err)
	}
	var samples []byte
	for y := 0; y < rows.Height; y += 50 {
		samples = wire.AppendBand(samples, rows.Band(y, min(y+50, rows.Height)), wire.S2)
	}
	return []content{
		{wire.File{Task: "p", Role: wire.Brief}, brief},
		{wire.File{Task: "p", Role: wire.Samples, From: from, Until: until, Top: top}, samples},
	}
}

// read reads bands of the result.
func (d *divided) read(result []byte) (rows []*picture.Picture, err error) {
	r := bytes.NewReader(result)
	for {
		band, err := wire.ReadBand(r, d.Out(), nil)
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, band)
	}
}

// check sees that bands have the bits of the whole picture from a row on, and gives how many rows of the small picture they are.
func (d *divided) check(name string, result []byte, from int) int {
	d.t.Helper()
	bands, err := d.read(result)
	if err != nil {
		d.t.Errorf("%s: %v", name, err)
	}
	y := from * d.scale
	for _, band := range bands {
		want := d.whole.Band(y, y+band.Height)
		if !slices.Equal(band.Pix8, want.Pix8) || !slices.Equal(band.Pix16, want.Pix16) {
			d.t.Errorf("%s: other bits in the band at %d", name, y)
		}
		y += band.Height
		if band.Height%d.scale != 0 {
			d.t.Errorf("%s: a band of %d rows, which are no rows of the small picture", name, band.Height)
		}
	}
	if y%d.scale != 0 {
		d.t.Errorf("%s: it ends within a row", name)
	}
	return y/d.scale - from
}

func TestRowsHaveTheBitsOfTheWhole(t *testing.T) {
	half := 0.5
	for name, c := range map[string]struct {
		model   string
		denoise *float64
		in      *picture.Picture
	}{
		"routed":       {"fsrcnn-x2", nil, branchtest.Patchwork(120, 400, 3, false, 8)},
		"alpha":        {"fsrcnn-x3", nil, branchtest.Patchwork(90, 200, 3, true, 16)},
		"single":       {"carn-m-x2", nil, branchtest.Patchwork(64, 130, 1, false, 16)},
		"less denoise": {"real-x4", &half, branchtest.Patchwork(40, 100, 3, false, 8)},
	} {
		t.Run(name, func(t *testing.T) {
			p := divide(t, c.model, c.denoise, c.in)
			d := newDesk(t)
			d.start(d.options())
			cuts := p.Cuts()
			from, middle, height := 0, cuts[len(cuts)/2], cuts[len(cuts)-1]
			for i, until := range []int{middle, height} {
				unit := []string{"upper", "lower"}[i]
				d.give(unit, wire.Rows, d.pack(unit, p.input(from, until)...))
				from = until
			}
			upper, lower := d.over("upper"), d.over("lower")
			if upper.last == nil || lower.last == nil {
				t.Fatal(upper.failed, lower.failed)
			}
			if n := p.check("upper", upper.result, 0) + p.check("lower", lower.result, middle); n != height {
				t.Errorf("%d rows of %d came", n, height)
			}
			if macs := upper.last.MACs + lower.last.MACs; macs < p.macs*9/10 || upper.last.Seconds <= 0 {
				t.Errorf("%d multiply-accumulates, %d as a whole; %+v", macs, p.macs, upper.last)
			}
			if c.in.Height*p.scale > 400 && upper.puts < 4 {
				t.Errorf("%d rows came in %d pieces", middle*p.scale, upper.puts)
			}
		})
	}
}

// A unit ends earlier when that is said, by a message or in an answer.
func TestUnitsOfRowsAreShortened(t *testing.T) {
	p := divide(t, "fsrcnn-x2", nil, branchtest.Patchwork(120, 600, 3, false, 8))
	cuts := p.Cuts()
	height, until := cuts[len(cuts)-1], cuts[len(cuts)/2]
	for _, how := range []string{"message", "answer", "late"} {
		t.Run(how, func(t *testing.T) {
			d := newDesk(t)
			at := d.newBlocker()
			d.hook = func(what, _ string, _ wire.Query) error {
				if what == "append" {
					at.here()
				}
				return nil
			}
			d.start(d.options())
			d.give("u1", wire.Rows, d.pack("u1", p.input(0, height)...))
			<-at.reached
			want := until
			switch how {
			case "message":
				if err := d.memory.Tell(me, wire.Tell{Until: map[string]int{"u1": until, "other": 1}}); err != nil {
					t.Error(err)
				}
			case "answer":
				d.mu.Lock()
				d.units["u1"].until = until
				d.mu.Unlock()
			case "late": // more than that was computed already
				want = -1
				if err := d.memory.Tell(me, wire.Tell{Until: map[string]int{"u1": 1}}); err != nil {
					t.Error(err)
				}
			}
			at.free()
			got := d.over("u1")
			n := p.check(how, got.result, 0)
			if want >= 0 && n != want || n < 1 || n > until || got.last == nil || got.last.MACs == 0 {
				t.Errorf("%d rows came, of %d; %+v", n, height, got.last)
			}
		})
	}
}

func TestCorruptRowsAreFoundOut(t *testing.T) {
	p := divide(t, "fsrcnn-x2", nil, branchtest.Patchwork(64, 100, 3, false, 8))
	d := newDesk(t)
	o := d.options()
	o.Corrupt = func(b []byte) { b[len(b)-1] ^= 1 }
	d.start(o)
	d.give("u1", wire.Rows, d.pack("u1", p.input(0, 100)...))
	if _, err := p.read(d.over("u1").result); fault.KindOf(err) != fault.Damaged {
		t.Error(err)
	}
}

// What cannot be computed fails as a whole, and nothing stays.
func TestRowsThatCannotBeComputed(t *testing.T) {
	p := divide(t, "fsrcnn-x2", nil, branchtest.Patchwork(64, 100, 3, false, 8))
	changed := func(change func(b *infer.Brief, samples *content)) []content {
		files := p.input(0, 100)
		b := p.Brief()
		change(&b, &files[1])
		text, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		files[0].data = text
		return files
	}
	d := newDesk(t)
	d.start(d.options())
	for name, files := range map[string][]content{
		"no-such-model": changed(func(b *infer.Brief, _ *content) { b.Model = "none" }),
		"other-classes": changed(func(b *infer.Brief, _ *content) { b.Classes = nil }),
		"other-rows":    changed(func(_ *infer.Brief, c *content) { c.Until = 99 }),
		"no-rows":       changed(func(_ *infer.Brief, c *content) { c.data = nil }),
		"half-a-band":   changed(func(_ *infer.Brief, c *content) { c.data = c.data[:len(c.data)-10] }),
		"too-few-rows":  changed(func(_ *infer.Brief, c *content) { c.data = c.data[:len(c.data)/3] }),
		"below":         changed(func(_ *infer.Brief, c *content) { c.From, c.Until, c.Top = 2000, 2001, 2000 }),
		"too-large": changed(func(b *infer.Brief, c *content) {
			b.Picture.Width, b.Picture.Height, b.Classes = 1<<15, 1<<15, make([]byte, 1<<20)
			c.Until = 1 << 15
		}),
	} {
		d.give(name, wire.Rows, d.pack(name, files...))
		if got := d.over(name); got.failed == nil || !got.failed.Elsewhere || len(got.result) > 0 {
			t.Errorf("%s: %+v %+v", name, got.failed, got.last)
		} else if name == "too-large" && got.failed.Kind != fault.TooLarge {
			t.Errorf("%s: %+v", name, got.failed)
		}
	}
	d.has()
}
