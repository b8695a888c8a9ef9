package png

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"io"

	"github.com/klauspost/compress/zlib"

	"classsr/imageio/codec"
	"classsr/picture"
)

// An animated PNG is a PNG whose picture is the first frame, or stands for the animation where it cannot be shown. Which of both it is, the
// place of the first chunk fcTL says: before the pixels of the picture or behind them. The further frames are in chunks fdAT.

// What becomes of a frame when its time is over.
const (
	disposeBackground = 1 // its rectangle becomes transparent
	disposePrevious   = 2 // what was there before comes back
)

// blendOver says that a frame is laid over what is there, by its alpha; else it replaces it.
const blendOver = 1

// frame is a picture on the canvas.
type frame struct {
	x, y, width, height int
	disposal, blend     byte
	data                int64 // where its first chunk begins; 0 as long as none was found
	bytes               int64 // compressed
	still               bool  // it is the picture that is shown without animation
}

// animation is what a file says of its frames.
type animation struct {
	announced bool // there was a chunk acTL in its place
	frames    []frame
}

// control reads a chunk fcTL, which begins a frame.
func (f *scanner) control(body []byte) error {
	if !f.animation.announced {
		return nil
	}
	if f.Pages++; f.Pages > f.Options.Page {
		return nil // nobody asks for it
	}
	if len(body) < 26 {
		return errors.New("a frame has no size")
	}
	side := func(i int) int { return int(min(binary.BigEndian.Uint32(body[i:]), 1<<31-1)) }
	fr := frame{width: side(4), height: side(8), x: side(12), y: side(16), disposal: body[24], blend: body[25], still: f.pixels == 0}
	if fr.width < 1 || fr.height < 1 || fr.x+fr.width > f.Width || fr.y+fr.height > f.Height ||
		fr.still && (fr.width != f.Width || fr.height != f.Height) {
		return errors.New("a frame reaches beyond the picture")
	}
	f.animation.frames = append(f.animation.frames, fr)
	return nil
}

// frameData takes note of a chunk with pixels of the frame at hand.
func (f *scanner) frameData(length int64) {
	if n := len(f.animation.frames); n > 0 && n == f.Pages {
		fr := &f.animation.frames[n-1]
		if fr.bytes += length; fr.data == 0 {
			fr.data = f.at
		}
	}
}

// toFrame reads on to the pixels of the frame that is wanted, where these are not those of the picture.
func (f *scanner) toFrame() error {
	if f.Options.Page < 1 {
		return nil
	}
	if !f.animation.announced {
		return f.OnePage()
	}
	if len(f.animation.frames) == 1 && f.Options.Page == 1 { // it is the picture
		f.animation.frames = nil
		return nil
	}
	if err := f.CheckFrame(); err != nil {
		return err
	}
	for !f.complete && (f.Pages < f.Options.Page || f.animation.frames[f.Options.Page-1].data == 0) {
		if err := f.next(); err != nil {
			return err
		}
	}
	if f.Pages < f.Options.Page {
		return f.NoPage(f.Pages)
	}
	f.HeaderEnd = f.at
	f.composed()
	return nil
}

// composed works out the form of a frame on its canvas, and what drawing it takes.
func (f *scanner) composed() {
	own, largest := f.Alpha, int64(0)
	f.Alpha = true
	frames := f.animation.frames
	for i, fr := range frames {
		before := f.Alpha
		if !own && fr.width == f.Width && fr.height == f.Height {
			f.Alpha = false
		}
		switch {
		case i == len(frames)-1:
		case fr.disposal == disposeBackground:
			f.Alpha = true
		case fr.disposal == disposePrevious:
			f.Alpha = before
		}
		largest = max(largest, int64(fr.width)*int64(fr.height))
	}
	f.ownAlpha = own
	f.Needs.Decoder = f.PictureBytes() + largest*codec.PixelBytes + 2*int64(f.rowBytes(f.Width)) + codec.PixelBytes*int64(f.Width)
	if f.Orientation > 1 {
		f.Needs.Decoder += f.PictureBytes()
	}
}

// hiding is the index of the last frame behind which nothing is seen of those before it.
func (f *scanner) hiding() int {
	frames := f.animation.frames
	last := len(frames) - 1
	for i := last; i > 0; i-- {
		fr := frames[i]
		switch {
		case fr.width < f.Width || fr.height < f.Height || i < last && fr.disposal == disposePrevious:
		case fr.blend != blendOver || !f.ownAlpha, i < last && fr.disposal == disposeBackground:
			return i
		}
	}
	return 0
}

// drawn draws all frames up to the one that is wanted, as far as anything is seen of them.
func (f *scanner) drawn() (*picture.Picture, error) {
	p := f.NewStored()
	begin, last := f.hiding(), len(f.animation.frames)-1
	for i, fr := range f.animation.frames {
		if i < begin {
			continue
		}
		// Who vanishes again leaves no trace but, perhaps, an empty rectangle.
		switch {
		case i < last && fr.disposal == disposePrevious:
		case i < last && fr.disposal == disposeBackground:
			codec.Erase(p, image.Rect(fr.x, fr.y, fr.x+fr.width, fr.y+fr.height))
		default:
			part, err := f.decoded(fr)
			if err != nil {
				return nil, fmt.Errorf("frame %d: %w", i+1, err)
			}
			codec.Lay(p, part, fr.x, fr.y, fr.blend == blendOver)
		}
	}
	return f.Turned(p), nil
}

// decoded decodes the pixels of a frame alone.
func (f *scanner) decoded(fr frame) (*picture.Picture, error) {
	data := &idat{r: f.Src.Reader(fr.data), crc: crc32.NewIEEE(), kind: "fdAT"}
	if fr.still {
		data = &idat{r: f.Src.Reader(f.pixels), crc: crc32.NewIEEE(), kind: "IDAT"}
	} else if fr.data == 0 || fr.bytes*codec.MaxDeflate/int64(max(f.rowBytes(fr.width)-1, 1)) < int64(fr.height) {
		return nil, io.ErrUnexpectedEOF
	}
	inflated, err := zlib.NewReader(data)
	if err != nil {
		return nil, err
	}
	alone := *f
	alone.File = &codec.File{Width: fr.width, Height: fr.height, Colors: f.Colors, Alpha: f.ownAlpha, Depth: f.Depth}
	return alone.inflate(inflated, data)
}
