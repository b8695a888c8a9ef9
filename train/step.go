package train

import (
	"context"

	"classsr/dataset"
	"classsr/internal/par"
	"classsr/nn"
	"classsr/tensor"
)

// Losses are the parts of the loss of a step, means over its batch.
type Losses struct {
	Pixel   float64 // of the result against HR
	Teacher float64 // of the result against a teacher's; 0 without one
	Class   float64 // Class-Loss, 0..M-1
	Average float64 // Average-Loss, 0..1
	// Difficulty is the cross-entropy against the judge's classes; 0 where it has no weight.
	Difficulty float64
	Total      float64 // what is minimised
	// Probabilities of the classes, B x M; nil where there is no Class-Module.
	Probabilities [][]float64
}

// LossWeights are the weights of the total loss (section 3.4): w1, w2 and w3 of the paper, for the normalised losses, and one for
// DifficultyLoss.
type LossWeights struct {
	Pixel   float64 `yaml:"pixel"`
	Class   float64 `yaml:"class"`
	Average float64 `yaml:"average"`
	// Difficulty is 0 in the paper.
	Difficulty float64 `yaml:"difficulty"`
}

// step computes the losses and gradients of one batch. Gradients are added to those of its networks.
type step interface {
	run(ctx context.Context, b *dataset.Batch) (Losses, error)
}

// branchStep trains a single branch on its patches, beside HR on the results of a teacher.
type branchStep struct {
	branch        branch
	teacher       branch  // nil without one
	teacherWeight float64 // of the loss against the teacher; HR has the rest
	loss          PixelLoss
	threads       int
	dy            *tensor.Tensor
}

func (s *branchStep) run(ctx context.Context, b *dataset.Batch) (Losses, error) {
	x, hr := b.LR, b.HR
	y, err := s.branch.forward(ctx, x)
	if err != nil {
		return Losses{}, err
	}
	var taught *tensor.Tensor
	own := 1.0
	if s.teacher != nil {
		if taught, err = s.teacher.forward(ctx, x); err != nil {
			return Losses{}, err
		}
		own = 1 - s.teacherWeight
	}
	if s.dy == nil {
		s.dy = tensor.New(y.Shape)
	}
	n := float64(len(y.Data))
	sums := make([][2]float64, y.N) // summed in the order of the batch, whoever computes them
	err = par.Do(ctx, s.threads, y.N, func(_, k int) error {
		dy := samplesOf(s.dy, k)
		clear(dy)
		sums[k][0] = s.loss.sum(dy, samplesOf(y, k), samplesOf(hr, k), float32(own/n))
		if taught != nil {
			sums[k][1] = s.loss.sum(dy, samplesOf(y, k), samplesOf(taught, k), float32(s.teacherWeight/n))
		}
		return nil
	})
	if err != nil {
		return Losses{}, err
	}
	var l Losses
	for _, sum := range sums {
		l.Pixel += sum[0] / n
		l.Teacher += sum[1] / n
	}
	l.Total = own*l.Pixel + s.teacherWeight*l.Teacher
	return l, s.branch.backward(ctx, s.dy)
}

// samplesOf gives all samples of picture k.
func samplesOf(t *tensor.Tensor, k int) []float32 {
	n := t.C * t.H * t.W
	return t.Data[k*n : (k+1)*n : (k+1)*n]
}

// routedStep trains a Class-Module, and the branches that learn with it, on the results of all branches blended by the
// probabilities of the classes (section 3.2). The batch goes through the branches in chunks, so that their memory is that of a chunk.
type routedStep struct {
	classifier executor // for the whole batch
	branches   []branch // for chunks
	chunk      int      // patches in it; divides the batch
	weights    LossWeights
	loss       PixelLoss
	threads    int
	classes    []uint8 // of all patches of the store; nil if their difficulty does not matter

	scores *tensor.Tensor // gradient
	blend  blend
}

