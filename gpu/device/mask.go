package device

import (
	"image"
	"slices"

	"classsr/engine"
	"classsr/program"
	"classsr/tensor"
)

// reach is, by value, how far what is computed of it reaches over a part of the picture, and how many of its pixels there are for one of
// the input. It is the same everywhere for networks that pool nothing.
type reach struct {
	of, per                  []int // by value: of pixels for per pixels of the input
	left, top, right, bottom []int // by value, in its pixels
	fold                     int
}

func newReach(p *program.Program) *reach {
	const (
		far   = 1 << 20 // farther than any network reaches
		probe = 16
	)
	if p.Scale == 0 || slices.ContainsFunc(p.Steps, program.Step.Pools) {
		return nil
	}
	shapes := p.Shapes(tensor.Shape{N: 1, C: p.Channels, H: probe, W: probe})
	n := len(shapes)
	numbers := make([]int, 6*n)
	r := &reach{
		of: numbers[:n], per: numbers[n : 2*n], left: numbers[2*n : 3*n], top: numbers[3*n : 4*n], right: numbers[4*n : 5*n], bottom: numbers[5*n:],
		fold: p.Fold,
	}
	core := image.Rect(far, far, far+p.Fold, far+p.Fold)
	need := make([]image.Rectangle, n)
	for v, s := range shapes {
		r.of[v], r.per[v] = s.H, probe
	}
	need[p.Output] = zoomed(core, p.Scale)
	for i, s := range slices.Backward(p.Steps) {
		if need[i+1].Empty() {
			continue // nobody reads it
		}
		for k, values := range s.Inputs {
			size := 4 * far * r.of[values[0]] / probe
			for _, v := range values {
				need[v] = need[v].Union(s.Op.Reach(k, need[i+1], image.Pt(size, size)))
			}
		}
	}
	for v, got := range need {
		if own := r.scaled(program.Value(v), core); !got.Empty() {
			r.left[v], r.top[v] = own.Min.X-got.Min.X, own.Min.Y-got.Min.Y
			r.right[v], r.bottom[v] = got.Max.X-own.Max.X, got.Max.Y-own.Max.Y
		}
	}
	return r
}

// scaled is the pixels of a value that lie in a part of the picture.
func (r *reach) scaled(v program.Value, part image.Rectangle) image.Rectangle {
	of, per := r.of[v], r.per[v]
	return image.Rect(part.Min.X*of/per, part.Min.Y*of/per, (part.Max.X*of+per-1)/per, (part.Max.Y*of+per-1)/per)
}

// needed is what a part of the picture depends on of a value. The part lies in the window.
func (r *reach) needed(v program.Value, part image.Rectangle) image.Rectangle {
	part.Min.X, part.Min.Y = part.Min.X/r.fold*r.fold, part.Min.Y/r.fold*r.fold
	part.Max.X, part.Max.Y = (part.Max.X+r.fold-1)/r.fold*r.fold, (part.Max.Y+r.fold-1)/r.fold*r.fold
	own := r.scaled(v, part)
	return image.Rect(own.Min.X-r.left[v], own.Min.Y-r.top[v], own.Max.X+r.right[v], own.Max.Y+r.bottom[v])
}

// parts is the parts of a core that a mask has.
func parts(m engine.Mask, core image.Rectangle) []image.Rectangle {
	var all []image.Rectangle
	for _, b := range m {
		for _, s := range b.Spans {
			if part := image.Rect(s.Left, b.Top, s.Right, b.Bottom).Intersect(core); !part.Empty() {
				all = append(all, part)
			}
		}
	}
	return all
}

// tiles lists the tiles of a region that some rectangles meet, row by row: column, and 2^16 times row.
func tiles(region image.Rectangle, tile image.Point, rectangles []image.Rectangle) []int32 {
	columns, rows := (region.Dx()+tile.X-1)/tile.X, (region.Dy()+tile.Y-1)/tile.Y
	met := make([]bool, columns*rows)
	for _, r := range rectangles {
		r = r.Intersect(region).Sub(region.Min)
		if r.Empty() {
			continue
		}
		for y := r.Min.Y / tile.Y; y*tile.Y < r.Max.Y; y++ {
			for x := r.Min.X / tile.X; x*tile.X < r.Max.X; x++ {
				met[y*columns+x] = true
			}
		}
	}
	var list []int32
	for i, is := range met {
		if is {
			list = append(list, int32(i%columns|i/columns<<16))
		}
	}
	return list
}
