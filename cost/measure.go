package cost

import (
	"context"
	"image"
	"math/rand/v2"
	"slices"
	"time"

	"classsr/arch"
	"classsr/branch"
	"classsr/engine"
	"classsr/internal/kernel"
	"classsr/picture"
	"classsr/route"
	"classsr/tile"
	"classsr/weights"
)

// Measure measures what costs.json holds for the kernel set in use: how long the networks of the paper take, in nanoseconds, for each
// multiply-accumulate, each launch of an operation and each pixel, from the times of a picture and of two chessboards in it. It takes a
// minute or so, and a quiet machine.
func Measure(ctx context.Context) (set string, costs map[string]Unit, err error) {
	if set, err = kernel.Select(); err != nil {
		return "", nil, err
	}
	specs, err := measuredSpecs()
	if err != nil {
		return set, nil, err
	}
	costs = map[string]Unit{}
	for _, spec := range specs {
		b, err := branch.New(weights.Network{Spec: spec, Params: spec.Init(1)}, 4)
		if err != nil {
			return set, nil, err
		}
		if costs[nameOf(spec)], err = newProbe(b).measure(ctx); err != nil {
			return set, nil, err
		}
	}
	costs[nameOf(arch.PaperClassModule(3))], err = moduleUnit(ctx)
	return set, costs, err
}

// measuredSpecs are the networks that are measured: bicubic interpolation, and those of built-in models with branches, whose rows slide.
func measuredSpecs() ([]arch.Spec, error) {
	specs := []arch.Spec{arch.Interpolation(arch.Spec{Scale: 4})}
	for _, name := range []string{"fsrcnn", "fsrcnn2016", "carn", "srresnet", "span"} {
		a, err := arch.ByName(name)
		if err != nil {
			return nil, err
		}
		for _, width := range a.Widths {
			spec, err := arch.Paper(name, 4, width)
			if err != nil {
				return nil, err
			}
			specs = append(specs, spec)
		}
	}
	return specs, nil
}

// moduleUnit measures the Class-Module of the paper.
func moduleUnit(ctx context.Context) (Unit, error) {
	spec := arch.PaperClassModule(3)
	set, err := branch.NewSet(&weights.Model{ClassModule: &weights.Network{Spec: spec, Params: spec.Init(1)}}, 4)
	if err != nil {
		return Unit{}, err
	}
	in := picture.New(probeSide, probeSide, 3, false, 8)
	grid := route.Grid{Xs: tile.Cuts(probeSide, branch.SubImage), Ys: tile.Cuts(probeSide, branch.SubImage)}
	const times = 9
	var all []float64
	for range times {
		start := time.Now()
		if _, err := set.Classify(ctx, in, grid.Cores(), 1); err != nil {
			return Unit{}, err
		}
		all = append(all, float64(time.Since(start)))
	}
	slices.Sort(all)
	return Unit{MAC: all[times/2] / float64(set.RouteMACs(grid.Size(), len(grid.Cores())))}, nil
}

// probe measures a network.
type probe struct {
	b       *branch.Branch
	in, out *picture.Picture
	arena   engine.Arena
	planes  [3][]float32
}

func newProbe(b *branch.Branch) *probe {
	p := &probe{b: b, in: picture.New(probeSide, probeSide, 3, false, 8)}
	p.out = picture.New(probeSide*b.Spec.Scale, probeSide*b.Spec.Scale, 3, false, 8)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range p.in.Pix8 {
		p.in.Pix8[i] = uint8(r.IntN(256))
	}
	return p
}

// run computes the fields of a mask, or the whole picture, and returns what was done and how many nanoseconds it took.
func (p *probe) run(ctx context.Context, mask engine.Mask) (engine.Work, float64, error) {
	window := image.Pt(probeSide, probeSide)
	core := image.Rectangle{Max: window}
	start := time.Now()
	err := p.b.Plan.Run(ctx, &p.arena, engine.Piece{Window: window, Core: core, Mask: mask},
		func(rows engine.Rows) { p.b.Fill(rows, p.in, image.Point{}) },
		func(rows engine.Rows) {
			if mask == nil {
				p.write(rows, rows.Rectangle)
				return
			}
			for _, r := range fields(mask, p.b.Spec.Scale, rows.Rectangle) {
				p.write(rows, r)
			}
		})
	return p.b.Plan.Work(window, core, mask), float64(time.Since(start)), err
}

// write puts a part of rows of the result into the picture.
func (p *probe) write(rows engine.Rows, r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for c := range p.planes {
			p.planes[c] = rows.Row(c, y)[r.Min.X-rows.Min.X:][:r.Dx()]
		}
		p.out.WritePlanes(p.planes[:], image.Rect(r.Min.X, y, r.Max.X, y+1))
	}
}

// fields is what a mask has of a rectangle of the result.
func fields(mask engine.Mask, scale int, r image.Rectangle) []image.Rectangle {
	var parts []image.Rectangle
	for _, b := range mask {
		for _, s := range b.Spans {
			part := image.Rect(s.Left*scale, b.Top*scale, s.Right*scale, b.Bottom*scale).Intersect(r)
			if !part.Empty() {
				parts = append(parts, part)
			}
		}
	}
	return parts
}

// measure finds the costs that come nearest, in least squares, to the times of three shapes.
func (p *probe) measure(ctx context.Context) (Unit, error) {
	const (
		times      = 9
		longEnough = 2 * time.Second
	)
	var out Unit
	out.Pixel = p.pixel()
	var mm, mc, cc, mt, ct float64
	for _, mask := range []engine.Mask{nil, chessboard(probeField), chessboard(probeField / 2)} {
		var all []float64
		var work engine.Work
		for begin := time.Now(); len(all) < times && (len(all) == 0 || time.Since(begin) < longEnough); {
			w, t, err := p.run(ctx, mask)
			if err != nil {
				return out, err
			}
			work, all = w, append(all, t)
		}
		slices.Sort(all)
		m, c, t := float64(work.MACs), float64(work.Launches), all[len(all)/2]-out.Pixel*float64(work.Pixels)
		mm, mc, cc, mt, ct = mm+m*m, mc+m*c, cc+c*c, mt+m*t, ct+c*t
	}
	switch det := mm*cc - mc*mc; {
	case mm == 0:
		out.Launch = ct / cc
	case det > 0:
		out.MAC, out.Launch = (mt*cc-ct*mc)/det, (ct*mm-mt*mc)/det
	}
	if out.MAC < 0 || out.Launch < 0 { // the shapes tell nothing about one of them
		out.MAC, out.Launch = mt/mm, 0
	}
	return out, nil
}

// pixel is what it takes to read a pixel and to write its results.
func (p *probe) pixel() float64 {
	const times, rows = 9, 8
	scale := p.b.Spec.Scale
	src := make([]float32, rows*probeSide)
	for c := range p.planes {
		p.planes[c] = make([]float32, rows*probeSide*scale*scale)
	}
	var all []float64
	for range times {
		start := time.Now()
		for y := 0; y < probeSide; y += rows {
			for c := range p.planes {
				p.in.ReadPlane(src, c, image.Rect(0, y, probeSide, y+rows))
			}
			p.out.WritePlanes(p.planes[:], image.Rect(0, y*scale, probeSide*scale, (y+rows)*scale))
		}
		all = append(all, float64(time.Since(start)))
	}
	slices.Sort(all)
	return all[times/2] / (probeSide * probeSide)
}
