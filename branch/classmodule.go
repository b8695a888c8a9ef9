package branch

import (
	"context"
	"image"

	"classsr/engine"
	"classsr/nn"
	"classsr/picture"
	"classsr/tensor"
)

// classModule is a Class-Module that looks at many windows at once. Its convolutions do not look beyond their 4x4 squares, so that
// windows side by side in one wide picture do not see each other; the averages and what follows them are for each window.
type classModule struct {
	features     *engine.Plan // all but the last two operations
	channels     int          // of its result
	weight, bias []float32    // of the linear layer: scores x channels
}

// moduleBatch is how many windows are looked at at once: enough for rows that fill vectors, few enough that all threads have some.
const moduleBatch = 8

func newClassModule(g *nn.Graph, params tensor.Set) *classModule {
	last := g.Nodes[len(g.Nodes)-1]
	linear := last.Op.(nn.Linear)
	arrays := last.Arrays(params)
	trunk := *g
	trunk.Nodes = g.Nodes[:len(g.Nodes)-2]
	return &classModule{
		features: engine.Compile(&trunk, params), channels: linear.In, weight: arrays[0].Data, bias: arrays[1].Data,
	}
}

// classifier is a worker's memory for the Class-Module.
type classifier struct {
	arena engine.Arena
	means []float32
}

// scores fills in the scores of some cores, at most moduleBatch.
func (c *classifier) scores(ctx context.Context, m *classModule, in *picture.Picture, cores []image.Rectangle, to [][]float32) error {
	size := seen(image.Pt(in.Width, in.Height))
	wide := image.Pt(size.X*len(cores), size.Y)
	return m.features.Run(ctx, &c.arena, engine.Piece{
		Window: wide, Core: image.Rectangle{Max: wide},
		Read: func(dst *tensor.Tensor, y int) {
			for i, core := range cores {
				window := sees(core, image.Pt(in.Width, in.Height))
				readWindow(dst, i*size.X, in, image.Rect(0, y, size.X, y+dst.H).Add(window.Min))
			}
		},
		Write: func(src *tensor.Tensor, _ image.Point) {
			for i := range cores {
				to[i] = c.score(m, src, i, len(cores))
			}
		},
	})
}

// score is what follows the convolutions, for window i of so many side by side.
func (c *classifier) score(m *classModule, features *tensor.Tensor, i, windows int) []float32 {
	c.means = grow(c.means, features.C)
	w := features.W / windows
	for channel := range c.means {
		plane := features.Plane(0, channel)
		sum := 0.0
		for y := range features.H {
			for _, v := range plane[y*features.W+i*w:][:w] {
				sum += float64(v)
			}
		}
		c.means[channel] = float32(sum / float64(w*features.H))
	}
	scores := make([]float32, len(m.bias))
	for k := range scores {
		sum := float64(m.bias[k])
		for channel, v := range c.means {
			sum += float64(v) * float64(m.weight[k*m.channels+channel])
		}
		scores[k] = float32(sum)
	}
	return scores
}

// readWindow fills columns of dst from column x on with a rectangle of the picture. Pixels beyond its right and lower border are those at the
// border.
func readWindow(dst *tensor.Tensor, x int, in *picture.Picture, r image.Rectangle) {
	inside := min(r.Max.X, in.Width) - r.Min.X
	for channel := range dst.C {
		plane := dst.Plane(0, channel)
		for y := range dst.H {
			row := plane[y*dst.W+x:][:r.Dx()]
			from := min(r.Min.Y+y, in.Height-1)
			in.ReadPlane(row[:inside], min(channel, in.Colors-1), image.Rect(r.Min.X, from, r.Min.X+inside, from+1))
			for i := inside; i < len(row); i++ {
				row[i] = row[inside-1]
			}
		}
	}
}

// grow gives s the length n, with new memory if it has too little.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
