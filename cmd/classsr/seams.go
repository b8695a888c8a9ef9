package main

import (
	"fmt"
	"math"

	"classsr/picture"

	"classsr"
)

// seamFigures says how visible the borders of cores are, in the pictures of the mode and in the full-width network's.
type seamFigures struct {
	Routed        seamFigure `json:"routed"`
	Full          seamFigure `json:"full"`
	ClassesRouted seamFigure `json:"class_borders_routed"`
	ClassesFull   seamFigure `json:"class_borders_full"`

	routed, full classsr.Seams // of all pictures so far
}

// seamFigure is metric.Jumps.Seam, higher the more a seam shows; null in JSON if there is no border.
type seamFigure float64

// MarshalJSON implements json.Marshaler.
func (f seamFigure) MarshalJSON() ([]byte, error) { return numberOrNull(float64(f)) }

// addSeams measures a picture and the full-width network's at the same borders.
func (r *evalResult) addSeams(out, full *picture.Picture, report classsr.Report) {
	if r.Seam == nil {
		r.Seam = &seamFigures{}
	}
	s := r.Seam
	s.routed.Add(classsr.MeasureSeams(out, report.Route, report.Scale))
	s.full.Add(classsr.MeasureSeams(full, report.Route, report.Scale))
	s.Routed, s.ClassesRouted = seamFigure(s.routed.Cores.Seam()), seamFigure(s.routed.Classes.Seam())
	s.Full, s.ClassesFull = seamFigure(s.full.Cores.Seam()), seamFigure(s.full.Classes.Seam())
}

// String is the figure for people.
func (f seamFigure) String() string {
	if math.IsNaN(float64(f)) {
		return "none"
	}
	return fmt.Sprintf("%.3f", float64(f))
}

// line says it for people; it is empty if there were no borders.
func (s *seamFigures) line() string {
	if s == nil || s.routed.Cores.Count == 0 {
		return ""
	}
	text := fmt.Sprintf("seams: %v at core borders (full network %v)", s.Routed, s.Full)
	if s.routed.Classes.Count > 0 {
		text += fmt.Sprintf(", %v at class borders (%v)", s.ClassesRouted, s.ClassesFull)
	}
	return text + "\n"
}
