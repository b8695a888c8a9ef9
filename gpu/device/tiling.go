package device

import (
	"cmp"
	"slices"

	"classsr/gpu/shaders"
)

const (
	// Every device of Vulkan 1.1 has so much shared memory, in bytes, and so many threads in a workgroup.
	sharedMemory = 16384
	mostThreads  = 128
	// mostChunk bounds how many quads of the input are copied to shared memory at a time.
	mostChunk = 4
	// mostRows bounds the threads along y: of what a mask leaves out, whole tiles are not computed.
	mostRows = 4
)

// tiling is how a convolution is cut for workgroups.
type tiling struct {
	quads  int // of channels that a thread makes
	groups int // of quads, one for each thread along z
	rows   int // threads along y, each for shaders.ConvRows rows
	chunk  int // quads of the input in shared memory at a time
}

// width and height are the part of the input that a workgroup's tile reads, for kernels with taps a side.
func (t tiling) width(taps int) int  { return shaders.ConvColumns + taps - 1 }
func (t tiling) height(taps int) int { return shaders.ConvRows*t.rows + taps - 1 }

// outQuads is how many quads a workgroup makes.
func (t tiling) outQuads() int { return t.quads * t.groups }

// shared is the bytes that a quad of the input takes in shared memory, with its weights.
func (t tiling) shared(taps, quadBytes int) int {
	return quadBytes * (t.width(taps)*t.height(taps) + taps*taps*quadSize*t.outQuads())
}

// tilings are all that every device can run.
func tilings(taps, quadBytes int) []tiling {
	var all []tiling
	for quads := 1; quads <= 2; quads++ {
		for groups := 1; groups <= mostThreads/shaders.ConvColumns; groups++ {
			for rows := 1; rows <= mostRows && shaders.ConvColumns*rows*groups <= mostThreads; rows *= 2 {
				t := tiling{quads: quads, groups: groups, rows: rows}
				if t.chunk = min(sharedMemory/t.shared(taps, quadBytes), mostChunk); t.chunk > 0 {
					all = append(all, t)
				}
			}
		}
	}
	return all
}

// chooseTiling finds what takes least time, by estimate, for a convolution that makes so many quads, with taps a side. It
// depends on nothing else, so that all bands are computed alike.
func chooseTiling(taps, out, quadBytes int) tiling {
	return slices.MinFunc(tilings(taps, quadBytes), func(a, b tiling) int { return cmp.Compare(a.cost(taps, out), b.cost(taps, out)) })
}

// cost estimates the time for a pixel, in multiply-accumulates of quads by numbers.
func (t tiling) cost(taps, out int) float64 {
	const (
		pixelLoad, weightLoad = 2.0, 0.5 // from shared memory: all threads read other pixels, but the same weights
		copied                = 12.0     // a quad, to shared memory
		barriers              = 64.0     // for all threads together, in each chunk
		few                   = 64       // threads
		tooFew                = 1.3      // what fewer cost
	)
	threads := float64(shaders.ConvColumns * t.rows * t.groups)
	square := float64(taps * taps)
	sums := square * quadSize * shaders.ConvRows * float64(t.quads)
	reads := float64(taps*(shaders.ConvRows+taps-1))*pixelLoad + square*quadSize*float64(t.quads)*weightLoad
	copies := float64(t.width(taps)*t.height(taps)) + square*quadSize*float64(t.outQuads())
	blocks := float64((out + t.outQuads() - 1) / t.outQuads())
	pixels := float64(shaders.ConvColumns * shaders.ConvRows * t.rows)
	cost := blocks * (threads*(sums+reads) + copied*copies + barriers*threads/float64(t.chunk)) / pixels
	if threads < few {
		cost *= tooFew
	}
	return cost
}

// constants are those of shaders.ConvName.
func (t tiling) constants(taps int) []uint32 {
	var all []uint32
	for _, n := range []int{shaders.ConvColumns, t.rows, t.groups, t.chunk, t.width(taps), t.height(taps), t.outQuads()} {
		all = append(all, uint32(n))
	}
	return all
}
