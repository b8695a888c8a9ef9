package branch

import (
	"image"
	"sync"

	"classsr/arch"
	"classsr/engine"
	"classsr/tensor"
	"classsr/weights"
)

// Branch is a network that enlarges, ready to run at one scale. It is read-only and shared by all workers.
type Branch struct {
	Spec arch.Spec
	Plan *engine.Plan
	// Network is what Plan was packed of, for other executors: Spec, and the parameters that it uses.
	Network weights.Network
	// Border is how many pixels of picture the network sees beyond the picture's borders, mirrored at them (a b c | c b a); an even number.
	// Beyond these, or if it is 0, there are the network's own zeros. It is set before the branch is used.
	Border int

	mu    sync.Mutex
	bytes map[[2]image.Point]int64 // what Bytes has found, by its arguments
}

// New compiles a network at a scale. It returns an error if the network cannot enlarge so many times.
func New(n weights.Network, scale int) (*Branch, error) {
	spec, err := n.Spec.AtScale(scale)
	if err != nil {
		return nil, err
	}
	own := weights.Network{Spec: spec, Params: spec.ParamsAtScale(n.Params)}
	return &Branch{Spec: spec, Plan: engine.Compile(spec.Build(), own.Params), Network: own}, nil
}

const (
	// maxContext bounds the context of deep networks, whose outermost pixels hardly matter. CARN (21) and SRResNet (35) get all
	// they reach, so that their pieces have the bits of the whole picture.
	maxContext = 40
	// poolingContext is that of networks that pool, which average over whatever they are given.
	poolingContext = 16
)

// MirroredBorder is the Border that is worth its cost: a wider one makes pixels at the border no better (docs/decisions.md).
const MirroredBorder = 4

// Context is how many pixels around a core the branch reads, at most.
func (b *Branch) Context() int {
	if b.Spec.Pools() {
		return poolingContext
	}
	return min(b.Plan.Context(), maxContext)
}

// CutsContext tells whether the network reaches farther than Context, so that where a picture is cut shows in the result.
func (b *Branch) CutsContext() bool { return b.Spec.Pools() || b.Plan.Context() > maxContext }

// SmallPicture is the longest side of pictures that are computed whole, layer by layer, which is faster for them than cutting.
const SmallPicture = 40

// PlanFor is the plan that a picture of this size is computed by.
func (b *Branch) PlanFor(picture image.Point) *engine.Plan {
	if max(picture.X, picture.Y) <= SmallPicture {
		return b.Plan.ByLayer()
	}
	return b.Plan
}

// Extent is the picture with its Border around it, and what makes its sides multiples of what the network folds into one pixel.
func (b *Branch) Extent(picture image.Point) image.Rectangle {
	return b.folded(image.Rectangle{Max: picture}.Inset(-b.Border))
}

// folded widens a rectangle to whole squares of pixels that the network folds into one.
func (b *Branch) folded(r image.Rectangle) image.Rectangle {
	fold := b.Plan.Fold()
	down := func(i int) int { return i - (i%fold+fold)%fold }
	return image.Rect(down(r.Min.X), down(r.Min.Y), -down(-r.Max.X), -down(-r.Max.Y))
}

// Window is what the branch reads to compute a core so that it has the bits of the whole picture. It is as high as the picture with its
// Border, so that the tiles of convolutions lie in the same grid. Networks that pool get their context on all sides.
func (b *Branch) Window(picture image.Point, core image.Rectangle) image.Rectangle {
	window, extent := core.Inset(-b.Context()), b.Extent(picture)
	if !b.Spec.Pools() {
		window.Min.Y, window.Max.Y = extent.Min.Y, extent.Max.Y
	}
	window = b.folded(window.Intersect(extent))
	window.Min.X -= (window.Min.X - extent.Min.X) % b.Plan.Alignment() // extents begin there, too
	return window
}

// RowsAround is how many rows above and below a band of rows a worker reads at most to compute it: those that the network reaches, whole tiles
// of convolutions, and the few rows that it works on at a time.
func (b *Branch) RowsAround() int {
	const (
		atATime = 8       // rows
		period  = 12      // rows after which tiles lie as before
		far     = 1 << 12 // farther than any network reaches
	)
	if b.Spec.Pools() {
		return poolingContext + b.Border
	}
	most := 0
	for phase := range period {
		core := image.Rect(far, far+phase, far+2, far+phase+2)
		reads := b.Plan.Reads(image.Pt(2*far, 2*far), core)
		most = max(most, core.Min.Y-reads.Min.Y, reads.Max.Y-core.Max.Y)
	}
	return most + atATime + b.Border
}

// highEnough is the height from which on all layers have as many rows in memory as they ever have.
const highEnough = 256

// mostKnown bounds what is remembered of sizes.
const mostKnown = 1 << 14

// Bytes is the memory that a worker takes for a piece with a core of this size and all its context. It remembers what it found, which takes
// a millisecond or more.
func (b *Branch) Bytes(picture, core image.Point) int64 {
	if !b.Spec.Pools() { // rows that slide take no more memory in a higher picture, and less work to find out
		picture.Y = min(picture.Y, highEnough)
	}
	core = image.Pt(min(core.X, picture.X), min(core.Y, picture.Y))
	key := [2]image.Point{picture, core}
	b.mu.Lock()
	bytes, ok := b.bytes[key]
	b.mu.Unlock()
	if ok {
		return bytes
	}
	bytes = b.bytesOf(picture, core)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bytes == nil || len(b.bytes) >= mostKnown {
		b.bytes = map[[2]image.Point]int64{}
	}
	b.bytes[key] = bytes
	return bytes
}

func (b *Branch) bytesOf(picture, core image.Point) int64 {
	context, extent := b.Context(), b.Extent(picture).Size()
	misplaced := b.Plan.Alignment() - 2*b.Plan.Fold() // columns that a window begins further left at most
	window := b.folded(image.Rect(0, 0, min(core.X+2*context+misplaced, extent.X), min(core.Y+2*context, extent.Y))).Max
	at := image.Pt(min(context+misplaced, window.X-core.X), min(context, window.Y-core.Y))
	return b.PlanFor(picture).Bytes(window, image.Rectangle{Min: at, Max: at.Add(core)})
}

// MACs counts the multiply-accumulates of the whole picture at once, without its Border, as plain convolutions.
func (b *Branch) MACs(picture image.Point) int64 {
	return b.Plan.MACs(b.folded(image.Rectangle{Max: picture}).Max, image.Rectangle{Max: picture})
}

// Patch is the sub-image of the paper, for which costs are given.
var Patch = tensor.Shape{N: 1, C: 3, H: 32, W: 32}

// PatchFLOPs is what the paper's tables charge for a patch.
func (b *Branch) PatchFLOPs() float64 { return float64(b.Spec.Build().Cost(Patch).PaperFLOPs()) }
