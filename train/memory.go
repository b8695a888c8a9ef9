package train

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"classsr/arch"
	"classsr/dataset"
	"classsr/fault"
	"classsr/internal/par"
	"classsr/internal/sysmem"
	"classsr/nn"
	"classsr/tensor"
)

// footprint estimates the memory of a run, in bytes, before anything is allocated: from the graphs of its networks and the shapes of
// its batches. It follows what engine.Tape keeps, roughly.
type footprint struct {
	recipe       *Recipe
	patch, scale int // of the data
	threads      int
	specs        []arch.Spec // of the branches
	classModule  arch.Spec
}

// checkMemory returns an error if the run would take more memory than there is.
func checkMemory(r *Recipe, data *dataset.Store, threads int) error {
	f, err := newFootprint(r, data.Patch(), threads)
	if err != nil {
		return err
	}
	return f.check(float64(sysmem.Available()))
}

func newFootprint(r *Recipe, patch, threads int) (*footprint, error) {
	f := &footprint{recipe: r, patch: patch, scale: r.Scale, threads: par.Threads(threads), classModule: arch.PaperClassModule(len(r.Branches))}
	for i := range r.Branches {
		spec, err := r.spec(i)
		if err != nil {
			return nil, err
		}
		f.specs = append(f.specs, spec)
	}
	return f, nil
}

func (f *footprint) check(available float64) error {
	for i, s := range f.recipe.Stages {
		takes := f.stage(s)
		if takes <= available {
			continue
		}
		return fault.New(fault.TooLarge, "stage %d (%s) would take about %s of memory, and the program may use %s: lower %s",
			i+1, f.recipe.title(s), size(takes), size(available), strings.Join(f.toLower(s, available), " or "))
	}
	return nil
}

func size(bytes float64) string { return humanize.Bytes(uint64(min(bytes, 1e18))) }

// toLower lists the fields of the recipe that would help.
func (f *footprint) toLower(s Stage, available float64) []string {
	var fields []string
	small := s
	small.Batch, small.Chunk = 1, 1
	if batch := fmt.Sprintf("its batch (%d)", s.Batch); f.stage(small) <= available {
		if fields = append(fields, batch); s.Train != TrainBranch && s.Chunk > 1 {
			fields = append(fields, fmt.Sprintf("its chunk (%d)", s.Chunk))
		}
	}
	if s.Train == TrainBranch {
		return append(fields, fmt.Sprintf("the width of branch %d (%d)", s.Branch, f.recipe.Branches[s.Branch-1].Width))
	}
	var widths []string
	for _, b := range f.recipe.Branches {
		if !b.Bicubic {
			widths = append(widths, fmt.Sprint(b.Width))
		}
	}
	return append(fields, fmt.Sprintf("the widths of the branches (%s)", strings.Join(widths, ", ")))
}

// sample is the size of a number.
const sample = 4

// stage estimates a stage with the parameters of the whole model, which are there all the time.
func (f *footprint) stage(s Stage) float64 {
	lr := 3 * float64(f.patch) * float64(f.patch)
	hr := lr * float64(f.scale*f.scale)
	total := params(f.classModule) * sample
	for _, spec := range f.specs {
		total += params(spec) * sample
	}
	if s.Steps == 0 {
		return total
	}
	total += (ahead + 2) * float64(s.Batch) * (lr + hr) * sample
	means := 0.0
	if s.Average > 0 {
		means = sample
	}
	if s.Train == TrainBranch {
		total += f.tape(f.specs[s.Branch-1], s.Batch) + params(f.specs[s.Branch-1])*means
		total += 2 * float64(s.Batch) * hr * sample // the result and the gradient to it
		if s.Teacher != nil {
			total += float64(s.Batch) * hr * sample
		}
		return total
	}
	total += f.tape(f.classModule, s.Batch) + params(f.classModule)*means
	for i, spec := range f.specs {
		total += 2 * float64(s.Chunk) * hr * sample
		if s.Train == TrainJoint && !f.recipe.Branches[i].Bicubic {
			total += f.tape(spec, s.Chunk) + params(spec)*means
		} else {
			total += f.plan(spec) * float64(min(f.threads, s.Chunk))
		}
	}
	return total
}

