package infer

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/internal/testref"
	"classsr/picture"
	"classsr/weights"
)

// holes makes the alpha of a picture such that some of its pixels are hardly seen.
func holes(p *picture.Picture) *picture.Picture {
	for i := range p.Width * p.Height {
		if x, y := i%p.Width, i/p.Width; (x/23+y/31)%2 == 0 {
			if p.Depth == 8 {
				p.Pix8[i*4+3] = uint8((x + y) % 14)
			} else {
				p.Pix16[i*4+3] = uint16((x * y) % 3000)
			}
		}
	}
	return p
}

// withFlat makes a part of an 8-bit picture flat in colour, and leaves alpha.
func withFlat(p *picture.Picture) *picture.Picture {
	for y := p.Height / 4; y < p.Height*2/3; y++ {
		for x := range p.Width * 2 / 3 {
			for c := range p.Colors {
				p.Pix8[(y*p.Width+x)*p.Channels()+c] = uint8(77 + c)
			}
		}
	}
	return p
}

// veiled is a picture of which all pixels are seen, where alpha changes within what is flat.
func veiled(p *picture.Picture) *picture.Picture {
	for i := range p.Width * p.Height {
		p.Pix8[i*4+3] = uint8(100 + i%p.Width/9)
	}
	return p
}

// divided enlarges a picture in parts that end at some of the cuts: split decides, and other computes.
func divided(t *testing.T, split, other *Upscaler, in *picture.Picture, ends func(cuts []int) []int) (*picture.Picture, Report) {
	t.Helper()
	ctx := context.Background()
	claim, err := split.ClaimSplit(ctx, in.Config(), in.Height, Beside{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := split.Split(ctx, in, claim)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	return inParts(t, s, other, ends(s.Cuts()))
}

// inParts computes parts of a picture, and puts them together.
func inParts(t *testing.T, s *Split, other *Upscaler, ends []int) (*picture.Picture, Report) {
	t.Helper()
	text, err := json.Marshal(s.Brief())
	if err != nil {
		t.Fatal(err)
	}
	var brief Brief
	if err := json.Unmarshal(text, &brief); err != nil {
		t.Fatal(err)
	}
	parts, err := other.Parts(brief)
	if err != nil {
		t.Fatal(err)
	}
	out, from, macs := s.Out().New(), 0, int64(0)
	for _, until := range ends {
		part, report := onePart(t, s, parts, from, until)
		macs += report.MACs
		to := out.Band(from*other.Scale(), until*other.Scale())
		copy(to.Pix8, part.Pix8)
		copy(to.Pix16, part.Pix16)
		copy(to.Pix32, part.Pix32)
		from = until
	}
	return out, s.Report(macs, 1)
}

// onePart computes a part of a picture.
func onePart(t *testing.T, s *Split, p *Parts, from, until int) (*picture.Picture, Report) {
	t.Helper()
	top, rows, err := s.Seen(context.Background(), from, until)
	if err != nil {
		t.Fatal(err)
	}
	e, err := p.Begin(context.Background(), from, until, top, rows, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	part, err := gather(e)
	if err != nil {
		t.Fatal(err)
	}
	return part, e.Report()
}

// some gives every third of the cuts, from the first one on, and the last.
func some(cuts []int) []int {
	var ends []int
	for i, end := range cuts {
		if i%3 == 1 || i == len(cuts)-1 {
			ends = append(ends, end)
		}
	}
	return ends
}

func sameSamples(a, b *picture.Picture) bool {
	return a.Config() == b.Config() && slices.Equal(a.Pix8, b.Pix8) && slices.Equal(a.Pix16, b.Pix16) && slices.Equal(a.Pix32, b.Pix32)
}

// pictureKinds are pictures of which parts depend on their surroundings in all ways there are.
func pictureKinds() map[string]*picture.Picture {
	floats := branchtest.Patchwork(130, 140, 3, true, 8)
	deep := picture.New(130, 140, 3, true, 32)
	for i, v := range holes(floats).Pix8 {
		deep.Pix32[i] = float32(v) / math.MaxUint8
	}
	return map[string]*picture.Picture{
		"RGB":                  branchtest.Patchwork(300, 330, 3, false, 8),
		"gray":                 branchtest.Patchwork(67, 231, 1, false, 16),
		"hidden colours":       holes(branchtest.Patchwork(260, 190, 3, true, 8)),
		"hidden 16-bit":        holes(branchtest.Patchwork(160, 190, 3, true, 16)),
		"hidden floats":        deep,
		"flat":                 withFlat(branchtest.Patchwork(200, 300, 3, false, 8)),
		"flat, hidden colours": holes(withFlat(branchtest.Patchwork(120, 170, 3, true, 8))),
		"flat under a veil":    veiled(withFlat(branchtest.Patchwork(120, 170, 3, true, 8))),
		"wide":                 branchtest.Patchwork(700, 41, 3, false, 8),
	}
}

// Parts that another Upscaler computes by a brief have the bits of the whole, whatever the network, the picture, the number of threads and the
// place of the cuts are.
func TestPartsAreThoseOfTheWhole(t *testing.T) {
	type way struct {
		net  string // a built-in model if it has a number
		mode Mode
	}
	for _, w := range testref.Few(
		2, way{"fsrcnn", ModeRouted}, way{"rcan", ModeRouted}, way{"fsrcnn", ModeFull}, way{"carn", ModeRouted}, way{"carn", ModeFull}, way{"srresnet", ModeRouted},
		way{"rcan", ModeFull}, way{"span-x4", ModeRouted}, way{"real-x4", ModeFull},
	) {
		m := modelFor(t, w.net)
		o := Options{Mode: w.mode, Threads: 2}
		if w.mode == ModeRouted && w.net != "fsrcnn" && w.net != "carn" {
			o.Budget = 60 // else all is of one class
		}
		up, other := favoured(t, m, o), favoured(t, m, Options{Mode: w.mode, Threads: 1})
		for kind, in := range pictureKinds() {
			if w.net == "rcan" && w.mode == ModeFull { // of others it makes a whole
				if kind != "RGB" {
					continue
				}
				in = branchtest.Patchwork(700, 794, 3, false, 16) // squares are not all of one height
			}
			t.Run(fmt.Sprintf("%s %s %s", w.net, w.mode, kind), func(t *testing.T) {
				want, report := wholeBy(t, up, in)
				if !up.Splits(in.Config()) {
					t.Fatal("it is not to be divided")
				}
				if w.mode == ModeRouted && kind == "RGB" && used(report.Route) < 2 {
					t.Errorf("it has only the classes %+v", report.Classes)
				}
				got, divided := divided(t, up, other, in, some)
				if !sameSamples(got, want) {
					t.Errorf("other bits than the whole, which has %+v", report.Classes)
				}
				if share := float64(divided.MACs) / float64(report.MACs); share < 0.8 || share > 2 {
					t.Errorf("parts take %g times the arithmetic of the whole", share)
				}
				if divided.FullBecause != report.FullBecause || divided.Mode != report.Mode || !slices.Equal(divided.Classes, report.Classes) {
					t.Errorf("reported %+v, of the whole %+v", divided, report)
				}
			})
		}
	}
}

// modelFor makes a small model of a network, or reads a built-in one.
func modelFor(t *testing.T, net string) *weights.Model {
	t.Helper()
	if _, err := os.Stat("../models/" + net + ".safetensors"); err == nil {
		return builtIn(t, net)
	}
	return branchtest.ClassSR(t, net, 2, 3)
}

// favoured makes an Upscaler for which routing is worth while.
func favoured(t *testing.T, m *weights.Model, o Options) *Upscaler {
	t.Helper()
	up := newUpscaler(t, m, o)
	favourRouting(up)
	return up
}

// wholeBy enlarges a picture as a whole.
func wholeBy(t *testing.T, up *Upscaler, in *picture.Picture) (*picture.Picture, Report) {
	t.Helper()
	want, report, err := up.Upscale(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return want, report
}

// Each part that lies between two cuts can be computed alone, by any number of threads, and with so little memory that it is cut across.
func TestEveryCutAlone(t *testing.T) {
	for _, mode := range []Mode{ModeRouted, ModeFull} {
		m := branchtest.ClassSR(t, "fsrcnn", 2, 3)
		in := withFlat(branchtest.Patchwork(150, 260, 3, false, 8))
		up := favoured(t, m, Options{Mode: mode, Threads: 2})
		want, _ := wholeBy(t, up, in)
		for _, o := range []Options{{Threads: 1}, {Threads: 2}, {Threads: 5}} {
			o.Mode = mode
			got, _ := divided(t, up, favoured(t, m, o), in, func(cuts []int) []int { return cuts })
			if !sameSamples(got, want) {
				t.Errorf("%s, %d threads: other bits", mode, o.Threads)
			}
		}
	}
}

// A part that is cut across, since there is little memory, has the same bits.
func TestPartsWithLittleMemory(t *testing.T) {
	type way struct {
		net    string
		mode   Mode
		memory int64
	}
	for _, c := range testref.Few(2, way{"fsrcnn", ModeFull, 1_500_000}, way{"fsrcnn", ModeRouted, 2_000_000}, way{"carn", ModeFull, 2_300_000}) {
		m := branchtest.ClassSR(t, c.net, 2, 3)
		in := branchtest.Patchwork(131, 460, 3, true, 16)
		up := favoured(t, m, Options{Mode: c.mode, Threads: 2})
		want, _ := wholeBy(t, up, in)
		for _, threads := range []int{1, 3} {
			other := favoured(t, m, Options{Mode: c.mode, Threads: threads, Memory: c.memory + in.Config().Bytes()})
			s, from, until := splitAt(t, up, in, 1, -1)
			parts, err := other.Parts(s.Brief())
			if err != nil {
				t.Fatal(err)
			}
			top, rows, err := s.Seen(context.Background(), from, until)
			if err != nil {
				t.Fatal(err)
			}
			e, err := parts.Begin(context.Background(), from, until, top, rows, nil)
			if err != nil {
				t.Errorf("%s %s: %v", c.net, c.mode, err)
				continue
			}
			part, err := gather(e)
			if err != nil {
				t.Fatal(err)
			}
			arrangement := e.job.plan.arrangement()
			if sections, _ := e.job.plan.sections(); len(sections) < 3 {
				t.Errorf("%s %s, %d threads: not cut across: %s", c.net, c.mode, threads, arrangement)
			}
			if !sameSamples(part, want.Band(from*2, until*2)) {
				t.Errorf("%s %s, %d threads (%s): other bits", c.net, c.mode, threads, arrangement)
			}
			if r := e.Report(); r.MACsRepeated <= 0 || r.MACsRepeated > r.MACs/2 {
				t.Errorf("%d multiply-accumulates of %d repeated", r.MACsRepeated, r.MACs)
			}
			_ = e.Close()
			if reserved, _ := other.budget.InUse(); reserved != 0 {
				t.Errorf("%d bytes are taken", reserved)
			}
		}
	}
}

// splitAt splits a picture, and gives the rows between two of its cuts, counted from the end if they are negative.
func splitAt(t *testing.T, up *Upscaler, in *picture.Picture, from, until int) (*Split, int, int) {
	t.Helper()
	claim, err := up.ClaimSplit(context.Background(), in.Config(), in.Height, Beside{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := up.Split(context.Background(), in, claim)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	cuts := s.Cuts()
	at := func(i int) int { return cuts[(i+len(cuts))%len(cuts)] }
	return s, at(from), at(until)
}

// Rows that are read are those that are asked for and not many more: a slab with one row too few is refused, and computing from fewer rows than
// networks reach panics rather than reads others.
func TestSlabsHaveWhatIsRead(t *testing.T) {
	ctx := context.Background()
	type way struct {
		net  string
		mode Mode
	}
	for _, c := range testref.Few(2, way{"fsrcnn", ModeFull}, way{"carn", ModeRouted}, way{"fsrcnn", ModeRouted}, way{"rcan", ModeRouted}) {
		m := branchtest.ClassSR(t, c.net, 2, 3)
		in := branchtest.Patchwork(100, 640, 3, false, 8)
		up := favoured(t, m, Options{Mode: c.mode, Threads: 1})
		s, from, until := splitAt(t, up, in, 1, 2)
		if c.net != "rcan" {
			s, from, until = splitAt(t, up, in, 7, 9)
		}
		parts, err := up.Parts(s.Brief())
		if err != nil {
			t.Fatal(err)
		}
		top, rows, err := s.Seen(ctx, from, until)
		if err != nil {
			t.Fatal(err)
		}
		for _, cut := range [][2]int{{1, 0}, {0, 1}} {
			if _, err := parts.Begin(ctx, from, until, top+cut[0], rows.Band(cut[0], rows.Height-cut[1]), nil); fault.KindOf(err) != fault.Usage {
				t.Errorf("%s %s: %v less: %v", c.net, c.mode, cut, err)
			}
		}
		lowest, highest := readRowsOf(t, parts, s, from, until)
		const spare = 24 // rows that a worker has in hand, and tiles of convolutions
		if above, below := lowest-top, top+rows.Height-highest; above < 0 || below < 0 || above > spare || below > spare {
			t.Errorf("%s %s: rows %d to %d are asked for, and %d to %d read", c.net, c.mode, top, top+rows.Height, lowest, highest)
		}
		if _, err := begunWith(parts, in, from, until, lowest+1, highest); err == nil {
			t.Errorf("%s %s: computed without row %d", c.net, c.mode, lowest)
		}
		if _, err := begunWith(parts, in, from, until, lowest, highest-1); err == nil {
			t.Errorf("%s %s: computed without row %d", c.net, c.mode, highest-1)
		}
		want, _ := onePart(t, s, parts, from, until)
		if got, err := begunWith(parts, in, from, until, lowest, highest); err != nil || !sameSamples(got, want) {
			t.Errorf("%s %s: other bits from rows %d to %d: %v", c.net, c.mode, lowest, highest, err)
		}
	}
}

// readRowsOf finds the fewest rows by which a part can be computed.
func readRowsOf(t *testing.T, p *Parts, s *Split, from, until int) (lowest, highest int) {
	t.Helper()
	in := s.view.source.(*picture.Picture)
	top, end := p.up.reads(p.method.networks(), in.Config(), from, until)
	for lowest = top; ; lowest++ {
		if _, err := begunWith(p, in, from, until, lowest+1, end); err != nil {
			break
		}
	}
	for highest = end; ; highest-- {
		if _, err := begunWith(p, in, from, until, top, highest-1); err != nil {
			break
		}
	}
	return lowest, highest
}

// begunWith computes a part by rows top to end, which may be too few; a panic becomes an error.
func begunWith(p *Parts, in *picture.Picture, from, until, top, end int) (out *picture.Picture, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	claim, err := p.Claim(context.Background(), from, until, Beside{})
	if err != nil {
		return nil, err
	}
	defer claim.Release()
	v, plan, err := p.plan(context.Background(), &slab{whole: in.Config(), rows: in.Band(top, end), top: top}, claim, from, until)
	if err != nil {
		return nil, err
	}
	e, err := p.up.run(context.Background(), claim, v, plan, nil, false, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = e.Close() }()
	return gather(e)
}

// A part takes the memory of its rows, where the whole picture is too large.
func TestPartsTakeLittle(t *testing.T) {
	in := picture.Config{Width: 6000, Height: 9000, Colors: 3, Alpha: true, Depth: 8}
	up := newUpscaler(t, branchtest.ClassSR(t, "fsrcnn", 2, 3), Options{Mode: ModeFull, Memory: 90e6})
	if up.Accepts(in) == nil {
		t.Fatal("there is room for the whole")
	}
	p, err := up.Parts(up.brief(in))
	if err != nil {
		t.Fatal(err)
	}
	from, until := p.cuts[100], p.cuts[120]
	claim, err := p.Claim(context.Background(), from, until, Beside{})
	if err != nil {
		t.Fatal(err)
	}
	defer claim.Release()
	top, end := up.reads(p.method.networks(), in, from, until)
	if rows := int64(end-top) * in.Bytes() / int64(in.Height); claim.bytes(claim.sizing) < rows {
		t.Errorf("%d bytes were claimed, and the rows alone take %d", claim.bytes(claim.sizing), rows)
	}
	if _, err := p.Claim(context.Background(), 0, in.Height, Beside{}); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("all rows: %v", err)
	}
}
