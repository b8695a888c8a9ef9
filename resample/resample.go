// Package resample shrinks and enlarges pictures by bicubic interpolation (a = -0.5) as MATLAB's imresize does: the filter that
// the field's LR pictures and bicubic baselines are made with.
//
// Start with New, which computes the weights for one pair of sizes, then call Bytes or Floats of the Plan for as many pictures of
// these sizes as there are; BytesWindow and FloatsWindow compute a rectangle of the result from a part of the source, sample for
// sample what the whole picture gives.
//
// It knows no colour: samples are filtered as they are, without gamma and without regard to alpha. It decodes nothing, starts no
// goroutines, and offers no filter but the bicubic one.
package resample

import (
	"fmt"
	"math"
)

// Variant names which of the two bicubic filters in use a Plan reproduces. Both have the same kernel, widened by the factor when
// shrinking (antialiasing), and both filter the columns first (along the height), then the rows (along the width).
type Variant int

const (
	// Published makes the LR pictures that come with Set5, Set14 and their kind, byte for byte. Beyond the picture its edge
	// samples are repeated (a b c | c c c), and 8-bit pictures are rounded to 8 bit after each of the two passes.
	Published Variant = iota
	// Original is the imresize of the authors' Python code. Beyond the picture it is mirrored, edge samples included
	// (a b c | c b a), and nothing is rounded between the passes. That code computes in float32, this package in float64.
	Original
)

// String gives the name of the variant, for messages.
func (v Variant) String() string {
	switch v {
	case Published:
		return "published"
	case Original:
		return "original"
	}
	return fmt.Sprintf("variant %d", int(v))
}

// MaxSide is the largest width or height that a Plan takes.
const MaxSide = 1 << 24

// Plan holds the weights for resizing pictures of one size to another. It does not change after New, so several goroutines may
// use it at once. It takes about 50 bytes for every row and column of the larger picture.
type Plan struct {
	variant Variant
	x, y    axis
}

// New plans the resizing of srcW x srcH samples to dstW x dstH. The scale of each axis is the ratio of its sizes. It returns an
// error if a size is not in 1..MaxSide or the variant is unknown.
//
// MATLAB filters the axis of the smaller scale first; here it is always the height, which differs (by the rounding in between)
// only for 8-bit pictures in the Published variant that are narrowed more than they are lowered.
func New(srcW, srcH, dstW, dstH int, v Variant) (*Plan, error) {
	scale := [2]float64{float64(dstW) / float64(srcW), float64(dstH) / float64(srcH)}
	return newPlan([2]int{srcW, srcH}, [2]int{dstW, dstH}, scale, v)
}

// NewScale plans the resizing of srcW x srcH samples by one scale (0.5 halves, 4 enlarges four times) for both axes. As in
// MATLAB, the result has ceil(scale*size) samples a side, see Size, and the weights follow scale, not the ratio of sizes: where
// scale*size is no integer, New gives another result for the same sizes. It returns an error if scale is not a positive number or
// leaves less than one sample of the longer side, a size of source or result is not in 1..MaxSide, or the variant is unknown.
func NewScale(srcW, srcH int, scale float64, v Variant) (*Plan, error) {
	if !(scale > 0) || math.IsInf(scale, 0) {
		return nil, fmt.Errorf("cannot resize by %v: give a positive number", scale)
	}
	if scale*float64(max(srcW, srcH)) < 1 {
		return nil, fmt.Errorf("cannot resize %dx%d by %v: less than one sample would be left", srcW, srcH, scale)
	}
	// The cap keeps the conversion to int defined; what it cuts is too large anyway.
	size := func(n int) int { return int(min(math.Ceil(scale*float64(n)), MaxSide+1)) }
	return newPlan([2]int{srcW, srcH}, [2]int{size(srcW), size(srcH)}, [2]float64{scale, scale}, v)
}

// newPlan takes sizes and scales as width, height.
func newPlan(src, dst [2]int, scale [2]float64, v Variant) (*Plan, error) {
	for _, n := range [4]int{src[0], src[1], dst[0], dst[1]} {
		if n < 1 || n > MaxSide {
			return nil, fmt.Errorf("cannot resize %dx%d to %dx%d: sides must be 1 to %d", src[0], src[1], dst[0], dst[1], MaxSide)
		}
	}
	if v != Published && v != Original {
		return nil, fmt.Errorf("cannot resize: unknown bicubic %v", v)
	}
	return &Plan{
		variant: v,
		x:       newAxis(src[0], dst[0], scale[0], v),
		y:       newAxis(src[1], dst[1], scale[1], v),
	}, nil
}

// Size is the width and height of the result.
func (p *Plan) Size() (w, h int) { return p.x.dst, p.y.dst }
