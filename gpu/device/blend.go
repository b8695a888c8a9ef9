package device

import (
	"image"

	"classsr/gpu/shaders"
	"classsr/route"
)

var blendKernel = newKernel(shaders.Blend)

// cores is where what a blend says of the picture's cores lies in the parameters.
type cores struct {
	edges, of, classes int
	columns, rows      int
	width              int // of the small picture
	scale, reach       int
}

// addCores adds the cores' edges, the core of each column and row of the picture, and the cores' classes.
func (b *builder) addCores(blend *route.Blend) cores {
	c := cores{
		edges: b.at(), columns: blend.Columns(), rows: blend.Rows(), width: blend.Size().X, scale: blend.Scale, reach: blend.Width * blend.Scale,
	}
	b.add(blend.Xs...)
	b.add(blend.Ys...)
	c.of = b.at()
	for _, edges := range [][]int{blend.Xs, blend.Ys} {
		for core := range len(edges) - 1 {
			for range edges[core+1] - edges[core] {
				b.add(core)
			}
		}
	}
	c.classes = b.at()
	b.add(blend.Classes...)
	return c
}

// blend adds what the network made that was just built to the result.
func (b *builder) blend(result, core image.Rectangle, n *network, class int, c cores) {
	out, scale := n.program.Output, n.program.Scale
	b.macs = 0
	b.begin(blendKernel, out, 1, image.Pt(shaders.TileColumns, shaders.TileRows))
	b.value(out)
	shift := result.Min.Sub(core.Min.Mul(scale))
	b.add(shift.X, shift.Y, b.scratch, result.Min.X, result.Min.Y, result.Dx(), floatBits(n.unit), class)
	b.add(c.scale, c.reach, c.columns, c.rows, c.edges, c.of, c.width, c.classes)
	b.end(1)
}
