package classsr

import (
	"context"
	"image"
)

// bicubic is the method without a network.
type bicubic struct{ scale int }

const (
	// bicubicCore is large enough for the pieces' overhead to vanish.
	bicubicCore = 128
	// bicubicContext is how far the interpolation reaches.
	bicubicContext = 2
)

func (bicubic) context() int { return bicubicContext }

func (bicubic) sizing(image.Point, int64) (sizing, error) {
	return sizing{core: image.Pt(bicubicCore, bicubicCore)}, nil
}

func (bicubic) macs(image.Point, image.Rectangle) int64 { return 0 }

func (bicubic) paperFLOPs(image.Point) int64 { return 0 }

func (b bicubic) worker() enlarger { return &bicubicWorker{bicubic: b} }

// bicubicWorker is a worker's memory for pieces.
type bicubicWorker struct {
	bicubic
	planes [3][]float32
}

func (w *bicubicWorker) enlarge(_ context.Context, p piece) ([][]float32, error) {
	r := image.Rectangle{Min: p.Core.Min.Mul(w.scale), Max: p.Core.Max.Mul(w.scale)}
	planes := w.planes[:len(p.planes)]
	for c, src := range p.planes {
		planes[c] = resize(planes[c], r.Dx()*r.Dy())
		p.bicubic.FloatsWindow(planes[c], r, src, p.Window, 1)
	}
	return planes, nil
}
