package pipeline

import "classsr/picture"

// band is which of how many bands of a picture is enlarged, each by itself, counted from 1; 0 of 0 for pictures as they are.
type band struct{ index, count int }

// moved tells Progress that of the result of a pass, counted from 0, so many rows are there.
func (w *course) moved(pass, rows int) {
	if w.p.Progress == nil {
		return
	}
	before, all := 0.0, 0.0
	for i := range max(len(w.passes), 1) {
		work, height := w.workOf(i)
		if i < pass {
			before += work
		}
		if i == pass {
			before += work * float64(rows) / float64(height)
		}
		all += work
	}
	n := max(w.band.count, 1)
	w.p.Progress((float64(max(w.band.index, 1)-1) + before/all) / float64(n))
}

// workOf is how much work a pass is, against others, and how many rows come of it.
func (w *course) workOf(pass int) (work float64, rows int) {
	if pass+1 >= len(w.passes) {
		rows = w.out.Height // the last pass's are resized as they come
	} else {
		rows = w.network(pass + 1).Height
	}
	if len(w.passes) == 0 {
		return 1, rows
	}
	in := w.network(pass)
	if macs := w.passes[pass].FullMACs(in.Width, in.Height); macs > 0 {
		return float64(macs), rows
	}
	return float64(in.Width) * float64(in.Height), rows
}

// NextRows implements picture.RowSource, and tells Progress.
func (r *rows) NextRows() (*picture.Picture, error) {
	band, err := r.RowSource.NextRows()
	if err == nil {
		r.taken += band.Height
		r.course.moved(max(len(r.course.passes)-1, 0), r.taken)
	}
	return band, err
}