func (s *routedStep) run(ctx context.Context, b *dataset.Batch) (Losses, error) {
	x, hr := b.LR, b.HR
	scores, err := s.classifier.Forward(ctx, x, nn.Train)
	if err != nil {
		return Losses{}, err
	}
	l := Losses{Probabilities: softmax(scores)}
	dp := make([][]float64, x.N)
	for k := range dp {
		dp[k] = make([]float64, scores.C)
	}
	s.blend.begin(s, hr, l.Probabilities, dp)
	for first := 0; first < x.N; first += s.chunk {
		if err := s.blend.do(ctx, part(x, first, s.chunk), first); err != nil {
			return Losses{}, err
		}
	}
	for _, sum := range s.blend.sums {
		l.Pixel += sum / float64(len(hr.Data))
	}
	l.Class = ClassLoss(dp, l.Probabilities, s.weights.Class)
	l.Average = AverageLoss(dp, l.Probabilities, s.weights.Average)
	if s.classes != nil {
		classes := make([]int, x.N)
		for k, i := range b.Numbers {
			classes[k] = int(s.classes[i])
		}
		l.Difficulty = DifficultyLoss(dp, l.Probabilities, classes, s.weights.Difficulty)
	}
	l.Total = s.weights.Pixel*l.Pixel + s.weights.Class*l.Class + s.weights.Average*l.Average + s.weights.Difficulty*l.Difficulty
	if s.scores == nil {
		s.scores = tensor.New(scores.Shape)
	}
	softmaxGradient(s.scores, dp, l.Probabilities)
	return l, s.classifier.Backward(ctx, s.scores, nil)
}

// part gives n pictures of a batch from the first on. The data is shared.
func part(t *tensor.Tensor, first, n int) *tensor.Tensor {
	shape := t.Shape
	shape.N = n
	one := t.C * t.H * t.W
	return tensor.Wrap(shape, t.Data[first*one:(first+n)*one])
}

// blend is the pixel loss of the blended results of a step, and its gradients to the branches and the probabilities.
type blend struct {
	*routedStep
	hr    *tensor.Tensor
	p, dp [][]float64
	sums  []float64        // of the loss, by picture
	dy    []*tensor.Tensor // gradient to the results of each branch, for a chunk
	mixed [][]float32      // of a worker: a blended result
	slope [][]float32      // of a worker: the loss's gradient to it
}

func (b *blend) begin(s *routedStep, hr *tensor.Tensor, p, dp [][]float64) {
	b.routedStep, b.hr, b.p, b.dp = s, hr, p, dp
	if b.sums != nil {
		return
	}
	b.sums = make([]float64, hr.N)
	b.dy = make([]*tensor.Tensor, len(s.branches))
	chunk := hr.Shape
	chunk.N = s.chunk
	for i := range b.dy {
		b.dy[i] = tensor.New(chunk)
	}
	for range min(par.Threads(s.threads), s.chunk) {
		b.mixed = append(b.mixed, make([]float32, hr.C*hr.H*hr.W))
		b.slope = append(b.slope, make([]float32, hr.C*hr.H*hr.W))
	}
}

// do takes the chunk of patches x, whose first is that number of the batch.
func (b *blend) do(ctx context.Context, x *tensor.Tensor, first int) error {
	results := make([]*tensor.Tensor, len(b.branches))
	for i, branch := range b.branches {
		var err error
		if results[i], err = branch.forward(ctx, x); err != nil {
			return err
		}
	}
	weight := float32(b.weights.Pixel / float64(len(b.hr.Data)))
	err := par.Do(ctx, b.threads, x.N, func(worker, k int) error {
		b.picture(worker, results, k, first+k, weight)
		return nil
	})
	if err != nil {
		return err
	}
	for i, branch := range b.branches {
		if err := branch.backward(ctx, b.dy[i]); err != nil {
			return err
		}
	}
	return nil
}

// picture takes one picture: number k of the chunk, number n of the batch.
func (b *blend) picture(worker int, results []*tensor.Tensor, k, n int, weight float32) {
	mixed, slope := b.mixed[worker], b.slope[worker]
	clear(mixed)
	clear(slope)
	for i, result := range results {
		p := float32(b.p[n][i])
		for j, v := range samplesOf(result, k) {
			mixed[j] += p * v
		}
	}
	b.sums[n] = b.loss.sum(slope, mixed, samplesOf(b.hr, n), weight)
	for i, result := range results {
		p, y, dy := float32(b.p[n][i]), samplesOf(result, k), samplesOf(b.dy[i], k)
		var sum float64
		for j, s := range slope {
			sum += float64(s) * float64(y[j])
			dy[j] = p * s
		}
		b.dp[n][i] = sum
	}
}
