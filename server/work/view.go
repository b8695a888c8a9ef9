package work

import (
	"image/png"
	"io"

	"classsr/internal/atomicfile"
	"classsr/metadata"
	"classsr/picture"
	"classsr/pipeline"
	"classsr/server/jobs"
)

// ViewEnding is that of a result's view, by which the store names it. It is a JPEG or a PNG.
const ViewEnding = ".view"

const (
	viewPixels = 1 << 19 // results of fewer are shown themselves, where browsers can
	mapSide    = 2048    // pixels of a map's longer side at most
	// longProfile is how long colour profiles of results are, in bytes, that views are not converted from: their tables take much memory, which jobs do not reserve.
	longProfile = 256 << 10
)

// shownByBrowsers are the endings of results that browsers show.
var shownByBrowsers = map[string]bool{".png": true, ".jpg": true, ".jpeg": true, ".webp": true}

// views makes a view of a result, band by band as its rows come.
type views struct {
	job    string
	hidden bool // browsers do not show the result
	told   func(jobs.Band)

	whole *reduced
	sent  int // rows of the view that were told of
}

func newViews(job, ending string, told func(jobs.Band)) *views {
	return &views{job: job, hidden: !shownByBrowsers[ending], told: told}
}

// rowsOf is Pipeline.Rows.
func (v *views) rowsOf(c picture.Config, colors metadata.Color) func(top int, rows *picture.Picture) {
	if v.job == "" || !v.hidden && c.Width*c.Height < viewPixels {
		return nil
	}
	profile := colors.ICC
	if len(profile) > longProfile {
		profile = nil
	}
	v.whole, v.sent = reduce(c, profile), 0
	return func(top int, rows *picture.Picture) {
		v.whole.take(rows)
		v.tell(top+rows.Height == c.Height)
	}
}

// bandRows is how high bands are at least that are told of.
const bandRows = 32

// tell tells of the rows that are finished.
func (v *views) tell(last bool) {
	rows := v.whole.made - v.sent
	if v.told == nil || rows == 0 || rows < bandRows && !last {
		return
	}
	data, err := v.whole.jpeg(v.sent, v.whole.made)
	if err != nil {
		return // it is written to memory
	}
	size := v.whole.image.Rect.Size()
	v.told(jobs.Band{Job: v.job, Top: v.sent, Height: rows, Width: size.X, Whole: size.Y, JPEG: data})
	v.sent = v.whole.made
}

// save writes the view, if there is one.
func (v *views) save(path string) error {
	if v.whole == nil {
		return nil
	}
	data, err := v.whole.encode(v.hidden)
	if err != nil {
		return err
	}
	return atomicfile.WritePrivate(path, data)
}

// saveMap writes the map of classes as a layer, if there is one.
func saveMap(r *pipeline.Result, path string) (bool, error) {
	if r.Route == nil {
		return false, nil
	}
	layer := r.Route.Layer(mapSide)
	return true, atomicfile.Write(path, true, func(w io.Writer) error { return png.Encode(w, layer) })
}
