package engine_test

import (
	"context"
	"fmt"
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

// BenchmarkSpans runs networks on a strip of 256x339 pixels, whole and where only every second square is wanted, as in a routed picture: what short spans cost is
// the arithmetic in a second of both.
func BenchmarkSpans(b *testing.B) {
	core := image.Rect(0, 0, 256, 339)
	for _, n := range []struct {
		net   string
		width int
	}{{"fsrcnn", 56}, {"fsrcnn", 16}, {"span", 48}, {"span", 32}, {"span", 16}, {"carn", 64}, {"srresnet", 64}} {
		spec, err := arch.Paper(n.net, 4, n.width)
		if err != nil {
			b.Fatal(err)
		}
		plan := engine.Compile(spec.Build(), spec.Init(1))
		for _, side := range []int{0, 32, 64, 128} {
			b.Run(fmt.Sprintf("%s-%d/squares=%d", n.net, n.width, side), func(b *testing.B) {
				piece := engine.Piece{Window: core.Size(), Core: core, Mask: chessboard(core, side)}
				var arena engine.Arena
				for b.Loop() {
					if err := plan.Run(context.Background(), &arena, piece, nil, nil); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(plan.Work(piece.Window, core, piece.Mask).MACs)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
			})
		}
	}
}

// chessboard is every second square of a rectangle; all of it if squares have no side.
func chessboard(r image.Rectangle, side int) (m engine.Mask) {
	for y := 0; side > 0 && y < r.Max.Y; y += side {
		band := engine.Band{Top: y, Bottom: min(y+side, r.Max.Y)}
		for x := y / side % 2 * side; x < r.Max.X; x += 2 * side {
			band.Spans = append(band.Spans, engine.Span{Left: x, Right: min(x+side, r.Max.X)})
		}
		m = append(m, band)
	}
	return m
}
