package program

import (
	"image"
	"slices"

	"classsr/tensor"
)

// Reads is the part of a window that is read to make the part of the result that a core of the window becomes: all that results depend on and
// nothing else, as far as it lies in the window. Beyond the window there are zeros. The window's sides are multiples of the Fold.
func (p *Program) Reads(window image.Point, core image.Rectangle) image.Rectangle {
	shapes := p.Shapes(tensor.Shape{N: 1, C: p.Channels, H: window.Y, W: window.X})
	need := make([]image.Rectangle, len(shapes))
	need[p.Output] = image.Rectangle{Min: core.Min.Mul(p.Scale), Max: core.Max.Mul(p.Scale)}
	for i, step := range slices.Backward(p.Steps) {
		r := need[i+1]
		if r.Empty() {
			continue // nobody reads it
		}
		for input, values := range step.Inputs {
			shape := shapes[values[0]]
			size := image.Pt(shape.W, shape.H)
			from := step.Op.Reach(input, r, size).Intersect(image.Rectangle{Max: size})
			for _, v := range values {
				need[v] = need[v].Union(from)
			}
		}
	}
	return need[Input]
}
