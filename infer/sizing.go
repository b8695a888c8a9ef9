package infer

import (
	"image"

	"classsr/branch"
	"classsr/fault"
)

// sizing is how a picture is cut.
type sizing struct {
	core    image.Point // largest size of cores
	workers int         // that there is memory for, at most the threads asked for
	threads int         // that work on one piece together; 0 stands for one
	bytes   int64       // that a worker takes for a piece with all its context
}

// busyThreads is how many of so many threads have work.
func (s sizing) busyThreads(threads int) int { return max(s.workers, min(s.threads, threads), 1) }

// workerMemory is what a worker may take for intermediate results where memory is no concern.
const workerMemory = 96 << 20

// stripWidths are tried from the largest on: narrow strips cost much arithmetic for their context, wide ones much memory.
var stripWidths = []int{256, 192, 160, 128, 96, 80, 64, 48, 32, narrowest}

// narrowest is the width of strips below which their context costs more than another thread gives.
const narrowest = 16

// stripLimits bounds strips: widths that are tried, from the largest on, and bytes for each.
type stripLimits struct {
	widths []int
	bytes  int64
}

// stripSizing cuts the picture into strips, which take so many bytes.
func stripSizing(picture image.Point, threads int, bytes int64, limits stripLimits,
	stripBytes func(picture, core image.Point) int64) (sizing, error) {
	var s sizing
	for s.workers = min(threads, parts(picture.X, narrowest)); s.workers > 0; s.workers-- {
		for _, width := range limits.widths {
			strips := parts(parts(picture.X, width), s.workers) * s.workers
			s.core = image.Pt(max(roundUpToEven(parts(picture.X, strips)), min(picture.X, narrowest)), picture.Y)
			s.bytes = stripBytes(picture, s.core)
			if s.bytes <= limits.bytes && s.bytes*int64(s.workers) <= bytes {
				return s, nil
			}
		}
	}
	return sizing{}, tooLittle(s.bytes, bytes)
}

// limitWorkers finds for how many workers there is memory.
func (s sizing) limitWorkers(threads int, bytes int64) (sizing, error) {
	s.workers = int(min(int64(threads), bytes/max(s.bytes, 1)))
	if s.workers < 1 {
		return s, tooLittle(s.bytes, bytes)
	}
	return s, nil
}

// parts is how many parts of at most size make up length.
func parts(length, size int) int { return (length + size - 1) / size }

// roundUpToEven makes widths such that cores begin at even columns, which they must for the tiles of convolutions.
func roundUpToEven(n int) int { return n + n%2 }

func tooLittle(need, have int64) error {
	return fault.New(fault.TooLarge, "the network needs %s of memory besides the pictures, and only %s are left: allow more",
		formatBytes(need), formatBytes(have))
}

// fixedSizing cuts the picture into cores of this size for a branch.
func fixedSizing(b *branch.Branch, picture, core image.Point, threads int, bytes int64) (sizing, error) {
	return sizing{core: core, bytes: b.Bytes(picture, core)}.limitWorkers(threads, bytes)
}
