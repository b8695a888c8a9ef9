package classsr

import (
	"context"
	"fmt"
	"image"

	"classsr/arch"
	"classsr/engine"
	"classsr/picture"
	"classsr/tensor"
	"classsr/weights"
)

// network is the method of a branch.
type network struct {
	spec arch.Spec
	plan *engine.Plan
}

func newNetwork(n weights.Network, scale int) (*network, error) {
	plan, spec, err := compile(n, scale)
	if err != nil {
		return nil, err
	}
	return &network{spec, plan}, nil
}

const (
	// maxContext bounds the context of deep networks, whose outermost pixels hardly matter. CARN (21) and SRResNet (35) get all
	// they reach, so that their pieces have the bits of the whole picture.
	maxContext = 40
	// cutContextWidth is the width of strips for networks that reach farther than that.
	cutContextWidth = 128
	// Networks that pool average over their piece, so that the size of pieces shows in the result. They get the whole picture up
	// to this number of pixels, as a network is meant to; their memory grows with it (1.5 kB a pixel). Larger pictures are cut into
	// pieces of one size. Neither depends on threads or memory.
	wholePooled    = 1 << 19
	poolingCore    = 160
	poolingContext = 16
)

// smallPicture is the longest side of pictures that are computed whole, layer by layer, which is faster for them than cutting.
const smallPicture = 40

// planFor is the plan that a picture of this size is computed by.
func (n *network) planFor(picture image.Point) *engine.Plan {
	if max(picture.X, picture.Y) <= smallPicture {
		return n.plan.ByLayer()
	}
	return n.plan
}

func (n *network) context() int {
	if n.spec.Pools() {
		return poolingContext
	}
	return min(n.plan.Context(), maxContext)
}

// stripWidths are tried from the largest on: narrow strips cost much arithmetic for their context, wide ones much memory.
var stripWidths = []int{256, 192, 160, 128, 96, 80, 64, 48, 32, narrowest}

// narrowest is the width of strips below which their context costs more than another thread gives.
const narrowest = 16

// sizing cuts the picture into strips as high as it is, since rows slide through the network and cost nothing twice, and as
// many that all threads have the same work. Where memory is short the strips get narrower, and then the threads fewer.
func (n *network) sizing(picture image.Point, threads int, bytes int64) (sizing, error) {
	// Where the cut shows in the result, it must not depend on threads and memory.
	switch {
	case n.spec.Pools() && picture.X*picture.Y <= wholePooled:
		s, err := n.fixedSizing(picture, picture, 1, bytes)
		s.threads = threads
		return s, err
	case n.spec.Pools():
		return n.fixedSizing(picture, image.Pt(poolingCore, poolingCore), threads, bytes)
	case max(picture.X, picture.Y) <= smallPicture:
		return n.fixedSizing(picture, picture, threads, bytes)
	case n.plan.Context() > maxContext:
		return n.fixedSizing(picture, image.Pt(cutContextWidth, picture.Y), threads, bytes)
	}
	return stripSizing(picture, threads, bytes, stripLimits{stripWidths, workerMemory}, n.bytes)
}

// stripLimits bounds strips: widths that are tried, from the largest on, and bytes for each.
type stripLimits struct {
	widths []int
	bytes  int64
}

// stripSizing cuts the picture into strips, which take so many bytes.
func stripSizing(picture image.Point, threads int, bytes int64, limits stripLimits,
	stripBytes func(picture, core image.Point) int64) (sizing, error) {
	var s sizing
	for s.workers = min(threads, parts(picture.X, narrowest)); s.workers > 0; s.workers-- {
		for _, width := range limits.widths {
			strips := parts(parts(picture.X, width), s.workers) * s.workers
			s.core = image.Pt(max(roundUpToEven(parts(picture.X, strips)), min(picture.X, narrowest)), picture.Y)
			s.bytes = stripBytes(picture, s.core)
			if s.bytes <= limits.bytes && s.bytes*int64(s.workers) <= bytes {
				return s, nil
			}
		}
	}
	return sizing{}, tooLittle(s.bytes, bytes)
}

// fixedSizing cuts the picture into cores of this size.
func (n *network) fixedSizing(picture, core image.Point, threads int, bytes int64) (sizing, error) {
	return sizing{core: core, bytes: n.bytes(picture, core)}.within(threads, bytes)
}

