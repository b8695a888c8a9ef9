package view

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"slices"

	"classsr/icc"
	"classsr/picture"
)

const quality = 85 // of JPEGs

// Reduced is what browsers are shown of a picture that comes in rows: means of squares of its pixels, as many as fit Side, in 8 bits, in sRGB if the picture has
// a profile that can be used. It is for one goroutine.
type Reduced struct {
	of     picture.Config
	colors *icc.Conversion // nil: they are shown as they are

	factor             int // side of the squares
	image              *image.NRGBA
	sums               []float64        // of a row of squares: red, green and blue (or gray) times alpha, and alpha, of 0 to 1
	plane, alpha, ones []float32        // a row of the picture
	line               *picture.Picture // a row of squares
	rows               int              // of the picture that were taken for the sums
	added              int              // and of these, that are in them
	made               int              // rows of the image that are complete
}

const alphaSum = 3 // which of the sums is that of alpha

// Reduce begins with a picture of that form, with that profile if it is not nil.
func Reduce(c picture.Config, profile []byte) *Reduced {
	factor := (max(c.Width, c.Height) + Side - 1) / Side
	w, h := (c.Width+factor-1)/factor, (c.Height+factor-1)/factor
	r := &Reduced{
		of: c, factor: factor, image: image.NewNRGBA(image.Rect(0, 0, w, h)), sums: make([]float64, 4*w),
		plane: make([]float32, c.Width), ones: slices.Repeat([]float32{1}, c.Width), line: picture.New(w, 1, c.Colors, false, 32),
	}
	if r.alpha = r.ones; c.Alpha {
		r.alpha = make([]float32, c.Width)
	}
	if Converts(profile) && (icc.Space(profile) == icc.Gray) == (c.Colors == 1) {
		r.colors, _ = icc.NewConversion(profile) // one that cannot be used leaves the colours as they are, as browsers do
	}
	return r
}

// Converts tells whether colours of a profile are to be converted.
func Converts(profile []byte) bool { return profile != nil && !icc.IsSRGB(icc.Name(profile)) }

// Bytes is the memory that reducing and encoding a picture of that form takes, without the tables of its profile.
func Bytes(c picture.Config) int64 {
	const pixels = Side * Side
	return 4*min(int64(c.Width)*int64(c.Height), pixels)*3 + 12*int64(c.Width) + 1<<20 // the image, what is encoded of it, and that as it grows
}

// Take adds the next rows of the picture.
func (r *Reduced) Take(rows *picture.Picture) {
	for y := range rows.Height {
		if r.of.Depth == 8 && !r.of.Alpha {
			if r.rows%r.step() == 0 {
				r.addBytes(rows.Pix8[y*rows.Width*rows.Colors:][:rows.Width*rows.Colors])
				r.added++
			}
			r.next()
			continue
		}
		r.added++
		line := image.Rect(0, y, rows.Width, y+1)
		if r.of.Alpha {
			rows.ReadPlane(r.alpha, r.of.Colors, line)
		}
		for c := range r.of.Colors {
			rows.ReadPlane(r.plane, c, line)
			r.add(c, r.plane)
		}
		r.add(alphaSum, r.ones)
		r.next()
	}
}

// next goes on to the next row of the picture.
func (r *Reduced) next() {
	if r.rows++; r.rows == r.factor || r.made*r.factor+r.rows == r.of.Height {
		r.finish()
	}
}

// step is which rows of 8 bits are added: of large squares every few ones tell enough, and a result of 300 megapixels takes a quarter of the time.
func (r *Reduced) step() int {
	const enough = 4
	return max(r.factor/enough, 1)
}

// addBytes adds a row of samples of 8 bits without alpha to the sums of each square, which is what most results have.
func (r *Reduced) addBytes(row []uint8) {
	for x := 0; x < r.of.Width; x += r.factor {
		n := min(r.factor, r.of.Width-x)
		sums := r.sums[4*(x/r.factor):][:4]
		sums[alphaSum] += float64(n)
		if r.of.Colors == 1 {
			sum := 0
			for _, v := range row[x:][:n] {
				sum += int(v)
			}
			sums[0] += float64(sum) / 255
			continue
		}
		red, green, blue := 0, 0, 0
		for pixels := row[3*x:][:3*n]; len(pixels) >= 3; pixels = pixels[3:] {
			red, green, blue = red+int(pixels[0]), green+int(pixels[1]), blue+int(pixels[2])
		}
		sums[0] += float64(red) / 255
		sums[1] += float64(green) / 255
		sums[2] += float64(blue) / 255
	}
}

// add adds a row of samples, times alpha, to a sum of each square.
func (r *Reduced) add(to int, plane []float32) {
	for x := 0; x < len(plane); x += r.factor {
		end, sum := min(x+r.factor, len(plane)), 0.0
		alpha := r.alpha[x:end]
		for i, v := range plane[x:end] {
			if v > 0 && alpha[i] > 0 { // else it adds nothing, or is no number
				sum += float64(min(v, 1) * min(alpha[i], 1))
			}
		}
		r.sums[4*(x/r.factor)+to] += sum
	}
}

// finish makes a row of the image.
func (r *Reduced) finish() {
	w := r.image.Rect.Dx()
	for x := range w {
		alpha := r.sums[4*x+alphaSum]
		for c := range r.of.Colors {
			r.line.Pix32[x*r.of.Colors+c] = 0
			if alpha > 0 {
				r.line.Pix32[x*r.of.Colors+c] = float32(r.sums[4*x+c] / alpha)
			}
		}
	}
	if r.colors != nil && r.colors.Picture(context.Background(), r.line, 1) != nil {
		r.colors = nil // its tables are damaged
	}
	for x := range w {
		n := r.added * (min((x+1)*r.factor, r.of.Width) - x*r.factor)
		p := color.NRGBA{A: eightBits(float32(r.sums[4*x+alphaSum]) / float32(n))}
		p.R = eightBits(r.line.Pix32[x*r.of.Colors])
		p.G, p.B = p.R, p.R
		if r.of.Colors == 3 {
			p.G, p.B = eightBits(r.line.Pix32[3*x+1]), eightBits(r.line.Pix32[3*x+2])
		}
		r.image.SetNRGBA(x, r.made, p)
	}
	clear(r.sums)
	r.rows, r.added = 0, 0
	r.made++
}

// eightBits is a sample of 0 to 1 in 8 bits.
func eightBits(v float32) uint8 { return uint8(min(v, 1)*255 + 0.5) }

// jpeg encodes some rows, before a white background.
func (r *Reduced) jpeg(top, bottom int) ([]byte, error) {
	part := image.Rect(0, top, r.image.Rect.Dx(), bottom)
	flat := image.NewRGBA(part)
	draw.Draw(flat, part, image.White, image.Point{}, draw.Src)
	draw.Draw(flat, part, r.image, part.Min, draw.Over)
	var b bytes.Buffer
	err := jpeg.Encode(&b, flat, &jpeg.Options{Quality: quality})
	return b.Bytes(), err
}

// Encode gives the picture, of which all rows were taken, as a file that browsers show: a PNG if it has transparency, or if it is to be exact and all pixels are there; else a JPEG, which is smaller.
func (r *Reduced) Encode(exact bool) ([]byte, error) {
	if whole := exact && r.factor == 1; !whole && !r.of.Alpha {
		return r.jpeg(0, r.image.Rect.Dy())
	}
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	err := e.Encode(&b, r.image)
	return b.Bytes(), err
}
