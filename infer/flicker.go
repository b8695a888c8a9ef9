package infer

import (
	"image"

	"classsr/picture"
)

// measure finds how much of a result has changed where its picture has not.
func (f *Frame) measure(s *Sequence, seen *seen) {
	if s.last == nil || seen.fresh || seen.scene {
		return
	}
	still, sum, samples := 0, 0.0, 0
	scale := s.up.Scale()
	for i := range seen.cells {
		corner := image.Pt(i%seen.columns, i/seen.columns).Mul(flatCell)
		r := image.Rectangle{Min: corner, Max: corner.Add(image.Pt(flatCell, flatCell))}
		if seen.any(r.Inset(-flatCell)) {
			continue
		}
		still++
		r = image.Rectangle{Min: r.Min.Mul(scale), Max: r.Max.Mul(scale)}.Intersect(s.out.Bounds())
		sum += difference(s.last, s.out, r)
		samples += r.Dx() * r.Dy() * s.out.Channels()
	}
	f.Still = float64(still) / float64(len(seen.cells))
	if samples > 0 {
		f.Flicker = sum / float64(samples)
	}
}

// difference adds up the absolute differences of all samples in a rectangle of two pictures, in levels of 255.
func difference(a, b *picture.Picture, r image.Rectangle) float64 {
	n := a.Channels()
	sum := 0.0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		from, until := (y*a.Width+r.Min.X)*n, (y*a.Width+r.Max.X)*n
		switch a.Depth {
		case 8:
			sum += float64(differences(a.Pix8[from:until], b.Pix8[from:until]))
		case 16:
			sum += float64(differences(a.Pix16[from:until], b.Pix16[from:until])) / 257
		default:
			for i := from; i < until; i++ {
				sum += 255 * max(float64(a.Pix32[i]-b.Pix32[i]), float64(b.Pix32[i]-a.Pix32[i]))
			}
		}
	}
	return sum
}

func differences[S uint8 | uint16](a, b []S) int {
	sum := 0
	for i, v := range a {
		sum += max(int(v)-int(b[i]), int(b[i])-int(v))
	}
	return sum
}

// remember keeps the result of the picture before.
func (s *Sequence) remember() {
	if s.last == nil || s.last.Config() != s.out.Config() {
		s.last = s.out.Config().New()
	}
	copy(s.last.Pix8, s.out.Pix8)
	copy(s.last.Pix16, s.out.Pix16)
	copy(s.last.Pix32, s.out.Pix32)
}
