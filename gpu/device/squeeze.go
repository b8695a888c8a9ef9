package device

import (
	"classsr/gpu/shaders"
	"classsr/program"
)

// squeeze is what channel attention makes of means, in one dispatch: a convolution of a single pixel with an activation, another one, and a sigmoid. As
// three they would take hardly any arithmetic, but a device waits for the end of each.
type squeeze struct {
	from             program.Value
	quads, hidden    int // of what it reads, and of what is between the convolutions
	weights, expand  int // where those of the convolutions begin, in quads: by result quad, input quad and input channel
	bias, expandBias int // in exact
	slopes           int // in exact; 1 without an activation
}

// mostHidden is how many quads there may be between the convolutions.
const mostHidden = 64

// done is a step that another one does, too.
type done struct{}

func (done) uses() []kernel { return nil }

func (done) sums(*layout, program.Step) int { return 0 }

func (done) emit(*builder, int) {}

// squeeze packs the steps from number i on if they are a squeeze, as operations of as many steps.
func (p *packing) squeeze(prog *program.Program, i int) []operation {
	if i+2 >= len(prog.Steps) {
		return nil
	}
	first, isFirst := prog.Steps[i].Op.(program.Conv)
	second, isSecond := prog.Steps[i+1].Op.(program.Conv)
	_, isSigmoid := prog.Steps[i+2].Op.(program.Sigmoid)
	if !isFirst || !isSecond || !isSigmoid || !isPlain(first) || !isPlain(second) || second.Activation != nil {
		return nil
	}
	hidden, inside := program.Value(i+1), []program.Value{program.Value(i + 1), program.Value(i + 2)}
	from := prog.Steps[i].Inputs[0]
	if !isMean(prog, from) || p.net.slots[hidden].quads() > mostHidden || !follows(prog, inside) {
		return nil
	}
	q := squeeze{from: from[0], quads: p.net.slots[from[0]].quads(), hidden: p.net.slots[hidden].quads()}
	slopes := first.Slopes(p.params)
	if slopes == nil {
		slopes = []float32{1}
	}
	q.slopes = p.perChannel(slopes, first.Out)
	q.weights, q.bias = p.matrix(first, p.net.slots[from[0]], p.net.slots[hidden])
	q.expand, q.expandBias = p.matrix(second, p.net.slots[hidden], p.net.slots[i+2])
	return []operation{done{}, done{}, q}
}

// isPlain tells whether a convolution sees single pixels, and does nothing with its result but for an activation.
func isPlain(c program.Conv) bool {
	return c.Kernel == 1 && c.Stride == 1 && c.Pad == 0 && c.Groups == 1 && c.Shuffle == 1 && !c.Residual && !c.Gated && !c.Scaled
}

// isMean tells whether what is read is one value, a mean.
func isMean(prog *program.Program, read []program.Value) bool {
	if len(read) != 1 || read[0] == program.Input {
		return false
	}
	switch prog.Steps[read[0]-1].Op.(type) {
	case program.Mean, program.MeanOf:
		return true
	}
	return false
}

// follows tells whether each of the values is read by the step after it alone, as all that this one reads.
func follows(prog *program.Program, values []program.Value) bool {
	for _, v := range values {
		readers := 0
		for i, s := range prog.Steps {
			for _, read := range s.Inputs {
				for _, r := range read {
					if r != v {
						continue
					}
					if readers++; i != int(v) || len(s.Inputs) != 1 || len(read) != 1 {
						return false
					}
				}
			}
		}
		if readers != 1 || v == prog.Output {
			return false
		}
	}
	return true
}

// matrix adds the weights of a convolution of single pixels, and gives where they and the bias begin.
func (p *packing) matrix(op program.Conv, in, out slots) (at, bias int) {
	weight, biases := op.Weights(p.params)
	at = len(p.weights) / quadSize
	w := weighing{conv: &conv{Conv: op}, weight: weight}
	for oq := range out.quads() {
		for i := range in {
			for o := range quadSize {
				p.weights = append(p.weights, w.at(out[oq*quadSize+o], in[i], 0, 0))
			}
		}
	}
	return at, p.perChannel(biases, op.Out)
}

func (squeeze) uses() []kernel { return []kernel{sumsKernel(shaders.OfSqueeze)} }

func (squeeze) sums(*layout, program.Step) int { return 0 }

func (q squeeze) emit(b *builder, i int) {
	v := program.Value(i + 1)
	base := b.at()
	b.value(v)
	b.value(q.from)
	b.add(0, 0, q.quads, q.weights, b.exact+q.bias)
	b.add(q.hidden, b.exact+q.slopes, b.net.slots[v].quads(), q.expand, b.exact+q.expandBias)
	b.dispatch(sumsKernel(shaders.OfSqueeze), base, 1, 1, 1)
}
