package engine_test

import (
	"context"
	"image"
	"testing"

	"classsr/arch"
	"classsr/engine"
	"classsr/tensor"
)

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
			piece := engine.Piece{
				Window: image.Pt(32, 32), Core: image.Rect(0, 0, 32, 32),
				Read: func(*tensor.Tensor, int) {}, Write: func(*tensor.Tensor, int) {},
			}
			for b.Loop() {
				if err := plan.Run(context.Background(), &arena, piece); err != nil {
					b.Fatal(err)
				}
			}
			macs := float64(spec.Build().Cost(tensor.Shape{N: 1, C: 3, H: 32, W: 32}).True)
			b.ReportMetric(macs*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
		})
	}
}