// params is the number of a network's parameters.
func params(spec arch.Spec) float64 {
	var n float64
	for _, p := range spec.Build().Params() {
		elements := 1.0
		for _, d := range p.Dims {
			elements *= float64(d)
		}
		n += elements
	}
	return n
}

// What the parameters of a network that learns are kept as, besides themselves: gradients, Adam's two means, and the weights packed for
// the way there, turned round, and packed for the way back.
const learnt = 6

// tape estimates what a network that learns keeps for a batch: all values that its operations need on the way back, and of each shape
// two gradients.
func (f *footprint) tape(spec arch.Spec, batch int) float64 {
	var total float64
	gradients := map[tensor.Shape]float64{}
	f.values(spec, func(s tensor.Shape, u use) {
		elements := float64(s.C) * float64(s.H+1) * float64(s.W+1) // a row and a column of zeros between planes
		switch u {
		case kept:
			gradients[s] = min(gradients[s]+elements, 2*elements)
			fallthrough
		case copied:
			total += elements
		}
	})
	for _, elements := range gradients {
		total += elements
	}
	return (total*float64(batch) + params(spec)*learnt + f.products(spec)) * sample
}

// products estimates what the products take that make the gradients of weights, of the layer that needs most: sums, and for each thread what is
// multiplied. Nearly all layers that count are 3x3 convolutions.
func (f *footprint) products(spec arch.Spec) float64 {
	const frequencies, shares, tiles = 36, 8, 64
	var most float64
	for _, n := range spec.Build().Nodes {
		if op, ok := n.Op.(nn.Conv); ok && op.Kernel == 3 {
			in, out := float64(op.In/op.GroupCount()), float64(op.Out)
			sums, planes := shares*in*out, tiles*(in+out/float64(op.GroupCount()))
			most = max(most, frequencies*(sums+planes*float64(f.threads)))
		}
	}
	return most
}

// plan estimates what a network that does not learn takes on one thread: a few of its largest values, for one patch.
func (f *footprint) plan(spec arch.Spec) float64 {
	largest := 0
	f.values(spec, func(s tensor.Shape, _ use) { largest = max(largest, s.Len()) })
	const held = 4
	return held * float64(largest) * sample
}

// use says what becomes of a value on a tape.
type use int

const (
	passing use = iota // not kept
	kept               // for the way back, where it has a gradient
	copied             // once more, for plain arithmetic
)

// values tells the shape of every value that a network makes of one patch, and its use.
func (f *footprint) values(spec arch.Spec, each func(tensor.Shape, use)) {
	g := spec.Build()
	shapes := g.Shapes(tensor.Shape{N: 1, C: g.Channels, H: f.patch, W: f.patch})
	users := make([][]nn.Op, len(shapes))
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			users[v] = append(users[v], n.Op)
		}
	}
	each(shapes[nn.Input], kept)
	for i, n := range g.Nodes {
		made := shapes[i+1]
		if partOfNext(n.Op, users[i+1]) {
			each(made, passing)
			continue
		}
		each(made, kept)
		switch n.Op.(type) {
		case nn.Conv, nn.Linear, nn.Add, nn.Mul, nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.BatchNorm, nn.PixelShuffle:
		case nn.Deconv:
			each(made, kept) // before the pixels are in their places
		default: // what it takes and makes, and the gradients
			each(made, copied)
			for _, v := range n.Inputs {
				each(shapes[v], copied)
				each(shapes[v], copied)
			}
		}
	}
}

// partOfNext tells whether the result of an operation is never kept: it is computed in one with the next, or lies where its parts do.
func partOfNext(op nn.Op, users []nn.Op) bool {
	switch op.(type) {
	case nn.Concat:
		return true
	case nn.Conv, nn.Linear, nn.Add:
	default:
		return false
	}
	if len(users) != 1 {
		return false
	}
	switch users[0].(type) {
	case nn.ReLU, nn.LeakyReLU:
		return true
	case nn.Add:
		_, add := op.(nn.Add)
		return !add
	}
	return false
}
