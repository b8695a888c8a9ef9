package engine

import (
	"context"
	"math"

	"classsr/internal/kernel"
	"classsr/nn"
	"classsr/program"
	"classsr/tensor"
)

// tapeNorm is a BatchNorm.
type tapeNorm struct {
	node    nn.Node
	x, y    program.Value
	moments []moments
}

// moments are the mean of a channel and the deviation that it was divided by.
type moments struct{ mean, deviation float64 }

func (s *tapeNorm) forward(ctx context.Context, t *Tape) error {
	if err := t.through(ctx); err != nil {
		return err
	}
	p := s.node.Arrays(t.params)
	return t.each(ctx, len(s.moments), func(w *tapeWorker, c int) {
		m := moments{float64(p[2].Data[c]), math.Sqrt(float64(p[3].Data[c]) + nn.BatchNormEpsilon)}
		if t.mode == nn.Train {
			m = s.batchMoments(t, p, c, w)
		}
		s.moments[c] = m
		factor, bias := float64(p[0].Data[c])/m.deviation, float64(p[1].Data[c])
		for i, x := range t.values[s.x].padded {
			y := t.values[s.y].padded[i]
			if t.mode == nn.Train { // the mean has been subtracted, which is more exact than doing all at once
				s.combine(y, y, c, float32(factor), 0, float32(bias))
				continue
			}
			s.combine(y, x, c, float32(factor), 0, float32(bias-m.mean*factor))
		}
	})
}

// combine does y = fy*y + fx*x + offset for a plane.
func (s *tapeNorm) combine(y, x kernel.Padded, c int, fx, fy, offset float32) {
	kernel.Combine(y.Plane(c), y.Plane(c), x.Plane(c), fy, fx, offset)
	y.ClearBorders(c)
}

// batchMoments computes the moments of a channel over the batch and moves the running statistics.
func (s *tapeNorm) batchMoments(t *Tape, p []tensor.Array, c int, w *tapeWorker) moments {
	x := t.values[s.x].padded
	count := float64(len(x) * x[0].H * x[0].W)
	if count < 2 {
		panic("engine: BatchNorm has a single number in a channel, which has no variance to train with")
	}
	var mean, variance float64
	for i := range x {
		mean += float64(kernel.Sum(x[i].Plane(c), &w.scratch)) / count
	}
	for i := range x {
		y := t.values[s.y].padded[i] // without the mean, for the time being
		s.combine(y, x[i], c, 1, 0, float32(-mean))
		for row := range y.H { // short sums, since an error here moves all numbers of the channel
			variance += float64(kernel.Dot(y.Row(c, row), y.Row(c, row), &w.scratch)) / count
		}
	}
	move := func(running *float32, batch float64) {
		*running = float32((1-nn.BatchNormMomentum)*float64(*running) + nn.BatchNormMomentum*batch)
	}
	move(&p[2].Data[c], mean)
	move(&p[3].Data[c], variance*count/(count-1))
	return moments{mean, math.Sqrt(variance + nn.BatchNormEpsilon)}
}

// backward computes with z = (x-mean)/deviation what nn.BatchNorm does:
//
//	dx = weight/deviation * (dy - mean of dy - z * mean of dy*z)    dweight += sum of dy*z    dbias += sum of dy
//
// without the means for running statistics, which are constants.
func (s *tapeNorm) backward(ctx context.Context, t *Tape) error {
	grads := t.values[s.y].grads
	if grads == nil {
		return nil
	}
	p, dp := s.node.Arrays(t.params), t.gradients(s.node)
	dWeight, dBias := dp[0].Data, dp[1].Data
	x := t.values[s.x].padded
	count := float64(len(x) * x[0].H * x[0].W)
	err := t.each(ctx, len(s.moments), func(w *tapeWorker, c int) {
		m := s.moments[c]
		var sum, products float64 // of dy and dy*z
		for i, dy := range grads {
			d := float64(kernel.Sum(dy.Plane(c), &w.scratch))
			sum += d
			products += (float64(kernel.Dot(dy.Plane(c), x[i].Plane(c), &w.scratch)) - m.mean*d) / m.deviation
		}
		if dWeight != nil {
			dWeight[c] += float32(products)
		}
		if dBias != nil {
			dBias[c] += float32(sum)
		}
		factor := float64(p[0].Data[c]) / m.deviation
		var perX, constant float64
		if t.mode == nn.Train {
			perX = -factor * products / count / m.deviation
			constant = -factor*sum/count - perX*m.mean
		}
		for i, dy := range grads {
			s.combine(dy, x[i], c, float32(perX), float32(factor), float32(constant))
		}
	})
	if err != nil {
		return err
	}
	return t.hand(ctx, s.y, s.x)
}
