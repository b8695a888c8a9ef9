package work

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"

	"classsr/internal/atomicfile"
	"classsr/picture"
	"classsr/pipeline"
	"classsr/server/jobs"
)

const (
	viewSide    = 1280    // pixels of a view's longer side at most
	viewPixels  = 1 << 19 // results of fewer are shown themselves
	viewQuality = 85
	mapSide     = 2048 // pixels of a map's longer side at most
)

// views makes a small picture of a result, band by band as its rows come: means of squares of its pixels.
type views struct {
	job  string
	told func(jobs.Band)

	factor int // side of the squares
	whole  *image.RGBA
	sums   []int32 // of a row of squares: red, green, blue of each, in 8 bits
	rows   int     // of the result that are in them
	y      int     // of the view that is made next
	sent   int     // rows of the view that were told of
}

func newViews(job string, told func(jobs.Band)) *views { return &views{job: job, told: told} }

// rows is Pipeline.Rows.
func (v *views) rowsOf(c picture.Config) func(top int, rows *picture.Picture) {
	if v.job == "" || c.Width*c.Height < viewPixels {
		return nil
	}
	v.factor = (max(c.Width, c.Height) + viewSide - 1) / viewSide
	w, h := (c.Width+v.factor-1)/v.factor, (c.Height+v.factor-1)/v.factor
	v.whole, v.sums = image.NewRGBA(image.Rect(0, 0, w, h)), make([]int32, 3*w)
	v.rows, v.y, v.sent = 0, 0, 0
	return func(top int, rows *picture.Picture) {
		shown := opaque(rows).RGB8()
		for y := range shown.Height {
			v.add(shown.Pix8[3*y*shown.Width:][:3*shown.Width])
			if v.rows == v.factor || top+y+1 == c.Height {
				v.finish(c.Width)
			}
		}
		v.tell(top+rows.Height == c.Height)
	}
}

// opaque is rows before a white background.
func opaque(rows *picture.Picture) *picture.Picture {
	flat, err := picture.Flattened(rows.Rows(rows.Height), [3]uint8{255, 255, 255}).NextRows()
	if err != nil { // rows in memory have no errors
		return rows
	}
	return flat
}

// add adds a row of pixels to the squares.
func (v *views) add(row []uint8) {
	for x := 0; 3*x < len(row); x++ {
		to := v.sums[x/v.factor*3:][:3]
		to[0] += int32(row[3*x])
		to[1] += int32(row[3*x+1])
		to[2] += int32(row[3*x+2])
	}
	v.rows++
}

// finish makes a row of the view.
func (v *views) finish(width int) {
	for x := range v.whole.Rect.Dx() {
		n := int32(v.rows * (min((x+1)*v.factor, width) - x*v.factor))
		s := v.sums[3*x:][:3]
		v.whole.SetRGBA(x, v.y, color.RGBA{uint8((s[0] + n/2) / n), uint8((s[1] + n/2) / n), uint8((s[2] + n/2) / n), 255})
	}
	clear(v.sums)
	v.rows = 0
	v.y++
}

// bandRows is how high bands are at least that are told of.
const bandRows = 32

// tell tells of the rows that are finished.
func (v *views) tell(last bool) {
	if v.told == nil || v.y == v.sent || v.y-v.sent < bandRows && !last {
		return
	}
	w := v.whole.Rect.Dx()
	var b bytes.Buffer
	if jpeg.Encode(&b, v.whole.SubImage(image.Rect(0, v.sent, w, v.y)), &jpeg.Options{Quality: viewQuality}) != nil {
		return // it is written to memory
	}
	v.told(jobs.Band{Job: v.job, Top: v.sent, Height: v.y - v.sent, Width: w, Whole: v.whole.Rect.Dy(), JPEG: b.Bytes()})
	v.sent = v.y
}

// made tells whether there is a view.
func (v *views) made() bool { return v.whole != nil }

// save writes the view, if there is one.
func (v *views) save(path string) error {
	if !v.made() {
		return nil
	}
	return atomicfile.Write(path, true, func(w io.Writer) error { return jpeg.Encode(w, v.whole, &jpeg.Options{Quality: viewQuality}) })
}

// saveMap writes the map of classes as a layer, if there is one.
func saveMap(r *pipeline.Result, path string) (bool, error) {
	if r.Route == nil {
		return false, nil
	}
	layer := r.Route.Layer(mapSide)
	return true, atomicfile.Write(path, true, func(w io.Writer) error { return png.Encode(w, layer) })
}
