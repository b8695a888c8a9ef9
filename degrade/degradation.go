// Package degrade does to reduced pictures what cameras and web pages do: JPEG, noise and blur, by draws that are the same on every machine.
package degrade

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"classsr/imageio/jpeg/baseline"
)

// Degradation says how LR pictures are degraded after they were reduced, as cameras and web pages do it: what is given of JPEG, noise and
// blur, each for a share of the pictures, in an order drawn for each. Whole pictures are degraded, so that patches lie anywhere in JPEG's
// blocks.
type Degradation struct {
	JPEG  *JPEG  `json:"jpeg,omitempty" yaml:"jpeg"`
	Noise *Noise `json:"noise,omitempty" yaml:"noise"`
	Blur  *Blur  `json:"blur,omitempty" yaml:"blur"`
	// Variants is how many times each picture is in the data at each size, each time degraded in another way; 0 stands for 1.
	Variants int `json:"variants,omitempty" yaml:"variants"`
	// Seed is what the draws begin with.
	Seed uint64 `json:"seed,omitempty" yaml:"seed"`
}

// JPEG is encoding as JPEG and decoding again.
type JPEG struct {
	Quality [2]int  `json:"quality" yaml:"quality"` // from and to, 1 to 100
	Share   float64 `json:"share" yaml:"share"`     // of pictures; 0 stands for 1
	// Subsampling is the shares of 4:2:0, 4:2:2 and 4:4:4 among these; all 0 stands for 0.7, 0.1 and 0.2.
	Subsampling [3]float64 `json:"subsampling" yaml:"subsampling"`
}

// Noise is normal noise, independent in all samples.
type Noise struct {
	Sigma [2]float64 `json:"sigma" yaml:"sigma"` // from and to, in steps of 1/255
	Share float64    `json:"share" yaml:"share"` // of pictures; 0 stands for 1
}

// Blur is a Gaussian filter.
type Blur struct {
	Sigma [2]float64 `json:"sigma" yaml:"sigma"` // from and to, in LR pixels
	Share float64    `json:"share" yaml:"share"` // of pictures; 0 stands for 1
}

// Bounds of degradations.
const (
	maxVariants = 32
	maxNoise    = 100
	maxBlur     = 10
)

// SetDefaults fills in what 0 stands for.
func (d *Degradation) SetDefaults() {
	share := func(s *float64) {
		if *s == 0 {
			*s = 1
		}
	}
	if d.Variants == 0 {
		d.Variants = 1
	}
	if d.JPEG != nil {
		share(&d.JPEG.Share)
		if d.JPEG.Subsampling == [3]float64{} {
			d.JPEG.Subsampling = [3]float64{0.7, 0.1, 0.2}
		}
	}
	if d.Noise != nil {
		share(&d.Noise.Share)
	}
	if d.Blur != nil {
		share(&d.Blur.Share)
	}
}

// Check returns an error if no picture can be degraded like that.
func (d *Degradation) Check() error {
	if d.JPEG == nil && d.Noise == nil && d.Blur == nil {
		return errors.New("give at least one of jpeg, noise and blur")
	}
	if d.Variants < 1 || d.Variants > maxVariants {
		return fmt.Errorf("%d variants of each picture: give 1 to %d", d.Variants, maxVariants)
	}
	if j := d.JPEG; j != nil {
		if q := j.Quality; q[0] < 1 || q[1] > 100 || q[0] > q[1] {
			return fmt.Errorf("jpeg: a quality from %d to %d: give a range within 1 to 100", q[0], q[1])
		}
		s := j.Subsampling
		if sum := s[0] + s[1] + s[2]; min(s[0], s[1], s[2]) < 0 || !(math.Abs(sum-1) < 1e-6) {
			return fmt.Errorf("jpeg: the shares %v of 4:2:0, 4:2:2 and 4:4:4 must add up to 1", s)
		}
		if err := checkShare("jpeg", j.Share); err != nil {
			return err
		}
	}
	if n := d.Noise; n != nil {
		if err := checkSigma("noise", n.Sigma, maxNoise, n.Share); err != nil {
			return err
		}
	}
	if b := d.Blur; b != nil {
		return checkSigma("blur", b.Sigma, maxBlur, b.Share)
	}
	return nil
}

func checkSigma(what string, sigma [2]float64, most, share float64) error {
	if !(sigma[0] >= 0 && sigma[0] <= sigma[1] && sigma[1] > 0 && sigma[1] <= most) {
		return fmt.Errorf("%s: a sigma from %v to %v: give a range within 0 to %v", what, sigma[0], sigma[1], most)
	}
	return checkShare(what, share)
}

func checkShare(what string, share float64) error {
	if !(share > 0 && share <= 1) {
		return fmt.Errorf("%s: a share of %v: it is above 0 and at most 1", what, share)
	}
	return nil
}

// Same tells whether pictures are degraded alike, though maybe by other draws. Nil is no degradation.
func (d *Degradation) Same(other *Degradation) bool {
	if d == nil || other == nil {
		return d == other
	}
	return d.String() == other.String()
}

// String tells what is done, for messages.
func (d *Degradation) String() string {
	if d == nil {
		return "none"
	}
	var parts []string
	if j := d.JPEG; j != nil {
		parts = append(parts, fmt.Sprintf("JPEG %d-%d:%v (4:2:0, 4:2:2, 4:4:4 %v)", j.Quality[0], j.Quality[1], j.Share, j.Subsampling))
	}
	if n := d.Noise; n != nil {
		parts = append(parts, fmt.Sprintf("noise %v-%v:%v", n.Sigma[0], n.Sigma[1], n.Share))
	}
	if b := d.Blur; b != nil {
		parts = append(parts, fmt.Sprintf("blur %v-%v:%v", b.Sigma[0], b.Sigma[1], b.Share))
	}
	return strings.Join(parts, ", ")
}

// draws gives the random numbers for a picture at a size: the same for the same picture, whatever else is in the data.
func (d *Degradation) draws(picture string, factor float64, variant int) *rand.Rand {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%d %s %d %d", d.Seed, picture, math.Float64bits(factor), variant) // a hash never returns an error
	sum := h.Sum(nil)
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum), binary.LittleEndian.Uint64(sum[8:])))
}

// draw draws the steps for a picture, in their order.
func (d *Degradation) draw(random *rand.Rand) []step {
	var steps []step
	// All numbers are drawn, used or not: then a picture that one share leaves out is degraded by the others as before.
	u := func() float64 { return random.Float64() }
	between := func(r [2]float64) float64 { return r[0] + float64(u()*(r[1]-r[0])) }
	if j := d.JPEG; j != nil {
		used := u() < j.Share
		quality := j.Quality[0] + random.IntN(j.Quality[1]-j.Quality[0]+1)
		subsampling, at := baseline.Subsampling444, u()
		if at < j.Subsampling[0] {
			subsampling = baseline.Subsampling420
		} else if at < j.Subsampling[0]+j.Subsampling[1] {
			subsampling = baseline.Subsampling422
		}
		if used {
			steps = append(steps, jpegStep{quality, subsampling})
		}
	}
	if n := d.Noise; n != nil {
		used, sigma, seed := u() < n.Share, between(n.Sigma), random.Uint64()
		if used {
			steps = append(steps, noiseStep{sigma, seed})
		}
	}
	if b := d.Blur; b != nil {
		if used, sigma := u() < b.Share, between(b.Sigma); used {
			steps = append(steps, blurStep{sigma})
		}
	}
	random.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	return steps
}