// within finds for how many workers there is memory.
func (s sizing) within(threads int, bytes int64) (sizing, error) {
	s.workers = int(min(int64(threads), bytes/max(s.bytes, 1)))
	if s.workers < 1 {
		return s, tooLittle(s.bytes, bytes)
	}
	return s, nil
}

// parts is how many parts of at most size make up length.
func parts(length, size int) int { return (length + size - 1) / size }

// roundUpToEven makes widths such that cores begin at even columns, which they must for the tiles of convolutions.
func roundUpToEven(n int) int { return n + n%2 }

func tooLittle(need, have int64) error {
	return fmt.Errorf("the network needs %s of memory besides the pictures, of %s that are left: allow more",
		formatBytes(need), formatBytes(have))
}

// bytes is what a worker takes for a piece with a core of this size and all its context.
func (n *network) bytes(picture, core image.Point) int64 {
	core = image.Pt(min(core.X, picture.X), min(core.Y, picture.Y))
	context := n.context()
	window := image.Pt(min(core.X+2*context, picture.X), min(core.Y+2*context, picture.Y))
	at := image.Pt(min(context, window.X-core.X), min(context, window.Y-core.Y))
	return n.planFor(picture).Bytes(window, image.Rectangle{Min: at, Max: at.Add(core)})
}

func (n *network) cut(picture image.Point, s sizing, _ *choice) []piece {
	return cover(picture, s.core, n.context())
}

func (n *network) macs(p piece) int64 { return n.plan.MACs(p.Window.Size(), p.Core.Sub(p.Window.Min)) }

func (n *network) patchFLOPs(*choice) float64 {
	return float64(n.spec.Build().Cost(patch).PaperFLOPs())
}

func (n *network) worker() enlarger { return &networkWorker{branches: []*network{n}} }

// networkWorker is a worker's memory for pieces of any of the branches.
type networkWorker struct {
	branches []*network
	arena    engine.Arena
	planes   [3][]float32
}

func (w *networkWorker) enlarge(ctx context.Context, j *job, p *piece, write func([][]float32, image.Rectangle)) error {
	w.arena.Reserve(j.bytes)
	n := w.branches[p.class]
	return w.run(ctx, n, n.planFor(image.Pt(j.in.Width, j.in.Height)), j, p, write)
}

// run computes a piece by a plan of the network.
func (w *networkWorker) run(ctx context.Context, n *network, plan *engine.Plan, j *job, p *piece,
	write func([][]float32, image.Rectangle)) error {
	corner := p.Core.Min.Mul(n.spec.Scale)
	return plan.Run(ctx, &w.arena, engine.Piece{
		Window: p.Window.Size(), Core: p.Core.Sub(p.Window.Min), Threads: j.threads,
		Read: func(dst *tensor.Tensor, y int) { n.read(j.in, dst, p.Window.Min.Add(image.Pt(0, y))) },
		Write: func(src *tensor.Tensor, at image.Point) {
			n.multiply(src.Data, 1/float32(n.spec.InputRange))
			for c := range w.planes {
				w.planes[c] = src.Plane(0, c)
			}
			write(w.planes[:], image.Rect(0, 0, src.W, src.H).Add(corner).Add(at))
		},
	})
}

// read fills a tensor with the pixels of a picture from a corner on, as the network takes them.
func (n *network) read(in *picture.Picture, dst *tensor.Tensor, corner image.Point) {
	readRGB(dst, in, image.Rect(0, 0, dst.W, dst.H).Add(corner))
	n.multiply(dst.Data, float32(n.spec.InputRange))
}

// readRGB fills a tensor of three planes with a rectangle of a picture, in 0..1; of gray pictures all planes are the same.
func readRGB(dst *tensor.Tensor, in *picture.Picture, r image.Rectangle) {
	for c := range dst.C {
		in.ReadPlane(dst.Plane(0, c), min(c, in.Colors-1), r)
	}
}

// multiply brings values of 0..1 into the network's range, or back.
func (n *network) multiply(s []float32, factor float32) {
	if n.spec.InputRange != 1 {
		multiply(s, factor)
	}
}

func multiply(s []float32, factor float32) {
	for i := range s {
		s[i] *= factor
	}
}
