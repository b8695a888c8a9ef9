package classsr

import (
	"image"

	"classsr/tile"
)

// regionSizing gives the size that no piece of any class exceeds, for pictures whose regions are pieces of their own: those of networks
// that pool over their input, and small ones.
func (r *routed) regionSizing(picture image.Point, threads int, bytes int64) (sizing, error) {
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

// regionSizing is the sizing for pieces of a picture whose other parts other networks compute: networks that pool never see all
// of it.
func (n *network) regionSizing(picture image.Point, threads int, bytes int64) (sizing, error) {
	if n.spec.Pools() {
		return n.fixedSizing(picture, image.Pt(poolingCore, poolingCore), threads, bytes)
	}
	return n.sizing(picture, threads, bytes)
}

// cutRegions makes pieces of the regions of one class.
func (r *routed) cutRegions(picture image.Point, s sizing, c *choice) []piece {
	var pieces []piece
	for _, region := range c.Regions() {
		for _, part := range tile.Cover(region.Size(), image.Pt(s.core.X, min(s.core.Y, region.Dy())), 0) {
			core := part.Core.Add(region.Min)
			window := r.branches[region.Class].regionWindow(picture, core)
			pieces = append(pieces, piece{Piece: tile.Piece{Core: core, Window: window}, class: region.Class})
		}
	}
	return pieces
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
