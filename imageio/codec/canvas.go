package codec

import (
	"image"

	"classsr/picture"
)

// Erase makes a rectangle of the canvas transparent, or black where it has no alpha, as far as it lies on it.
func Erase(canvas *picture.Picture, r image.Rectangle) {
	r = r.Intersect(canvas.Bounds())
	n := canvas.Channels()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		from, to := (y*canvas.Width+r.Min.X)*n, (y*canvas.Width+r.Max.X)*n
		if canvas.Depth == 8 {
			clear(canvas.Pix8[from:to])
		} else {
			clear(canvas.Pix16[from:to])
		}
	}
}

// Lay lays a frame of an animation on the canvas, with its upper left pixel at (x, y): over what is there, by the frame's alpha, or in its
// place. Both have the same colours and depth, straight alpha or none, and the frame lies inside. What is laid over a canvas without alpha
// leaves it opaque.
func Lay(canvas, frame *picture.Picture, x, y int, over bool) {
	if canvas.Colors != frame.Colors || canvas.Depth != frame.Depth || !frame.Bounds().Add(image.Pt(x, y)).In(canvas.Bounds()) {
		panic("codec: a frame that does not fit its canvas")
	}
	if canvas.Depth == 8 {
		lay(canvas, canvas.Pix8, frame, frame.Pix8, x, y, over)
	} else {
		lay(canvas, canvas.Pix16, frame, frame.Pix16, x, y, over)
	}
}

func lay[T uint8 | uint16](canvas *picture.Picture, to []T, frame *picture.Picture, from []T, x, y int, over bool) {
	n, own, opaque := canvas.Channels(), frame.Channels(), T(1<<canvas.Depth-1)
	for row := range frame.Height {
		dst, src := to[((y+row)*canvas.Width+x)*n:], from[row*frame.Width*own:]
		for range frame.Width {
			alpha := opaque
			if frame.Alpha {
				alpha = src[own-1]
			}
			switch {
			case alpha == opaque || !over:
				copy(dst[:canvas.Colors], src[:canvas.Colors])
				if canvas.Alpha {
					dst[n-1] = alpha
				}
			case alpha > 0:
				blend(dst[:n], src[:own], canvas.Alpha, uint64(alpha), uint64(opaque))
			}
			dst, src = dst[n:], src[own:]
		}
	}
}

// blend lays a pixel with alpha over another one.
func blend[T uint8 | uint16](dst, src []T, canvasAlpha bool, over, opaque uint64) {
	under := opaque
	if canvasAlpha {
		under = uint64(dst[len(dst)-1])
	}
	// Both alphas in units of 1/opaque², of which the sum is.
	a, b := over*opaque, under*(opaque-over)
	sum := a + b
	for k := range dst[:len(src)-1] {
		dst[k] = T((uint64(src[k])*a + uint64(dst[k])*b + sum/2) / sum)
	}
	if canvasAlpha {
		dst[len(dst)-1] = T((sum + opaque/2) / opaque)
	}
}

// Straighten divides colours by the alpha that they were multiplied with, which comes last in each pixel.
func Straighten[T uint8 | uint16](pix []T, channels int) {
	most := uint32(^T(0))
	for ; len(pix) >= channels; pix = pix[channels:] {
		last := channels - 1
		if a := uint32(pix[last]); a != 0 && a != most {
			for k := range pix[:last] {
				pix[k] = T(min(most, (uint32(pix[k])*most+a/2)/a))
			}
		}
	}
}
