package codec

import (
	"image"

	"classsr/picture"
)

// Convert gives the pixels of a decoded image, of 8 bits a sample, the channels of a form that has its size. The image's memory may become the
// picture's. videoRange says that brightness is 16 for black to 235 for white. It panics where image and form disagree on the channels, which
// only damaged data brings about.
func Convert(img image.Image, form picture.Config, videoRange bool) *picture.Picture {
	f := &File{Width: form.Width, Height: form.Height, Colors: form.Colors, Alpha: form.Alpha, Depth: 8, Orientation: 1, VideoRange: videoRange}
	return f.convert(img)
}
