package classsr

import (
	"context"
	"fmt"
	"image"

	"classsr/arch"
	"classsr/engine"
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
	// Networks that pool see nothing beyond their piece, so that the size of pieces shows in the result. They get pieces of one
	// size, whatever the memory and number of threads.
	poolingCore    = 64
	poolingContext = 16
)

func (n *network) context() int {
	if n.spec.Pools() {
		return poolingContext
	}
	return min(n.plan.Context(), maxContext)
}

// coreSizes are tried from the largest on: small ones cost much arithmetic for their context, large ones much memory.
var coreSizes = []int{256, 192, 160, 128, 96, 80, 64, 48, 32, 16}

func (n *network) sizing(picture image.Point, workerBytes int64) (sizing, error) {
	sizes := coreSizes
	if n.spec.Pools() {
		sizes = []int{poolingCore}
	}
	var need int64
	for _, size := range sizes {
		need = n.bytes(picture, size)
		if need <= workerBytes {
			return sizing{image.Pt(size, size), need}, nil
		}
	}
	return sizing{}, fmt.Errorf("the network needs %s of memory for each thread, of %s that are left for it: allow more, or use fewer threads",
		formatBytes(need), formatBytes(workerBytes))
}

// bytes is what a worker takes for a piece with cores of this size and all its context.
func (n *network) bytes(picture image.Point, size int) int64 {
	core := image.Pt(min(size, picture.X), min(size, picture.Y))
	context := n.context()
	window := image.Pt(min(core.X+2*context, picture.X), min(core.Y+2*context, picture.Y))
	at := image.Pt(min(context, window.X-core.X), min(context, window.Y-core.Y))
	return n.plan.Bytes(window, image.Rectangle{Min: at, Max: at.Add(core)})
}

func (n *network) macs(window image.Point, core image.Rectangle) int64 {
	return n.plan.MACs(window, core)
}

func (n *network) paperFLOPs(picture image.Point) int64 {
	return n.spec.Build().Cost(tensor.Shape{N: 1, C: 3, H: picture.Y, W: picture.X}).PaperFLOPs()
}

func (n *network) worker() enlarger { return &networkWorker{network: n} }

// networkWorker is a worker's memory for pieces.
type networkWorker struct {
	*network
	arena    engine.Arena
	src, dst tensor.Tensor
	planes   [3][]float32
}

func (w *networkWorker) enlarge(ctx context.Context, p piece) ([][]float32, error) {
	w.src = tensor.Tensor{
		Shape: tensor.Shape{N: 1, C: 3, H: p.Window.Dy(), W: p.Window.Dx()},
		Data:  resize(w.src.Data, 3*p.Window.Dx()*p.Window.Dy()),
	}
	for c := range 3 {
		w.fill(w.src.Plane(0, c), p.planes[min(c, len(p.planes)-1)])
	}
	w.arena.Reserve(p.bytes)
	scale := w.spec.Scale
	w.dst.Shape = tensor.Shape{N: 1, C: 3, H: p.Core.Dy() * scale, W: p.Core.Dx() * scale}
	w.dst.Data = resize(w.dst.Data, w.dst.Len())
	if err := w.plan.Run(ctx, &w.arena, &w.dst, &w.src, p.Core.Sub(p.Window.Min)); err != nil {
		return nil, err
	}
	for c := range w.planes {
		w.planes[c] = w.dst.Plane(0, c)
		if w.spec.InputRange != 1 {
			multiply(w.planes[c], 1/float32(w.spec.InputRange))
		}
	}
	return w.planes[:], nil
}

// fill copies a plane of 0..1 in the network's range.
func (w *networkWorker) fill(dst, src []float32) {
	copy(dst, src)
	if w.spec.InputRange != 1 {
		multiply(dst, float32(w.spec.InputRange))
	}
}

func multiply(s []float32, factor float32) {
	for i := range s {
		s[i] *= factor
	}
}
