package degrade

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"

	"classsr/imageio"
	"classsr/imageio/jpeg/baseline"
	"classsr/internal/portable"
	"classsr/picture"
)

// All of this gives the same bits on every machine: no fused multiply-adds, no functions of package math.

// step is one thing that is done to a LR picture of RGB and 8 bits.
type step interface {
	fmt.Stringer
	// apply gives the picture that becomes of p, which it leaves alone.
	apply(p *picture.Picture) (*picture.Picture, error)
}

// Degrade gives the LR picture, RGB of 8 bits, that becomes of p at a factor of its size, and what was done. The draws depend on the name
// of the picture, the factor, the variant (from 0) and the seed.
func (d *Degradation) Degrade(p *picture.Picture, name string, factor float64, variant int) (*picture.Picture, []string, error) {
	var done []string
	p = p.RGB8()
	for _, s := range d.draw(d.draws(name, factor, variant)) {
		var err error
		if p, err = s.apply(p); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", s, err)
		}
		done = append(done, s.String())
	}
	return p, done, nil
}

// Bytes bounds what Degrade holds for a LR picture of this form, beside it and the result.
func (d *Degradation) Bytes(lr picture.Config) int64 {
	const copies = 8 // the file, what it is decoded to, and planes of the filter
	n := copies * lr.Bytes()
	if d.JPEG != nil {
		n += imageio.EncoderBytes(lr, jpegFormat, imageio.EncodeOptions{Threads: 1})
	}
	return n
}

const jpegFormat = "jpeg"

type jpegStep struct {
	quality     int
	subsampling baseline.Subsampling
}

func (s jpegStep) String() string { return fmt.Sprintf("JPEG %d %s", s.quality, s.subsampling) }

func (s jpegStep) apply(p *picture.Picture) (*picture.Picture, error) {
	var file bytes.Buffer
	o := imageio.EncodeOptions{Quality: s.quality, Subsampling: s.subsampling, Threads: 1}
	if err := imageio.Encode(&file, p, jpegFormat, o); err != nil {
		return nil, err
	}
	decoded, err := imageio.Decode(file.Bytes(), imageio.Limits{})
	if err != nil {
		return nil, err
	}
	return decoded.Picture, nil
}

type noiseStep struct {
	sigma float64
	seed  uint64
}

func (s noiseStep) String() string { return fmt.Sprintf("noise %.2f", s.sigma) }

func (s noiseStep) apply(p *picture.Picture) (*picture.Picture, error) {
	out := picture.New(p.Width, p.Height, 3, false, 8)
	source := rand.NewPCG(s.seed, 0)
	for i, v := range p.Pix8 {
		out.Pix8[i] = level(float64(v) + float64(s.sigma*normal(source)))
	}
	return out, nil
}

// normal draws a number that is very nearly normal, with a deviation of 1: a sum of twelve even ones, which needs no function that
// machines round differently.
func normal(source *rand.PCG) float64 {
	sum := 0
	for range 3 {
		v := source.Uint64()
		for range 4 {
			sum += int(v & 0xffff)
			v >>= 16
		}
	}
	const mean = 12 * 0xffff / 2
	return float64(sum-mean) / 0x10000
}

type blurStep struct{ sigma float64 }

func (s blurStep) String() string { return fmt.Sprintf("blur %.2f", s.sigma) }

func (s blurStep) apply(p *picture.Picture) (*picture.Picture, error) {
	taps := s.taps()
	across := picture.New(p.Width, p.Height, 3, false, 8)
	out := picture.New(p.Width, p.Height, 3, false, 8)
	row := 3 * p.Width
	for y := range p.Height {
		filter(across.Pix8[y*row:], p.Pix8[y*row:], taps, p.Width, 3, 3)
	}
	filter(out.Pix8, across.Pix8, taps, p.Height, row, row)
	return out, nil
}

// taps are the weights of the filter from its middle on.
func (s blurStep) taps() []float64 {
	const reach = 3 // in deviations
	taps := make([]float64, int(math.Ceil(reach*s.sigma))+1)
	var sum float64
	for i := range taps {
		taps[i] = 1
		if i > 0 { // which is never so where sigma is 0
			d := float64(i) / s.sigma
			taps[i] = portable.Exp(-d * d / 2)
			sum += 2 * taps[i]
		}
	}
	for i := range taps {
		taps[i] /= 1 + sum
	}
	return taps
}

// filter filters n places along an axis, which are so many samples from each other and have so many samples each, which are next to each
// other. Beyond the ends lies what is inside, mirrored.
func filter(dst, src []byte, taps []float64, n, distance, samples int) {
	at := func(i int) []byte {
		for i < 0 || i >= n {
			if i < 0 {
				i = -1 - i
			} else {
				i = 2*n - 1 - i
			}
		}
		return src[i*distance:][:samples]
	}
	sums := make([]float64, samples)
	for i := range n {
		for k, v := range at(i) {
			sums[k] = float64(taps[0] * float64(v))
		}
		for t := 1; t < len(taps); t++ {
			a, b := at(i-t), at(i+t)
			for k := range sums {
				sums[k] += float64(taps[t] * float64(int(a[k])+int(b[k])))
			}
		}
		for k, v := range sums {
			dst[i*distance+k] = level(v)
		}
	}
}

// level is the nearest sample of 8 bits.
func level(v float64) byte { return byte(min(max(math.Floor(v+0.5), 0), 255)) }
