// Package view makes what browsers are shown of pictures: a small JPEG or PNG of a result while its rows come, or of a picture, and the map of its classes.
package view

import (
	"image/png"
	"io"

	"classsr/internal/atomicfile"
	"classsr/metadata"
	"classsr/picture"
	"classsr/route"
)

const (
	// Ending is that of a result's view, by which the store names it. It is a JPEG or a PNG.
	Ending = ".view"
	// MapEnding is that of its map of classes, a PNG.
	MapEnding = ".map.png"
	// Side is how many pixels a view has at most in its width and height.
	Side = 1280
	// Pixels is how many a result has at least that has a view, where browsers can show results themselves.
	Pixels = 1 << 19
	// soon is how many pixels a result has at least whose view is made while its rows come, whether somebody watches or not: that takes little beside the rest, and to read so
	// many again would take long. Views of others are made when they are asked for.
	soon = 16e6

	mapSide = 2048 // pixels of a map's longer side at most
	// longProfile is how long colour profiles of results are, in bytes, that views are not converted from: their tables take much memory, which jobs do not reserve.
	longProfile = 256 << 10
)

// shownByBrowsers are the endings of results that browsers show.
var shownByBrowsers = map[string]bool{".png": true, ".jpg": true, ".jpeg": true, ".webp": true}

// Band is finished rows of a view, from top to bottom.
type Band struct {
	Top, Height, Width int // in pixels of the view
	Whole              int // height of the whole view
	JPEG               []byte
}

// Wanted tells whether a result of so many pixels whose file has that ending, as ".png", has a view: browsers do not show it, or it is large.
func Wanted(ending string, pixels int) bool { return !shownByBrowsers[ending] || pixels >= Pixels }

// Exactly tells whether the view of a result with that ending is to show each of its pixels, if it is small.
func Exactly(ending string) bool { return !shownByBrowsers[ending] }

// Result makes the view of a result while its rows come. It is for one goroutine.
type Result struct {
	ending  string
	watched func() bool
	told    func(Band)

	whole *Reduced
	sent  int // rows of the view that were told of
}

// OfResult begins with a result whose file has that ending. told, if not nil, is told of the view band by band while watched says that somebody wants that.
func OfResult(ending string, told func(Band), watched func() bool) *Result {
	if told == nil {
		watched = func() bool { return false }
	}
	return &Result{ending: ending, told: told, watched: watched}
}

// Rows is for Pipeline.Rows. It gives nil for a result whose view is not needed while it comes, or not at all.
func (v *Result) Rows(c picture.Config, colors metadata.Color) func(top int, rows *picture.Picture) {
	pixels := c.Width * c.Height
	if !Wanted(v.ending, pixels) || pixels < soon && !v.watched() {
		return nil
	}
	profile := colors.ICC
	if len(profile) > longProfile {
		profile = nil
	}
	v.whole, v.sent = Reduce(c, profile), 0
	return func(top int, rows *picture.Picture) {
		v.whole.Take(rows)
		v.tell(top+rows.Height == c.Height)
	}
}

// bandRows is how high bands are at least that are told of.
const bandRows = 32

// tell tells of the rows that are finished.
func (v *Result) tell(last bool) {
	rows := v.whole.made - v.sent
	if rows == 0 || rows < bandRows && !last || !v.watched() {
		return
	}
	data, err := v.whole.jpeg(v.sent, v.whole.made)
	if err != nil {
		return // it is written to memory
	}
	size := v.whole.image.Rect.Size()
	v.told(Band{Top: v.sent, Height: rows, Width: size.X, Whole: size.Y, JPEG: data})
	v.sent = v.whole.made
}

// Save writes the view when all rows came, if it was made.
func (v *Result) Save(path string) (made bool, err error) {
	if v.whole == nil {
		return false, nil
	}
	data, err := v.whole.Encode(Exactly(v.ending))
	if err != nil {
		return false, err
	}
	return true, atomicfile.WritePrivate(path, data)
}

// SaveMap writes a map of classes as a layer, if there is one (a report has nil else).
func SaveMap(m *route.Map, path string) (made bool, err error) {
	if m == nil {
		return false, nil
	}
	layer := m.Layer(mapSide)
	return true, atomicfile.Write(path, true, func(w io.Writer) error { return png.Encode(w, layer) })
}
