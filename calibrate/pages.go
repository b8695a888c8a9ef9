package calibrate

import (
	"context"
	"image"
	"math"

	"classsr/branch"
	"classsr/picture"
	"classsr/route"
	"classsr/tile"
)

const (
	// sharpLevels is how many levels of 255 any sample may differ from the full network's where a page has an edge that stands alone.
	sharpLevels = 14
	// sharpMargin is how much less difficult than the least difficult core that was found to differ more a protected one is, as a power of 2.
	sharpMargin = 0.25
	// sharpInset is how far from a core's borders differences do not count: there results pass over into the neighbour's, and what is beyond has
	// its part in them, which the core's difficulty does not know.
	sharpInset = 2
	// neverSharp is the difficulty from which on classes are protected that no page showed to blur: more than any core has.
	neverSharp = 16
)

// AddPage looks which cores of a page, a small picture of text, a drawing or a screen, the branches enlarge otherwise than the hardest one.
// Cores as difficult as these then never go to a branch that blurs them (route.Table.Sharp). It returns an error if the page cannot be
// enlarged, and ctx's error if ctx is done.
func (c *Calibrator) AddPage(ctx context.Context, page *picture.Picture) error {
	if c.sharp == nil {
		for range len(c.branches) - 1 {
			c.sharp = append(c.sharp, neverSharp)
		}
	}
	grid := route.Grid{Xs: tile.Cuts(page.Width, edgeCore), Ys: tile.Cuts(page.Height, edgeCore)}
	cores := grid.Cores()
	edges, err := branch.Edges(ctx, page, cores, branch.EdgeBlock, c.threads)
	if err != nil {
		return err
	}
	last := len(c.branches) - 1
	full, _, err := c.branches[last].Upscale(ctx, page)
	if err != nil {
		return err
	}
	for class := range last {
		out, _, err := c.branches[class].Upscale(ctx, page)
		if err != nil {
			return err
		}
		scale := c.branches[class].Scale()
		for i, core := range cores {
			from := edges[i].Difficulty - sharpMargin
			if !edges[i].Lone || from >= c.sharp[class] {
				continue
			}
			inner := core.Inset(sharpInset)
			if largestDifference(out, full, image.Rectangle{Min: inner.Min.Mul(scale), Max: inner.Max.Mul(scale)}) > sharpLevels {
				c.sharp[class] = from
			}
		}
	}
	return nil
}

// largestDifference is how far any colours of two pictures are apart in a rectangle, of samples of 0..255.
func largestDifference(a, b *picture.Picture, r image.Rectangle) float64 {
	n := r.Dx() * r.Dy()
	planeA, planeB := make([]float32, n), make([]float32, n)
	largest := 0.0
	for c := range a.Colors {
		a.ReadPlane(planeA, c, r)
		b.ReadPlane(planeB, c, r)
		for i, v := range planeA {
			largest = max(largest, math.Abs(float64(v-planeB[i]))*255)
		}
	}
	return largest
}
