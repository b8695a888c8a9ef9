package evaluate

import (
	"image"

	"classsr/metric"
	"classsr/picture"
	"classsr/route"
)

// Seams is how visible the borders of cores are in enlarged pictures: the jumps of luma across them and elsewhere. Add those of
// several pictures up, then take Seam of each, and compare it with that of pictures of the same content that have no seams.
type Seams struct {
	Cores   metric.Jumps // across all borders of cores
	Classes metric.Jumps // across those between neighbours of different classes
}

// MeasureSeams measures an enlarged picture at the borders of a map (Report.Route) of the small one, scale times as large: the
// picture that was routed, or another one of the same content to compare it with. What of the picture lies beyond all cores, as
// at the right and lower edges in ModePaper, is left out.
func MeasureSeams(p *picture.Picture, m *route.Map, scale int) Seams {
	var covered image.Rectangle
	for _, core := range m.Cores {
		covered = covered.Union(core)
	}
	w, h := min(p.Width, covered.Max.X*scale), min(p.Height, covered.Max.Y*scale)
	if w == 0 || h == 0 {
		return Seams{}
	}
	if w < p.Width || h < p.Height {
		p = p.Crop(image.Rect(0, 0, w, h))
	}
	measured := metricImage(p)
	cores, classes := borders(m, scale)
	return Seams{Cores: metric.JumpsAt(measured, cores, scale), Classes: metric.JumpsAt(measured, classes, scale)}
}

// Add takes the jumps of another picture to these.
func (s *Seams) Add(other Seams) {
	s.Cores.Add(other.Cores)
	s.Classes.Add(other.Classes)
}

// borders are the lines between neighbouring cores of a map, in pixels of the enlarged picture: all of them, and those between
// different classes. Cores lie in a grid; between cores that overlap there are two lines, where one begins and where the other
// ends.
func borders(m *route.Map, scale int) (all, differing []metric.Line) {
	between := func(i, before int, lines ...metric.Line) {
		for _, l := range lines {
			all = append(all, metric.Line{From: l.From.Mul(scale), To: l.To.Mul(scale)})
		}
		if m.Classes[i] != m.Classes[before] {
			differing = append(differing, all[len(all)-len(lines):]...)
		}
	}
	above := map[int]int{} // the last core so far of each column, by where that begins
	for i, core := range m.Cores {
		if i > 0 && m.Cores[i-1].Min.Y == core.Min.Y {
			between(i, i-1, upright(core.Min.X, core), upright(m.Cores[i-1].Max.X, core))
		}
		if before, ok := above[core.Min.X]; ok {
			between(i, before, level(core.Min.Y, core), level(m.Cores[before].Max.Y, core))
		}
		above[core.Min.X] = i
	}
	return all, differing
}

// upright is a line as high as a core.
func upright(x int, core image.Rectangle) metric.Line {
	return metric.Line{From: image.Pt(x, core.Min.Y), To: image.Pt(x, core.Max.Y)}
}

// level is a line as wide as a core.
func level(y int, core image.Rectangle) metric.Line {
	return metric.Line{From: image.Pt(core.Min.X, y), To: image.Pt(core.Max.X, y)}
}
