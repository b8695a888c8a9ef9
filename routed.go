package classsr

import (
	"context"
	"image"

	"classsr/imageio"
	"classsr/route"
	"classsr/tile"
)

// routed is the method of ModeRouted: each region of one class is computed by its branch, with real context around it.
type routed struct{ *router }

func (r routed) covered(picture image.Point) image.Point { return picture }

func (r routed) route(ctx context.Context, in *imageio.Picture, threads int) (*route.Map, error) {
	var cores []image.Rectangle
	for _, p := range tile.Cover(image.Pt(in.Width, in.Height), image.Pt(subImage, subImage), 0) {
		cores = append(cores, p.Core)
	}
	return r.classify(ctx, in, cores, threads)
}

// sizing gives the size that no piece of any class exceeds.
func (r routed) sizing(picture image.Point, threads int, bytes int64) (sizing, error) {
	var s sizing
	for i, n := range r.branches {
		own, err := n.regionSizing(picture, threads, bytes)
		if err != nil {
			return own, err
		}
		if i == 0 {
			s = own
		}
		s.core.X, s.core.Y = min(s.core.X, own.core.X), min(s.core.Y, own.core.Y)
		s.workers, s.bytes = min(s.workers, own.workers), max(s.bytes, own.bytes)
	}
	return s, nil
}

func (r routed) cut(picture image.Point, s sizing, m *route.Map) []piece {
	var pieces []piece
	for _, region := range m.Regions() {
		for _, part := range tile.Cover(region.Size(), image.Pt(s.core.X, min(s.core.Y, region.Dy())), 0) {
			core := part.Core.Add(region.Min)
			window := r.branches[region.Class].regionWindow(picture, core)
			pieces = append(pieces, piece{tile.Piece{Core: core, Window: window}, region.Class})
		}
	}
	return pieces
}

func (r routed) macs(p piece) int64 { return r.branches[p.class].macs(p) }

// regionSizing is the sizing for pieces of a picture whose other parts other networks compute: networks that pool never see all
// of it.
func (n *network) regionSizing(picture image.Point, threads int, bytes int64) (sizing, error) {
	if n.spec.Pools() {
		return n.fixedSizing(picture, image.Pt(poolingCore, poolingCore), threads, bytes)
	}
	return n.sizing(picture, threads, bytes)
}

// regionWindow is what the network reads to compute a core so that it has the bits of the whole picture. The window is as high as
// the picture, so that the tiles of convolutions lie in the same grid; the engine computes only the rows that the core needs.
func (n *network) regionWindow(picture image.Point, core image.Rectangle) image.Rectangle {
	window := core.Inset(-n.context())
	if !n.spec.Pools() {
		window.Min.Y, window.Max.Y = 0, picture.Y
	}
	return window.Intersect(image.Rectangle{Max: picture})
}
