package infer

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/picture"
)

// An Upscaler that is made by a brief's options takes it; others, and briefs that contradict themselves, are refused.
func TestBriefsAreChecked(t *testing.T) {
	m := branchtest.ClassSR(t, "fsrcnn", 2, 3)
	for _, o := range []Options{{}, {Quality: 1}, {Mode: ModeFull}, {Branch: 2}, {Border: BorderZero}} {
		in := branchtest.Patchwork(60, 120, 3, true, 8)
		s, _, _ := splitAt(t, newUpscaler(t, m, o), in, 0, 0)
		brief := s.Brief()
		own := brief.Options()
		own.Threads = 1
		up := newUpscaler(t, m, own)
		if _, err := up.Parts(brief); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
		for what, change := range map[string]func(*Brief){
			"another model":     func(b *Brief) { b.Model = "carn" },
			"another scale":     func(b *Brief) { b.Scale = 4 },
			"another mode":      func(b *Brief) { b.Mode = ModePaper },
			"another branch":    func(b *Brief) { b.Branch = 3 },
			"another border":    func(b *Brief) { b.Border = "" },
			"another router":    func(b *Brief) { b.Router = "none" },
			"a class too few":   func(b *Brief) { b.Classes = b.Classes[:max(len(b.Classes)-1, 0)]; b.Picture.Width += 1000 },
			"a class too many":  func(b *Brief) { b.Classes = append(slices.Clone(b.Classes), 0) },
			"an unknown class":  func(b *Brief) { b.Classes = slices.Repeat([]byte{3}, max(len(b.Classes), 1)) },
			"no width":          func(b *Brief) { b.Picture.Width = 0 },
			"a negative height": func(b *Brief) { b.Picture.Height = -120 },
			"a huge picture":    func(b *Brief) { b.Picture.Width, b.Picture.Height = 1<<40, 1<<40 },
			"two colours":       func(b *Brief) { b.Picture.Colors = 2 },
			"seven bits":        func(b *Brief) { b.Picture.Depth = 7 },
			"nothing to hide":   func(b *Brief) { b.Filled, b.Picture.Alpha = true, false },
			"a small picture": func(b *Brief) {
				b.Picture.Width, b.Picture.Height, b.Classes = 20, 20, b.Classes[:min(len(b.Classes), 1)]
			},
		} {
			other := brief
			change(&other)
			if what == "a class too few" && len(brief.Classes) == 0 {
				continue
			}
			if _, err := up.Parts(other); fault.KindOf(err) != fault.Usage {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
}

// How strongly noise is removed is part of what networks are.
func TestBriefsTellOfDenoising(t *testing.T) {
	strong, half, quarter := branchtest.ClassSR(t, "fsrcnn", 2, 3), 0.5, 0.25
	at := func(strength *float64) *Upscaler {
		m := *strong
		m.Strength = strength
		up, err := newUpscaler(t, &m, Options{}).With(Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		return up
	}
	in := branchtest.Patchwork(60, 120, 3, false, 8)
	s, _, _ := splitAt(t, at(&half), in, 0, 0)
	text, err := json.Marshal(s.Brief())
	if err != nil {
		t.Fatal(err)
	}
	var brief Brief
	if err := json.Unmarshal(text, &brief); err != nil {
		t.Fatal(err)
	}
	if _, err := at(&half).Parts(brief); err != nil {
		t.Error(err)
	}
	for _, other := range []*float64{nil, &quarter} {
		if _, err := at(other).Parts(brief); fault.KindOf(err) != fault.Usage {
			t.Errorf("%v: %v", other, err)
		}
	}
}

// Rows that a part does not begin or end with, and pictures of another form, are refused.
func TestPartsAreChecked(t *testing.T) {
	ctx := context.Background()
	in := branchtest.Patchwork(60, 220, 3, false, 8)
	up := newUpscaler(t, branchtest.ClassSR(t, "fsrcnn", 2, 3), Options{Threads: 1, Memory: 100e6})
	s, from, until := splitAt(t, up, in, 1, 2)
	p, err := up.Parts(s.Brief())
	if err != nil {
		t.Fatal(err)
	}
	for _, rows := range [][2]int{{from + 1, until}, {from, until - 1}, {until, from}, {from, from}, {-1, until}, {0, 221}, {0, 0}} {
		if _, err := p.Claim(ctx, rows[0], rows[1], Beside{}); fault.KindOf(err) != fault.Usage {
			t.Errorf("rows %v: %v", rows, err)
		}
		if _, _, err := s.Seen(ctx, rows[0], rows[1]); fault.KindOf(err) != fault.Internal {
			t.Errorf("seen rows %v: %v", rows, err)
		}
	}
	top, rows, err := s.Seen(ctx, from, until)
	if err != nil {
		t.Fatal(err)
	}
	for what, slab := range map[string]*picture.Picture{
		"wider": picture.New(61, rows.Height, 3, false, 8), "gray": picture.New(60, rows.Height, 1, false, 8),
		"deeper": picture.New(60, rows.Height, 3, false, 16), "transparent": picture.New(60, rows.Height, 3, true, 8),
	} {
		if _, err := p.Begin(ctx, from, until, top, slab, nil); fault.KindOf(err) != fault.Usage {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, top := range []int{-1, top + 1, 220 - rows.Height + 1} {
		if _, err := p.Begin(ctx, from, until, top, rows, nil); fault.KindOf(err) != fault.Usage {
			t.Errorf("from row %d on: %v", top, err)
		}
	}
	_ = s.Close()
	if reserved, _ := up.budget.InUse(); reserved != 0 {
		t.Errorf("%d bytes are taken", reserved)
	}
}

// Whatever a brief says, it is refused, or some rows of its picture can be computed; nothing panics.
func FuzzBrief(f *testing.F) {
	m := branchtest.ClassSR(f, "fsrcnn", 2, 3)
	var ups []*Upscaler
	for _, o := range []Options{{}, {Mode: ModeFull}, {Branch: 1, Border: BorderZero}} {
		o.Scale, o.Threads, o.Memory = 2, 1, 8e6
		up, err := New(m, m.Name, o)
		if err != nil {
			f.Fatal(err)
		}
		ups = append(ups, up)
		for _, size := range [][2]int{{60, 120}, {50, 41}, {1 << 24, 1 << 24}, {45, 1 << 20}, {40, 40}} {
			b := up.brief(picture.Config{Width: size[0], Height: size[1], Colors: 3, Depth: 8, Alpha: true})
			if up.mode == ModeRouted && size[1] < 200 {
				b.Classes = slices.Repeat([]byte{0, 1, 2}, parts(size[0], 32)*parts(size[1], 32)/3+1)[:parts(size[0], 32)*parts(size[1], 32)]
			}
			text, err := json.Marshal(b)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var b Brief
		if json.Unmarshal(text, &b) != nil {
			return
		}
		for _, up := range ups {
			p, err := up.Parts(b)
			if err != nil {
				if fault.KindOf(err) != fault.Usage {
					t.Errorf("%v is of kind %s", err, fault.KindOf(err))
				}
				continue
			}
			until := p.cuts[0]
			claim, err := p.Claim(t.Context(), 0, until, Beside{})
			if err != nil {
				if fault.KindOf(err) != fault.TooLarge {
					t.Errorf("%v is of kind %s", err, fault.KindOf(err))
				}
				continue
			}
			c := b.Picture
			_, c.Height = up.reads(p.method.networks(), c, 0, until)
			e, err := p.Begin(t.Context(), 0, until, 0, c.New(), claim)
			if err != nil {
				t.Fatal(err)
			}
			if e.Config().Height != until*2 || e.Config().Width != c.Width*2 {
				t.Errorf("%d rows make a result of %+v", until, e.Config())
			}
			if len(b.Classes) < 16 {
				if _, err := gather(e); err != nil {
					t.Error(err)
				}
			}
			_ = e.Close()
		}
	})
}
