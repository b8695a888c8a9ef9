package evaluate

import (
	"fmt"
	"math"

	"classsr"
	"classsr/picture"
)

// SeamFigures says how visible the borders of cores are, in the pictures of the mode and in the full-width network's.
type SeamFigures struct {
	Routed        SeamFigure `json:"routed"`
	Full          SeamFigure `json:"full"`
	ClassesRouted SeamFigure `json:"class_borders_routed"`
	ClassesFull   SeamFigure `json:"class_borders_full"`

	routed, full Seams // of all pictures so far
}

// SeamFigure is metric.Jumps.Seam, higher the more a seam shows; null in JSON if there is no border.
type SeamFigure float64

// MarshalJSON implements json.Marshaler.
func (f SeamFigure) MarshalJSON() ([]byte, error) { return numberOrNull(float64(f)) }

// addSeams measures a picture and the full-width network's at the same borders.
func (r *Result) addSeams(out, full *picture.Picture, report classsr.Report) {
	if r.Seam == nil {
		r.Seam = &SeamFigures{}
	}
	s := r.Seam
	s.routed.Add(MeasureSeams(out, report.Route, report.Scale))
	s.full.Add(MeasureSeams(full, report.Route, report.Scale))
	s.Routed, s.ClassesRouted = SeamFigure(s.routed.Cores.Seam()), SeamFigure(s.routed.Classes.Seam())
	s.Full, s.ClassesFull = SeamFigure(s.full.Cores.Seam()), SeamFigure(s.full.Classes.Seam())
}

// String is the figure for people.
func (f SeamFigure) String() string {
	if math.IsNaN(float64(f)) {
		return "none"
	}
	return fmt.Sprintf("%.3f", float64(f))
}

// String says it in a line for people; it is empty if there were no borders.
func (s *SeamFigures) String() string {
	if s == nil || s.routed.Cores.Count == 0 {
		return ""
	}
	text := fmt.Sprintf("seams: %v at core borders (full network %v)", s.Routed, s.Full)
	if s.routed.Classes.Count > 0 {
		text += fmt.Sprintf(", %v at class borders (%v)", s.ClassesRouted, s.ClassesFull)
	}
	return text + "\n"
}
