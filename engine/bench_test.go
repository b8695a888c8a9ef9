package engine_test

import (
	"context"
	"image"
	"testing"

	"classsr/arch"
	"classsr/engine"
	"classsr/nn"
	"classsr/tensor"
)

// BenchmarkStep is the arithmetic of a training step with a batch of 16 patches of 32x32 at full width, on all threads. A step counts
// as three forward passes.
func BenchmarkStep(b *testing.B) {
	for _, net := range arch.SRNames() {
		b.Run(net, func(b *testing.B) {
			a, err := arch.ByName(net)
			if err != nil {
				b.Fatal(err)
			}
			if a.Pools {
				b.Skip("RCAN takes minutes")
			}
			spec, err := arch.Paper(net, 4, a.Widths[len(a.Widths)-1])
			if err != nil {
				b.Fatal(err)
			}
			shape := tensor.Shape{N: 16, C: 3, H: 32, W: 32}
			tape := engine.NewTape(spec.Build(), spec.Init(1), shape, engine.TapeOptions{})
			x := randomBatch(shape, 1)
			var dy *tensor.Tensor
			for b.Loop() {
				y, err := tape.Forward(context.Background(), x, nn.Train)
				if err != nil {
					b.Fatal(err)
				}
				if dy == nil {
					dy = randomBatch(y.Shape, 2)
				}
				if err := tape.Backward(context.Background(), dy, nil); err != nil {
					b.Fatal(err)
				}
			}
			macs := 3 * float64(spec.Build().Cost(shape).True)
			b.ReportMetric(macs*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
		})
	}
}

// BenchmarkPatch runs the networks at full width on one 32x32 patch, on one thread.
func BenchmarkPatch(b *testing.B) {
	for _, net := range arch.SRNames() {
		b.Run(net, func(b *testing.B) {
			a, err := arch.ByName(net)
			if err != nil {
				b.Fatal(err)
			}
			spec, err := arch.Paper(net, 4, a.Widths[len(a.Widths)-1])
			if err != nil {
				b.Fatal(err)
			}
			plan := engine.Compile(spec.Build(), spec.Init(1)).ByLayer()
			var arena engine.Arena
			piece := engine.Piece{Window: image.Pt(32, 32), Core: image.Rect(0, 0, 32, 32)}
			for b.Loop() {
				if err := plan.Run(context.Background(), &arena, piece, nil, nil); err != nil {
					b.Fatal(err)
				}
			}
			macs := float64(spec.Build().Cost(tensor.Shape{N: 1, C: 3, H: 32, W: 32}).True)
			b.ReportMetric(macs*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
		})
	}
}
