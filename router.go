package classsr

import (
	"context"
	"image"
	"slices"

	"classsr/arch"
	"classsr/internal/par"
	"classsr/picture"
	"classsr/weights"
)

// router is a model with classes: its Class-Module, and a branch for each class.
type router struct {
	module     *classModule
	moduleSpec arch.Spec
	branches   []*network
	classes    []string
	// Paper FLOPs of a patch.
	moduleFLOPs float64
	branchFLOPs []float64
}

// subImage is the side of what the Class-Module sees, which is what it was trained on.
const subImage = 32

// moduleSquare is the side of the squares that its first layer cuts a sub-image into; it looks at whole ones only.
const moduleSquare = 4

func newRouter(m *weights.Model, scale int) (*router, error) {
	module := m.ClassModule.Spec.Build()
	r := &router{
		module:      newClassModule(module, m.ClassModule.Params),
		moduleSpec:  m.ClassModule.Spec,
		classes:     m.Classes,
		moduleFLOPs: float64(module.Cost(patch).PaperFLOPs()),
	}
	for _, b := range m.Branches {
		n, err := newNetwork(b, scale)
		if err != nil {
			return nil, err
		}
		r.branches = append(r.branches, n)
		r.branchFLOPs = append(r.branchFLOPs, n.patchFLOPs(nil))
	}
	return r, nil
}

// classify gives the Class-Module's scores of the 32x32 pixels around each core.
func (r *router) classify(ctx context.Context, in *picture.Picture, cores []image.Rectangle, threads int) ([][]float32, error) {
	scores := make([][]float32, len(cores))
	batches := parts(len(cores), moduleBatch)
	classifiers := make([]classifier, min(threads, batches))
	err := par.Do(ctx, len(classifiers), batches, func(worker, i int) error {
		first := i * moduleBatch
		end := min(first+moduleBatch, len(cores))
		return classifiers[worker].scores(ctx, r.module, in, cores[first:end], scores[first:end])
	})
	return scores, err
}

// sees is the window that the Class-Module looks at for a core of at most 32x32 pixels: 32x32 pixels with the core in the middle,
// shifted inwards at the picture's borders. Where the picture is smaller it reaches beyond it, up to whole squares.
func sees(core image.Rectangle, picture image.Point) image.Rectangle {
	size := seen(picture)
	middle := core.Min.Add(core.Max).Div(2)
	corner := middle.Sub(size.Div(2))
	corner.X = max(min(corner.X, picture.X-size.X), 0)
	corner.Y = max(min(corner.Y, picture.Y-size.Y), 0)
	return image.Rectangle{Min: corner, Max: corner.Add(size)}
}

// seen is the size of the windows that the Class-Module looks at in a picture.
func seen(picture image.Point) image.Point {
	side := func(length int) int { return min(parts(length, moduleSquare)*moduleSquare, subImage) }
	return image.Pt(side(picture.X), side(picture.Y))
}

// routeMACs is the arithmetic of the Class-Module for the cores of a picture.
func (r *router) routeMACs(picture image.Point, cores int) int64 {
	window := seen(picture)
	linear := int64(len(r.module.bias) * r.module.channels)
	return int64(cores) * (r.module.features.MACs(window, image.Rectangle{Max: window}) + linear)
}

func (r *router) patchFLOPs(c *choice) float64 {
	flops := 0.0
	if c.routerMACs > 0 {
		flops = r.moduleFLOPs
	}
	for class, share := range c.Shares() {
		flops += share * r.branchFLOPs[class]
	}
	return flops
}

// largest gives the largest of what f says of the branches.
func (r *router) largest(f func(*network) int64) int64 {
	var all []int64
	for _, n := range r.branches {
		all = append(all, f(n))
	}
	return slices.Max(all)
}
