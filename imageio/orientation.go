package imageio

import (
	"bytes"

	"classsr/picture"
)

// exif takes note of an EXIF block and honours the orientation that it gives. A block that makes no sense is ignored.
func (c *container) exif(block []byte) {
	c.note(noteEXIF)
	block = bytes.TrimPrefix(block, []byte("Exif\x00"))
	block = bytes.TrimPrefix(block, []byte{0})
	if o := exifOrientation(block); o >= 1 && o <= 8 {
		c.orientation = o
	}
}

// exifOrientation gives the orientation in an EXIF block, which is laid out as a TIFF file, or 0 where there is none.
func exifOrientation(block []byte) int {
	d, err := firstDirectory(block)
	if err != nil {
		return 0
	}
	return int(d.uint(tagOrientation, 0))
}

// swapsSides reports whether turning upright exchanges width and height.
func swapsSides(orientation int) bool { return orientation >= 5 && orientation <= 8 }

// upright returns the picture turned and mirrored so that the stored one, of that EXIF orientation, stands upright.
//
// EXIF says where the stored first row and first column lie in the upright picture: 1 top and left, 2 top and right,
// 3 bottom and right, 4 bottom and left, 5 left and top, 6 right and top, 7 right and bottom, 8 left and bottom.
func upright(p *picture.Picture, orientation int) *picture.Picture {
	if orientation <= 1 || orientation > 8 {
		return p
	}
	w, h := p.Width, p.Height
	if swapsSides(orientation) {
		w, h = h, w
	}
	out := picture.New(w, h, p.Colors, p.Alpha, p.Depth)
	if p.Depth == 8 {
		reorder(out.Pix8, p.Pix8, p.Width, p.Height, p.Channels(), orientation)
	} else {
		reorder(out.Pix16, p.Pix16, p.Width, p.Height, p.Channels(), orientation)
	}
	return out
}

// reorder copies the pixels of src, of size w by h, to their places in dst.
func reorder[T uint8 | uint16](dst, src []T, w, h, channels, orientation int) {
	// The place of stored pixel (x, y) is start + x*right + y*down, in pixels.
	var start, right, down int
	switch orientation {
	case 2:
		start, right, down = w-1, -1, w
	case 3:
		start, right, down = w*h-1, -1, -w
	case 4:
		start, right, down = w*(h-1), 1, -w
	case 5:
		start, right, down = 0, h, 1
	case 6:
		start, right, down = h-1, h, -1
	case 7:
		start, right, down = w*h-1, -h, -1
	case 8:
		start, right, down = h*(w-1), -h, 1
	}
	at := 0
	for y := range h {
		to := (start + y*down) * channels
		for range w {
			for k := range channels {
				dst[to+k] = src[at+k]
			}
			at += channels
			to += right * channels
		}
	}
}
