package report

import (
	"fmt"
	"html/template"
	"maps"
	"math"
	"slices"

	"classsr/internal/chart"
)

// figure is a chart of the page.
type figure struct {
	Title string
	Note  string        // how to read it
	SVG   template.HTML // by internal/chart, which escapes all text in it
}

// losses says in which order losses are shown, and how they are to be read.
var losses = []struct{ key, title, note string }{
	{LossTotal, "Total loss", "The weighted sum that is minimised. Its level may jump between stages, which weigh differently."},
	{LossPixel, "Pixel loss", "Mean absolute error against the original pictures; it should fall."},
	{LossTeacher, "Teacher loss", "Mean absolute error against the teacher's results; it should fall."},
	{LossClass, "Class loss", "0: every patch has one clear class. It should fall, but not at once."},
	{LossAverage, "Average loss", "0: all classes are used equally. 1: all patches go to one class, and the training has collapsed."},
	{LossDifficulty, "Difficulty loss", "Cross-entropy against the judge's classes; log M where all M are equally likely."},
}

// series says where a curve takes its values from. value gives NaN where an event has none.
type series struct {
	events func(*stage) []Event
	value  func(Event) float64
}

func stepsOf(s *stage) []Event       { return s.steps }
func validationsOf(s *stage) []Event { return s.validations }

// measured makes "not measured" of zero.
func measured(v float64) float64 {
	if v == 0 {
		return math.NaN()
	}
	return v
}

// line makes a curve over the steps of all stages, interrupted between stages. It reports whether it has any point.
func (r *run) line(name string, s series) (line chart.Line, found bool) {
	line.Name = name
	for _, stage := range r.stages {
		for i, e := range s.events(stage) {
			x, y := float64(stage.offset+e.Step), s.value(e)
			if i == 0 {
				line.X, line.Y = append(line.X, x), append(line.Y, math.NaN())
			}
			line.X, line.Y = append(line.X, x), append(line.Y, y)
			found = found || !math.IsNaN(y)
		}
	}
	return line, found
}

// marks gives the beginnings of the stages, if there are several.
func (r *run) marks() []chart.Mark {
	if len(r.stages) < 2 {
		return nil
	}
	var marks []chart.Mark
	for _, s := range r.stages {
		marks = append(marks, chart.Mark{X: float64(s.offset), Name: s.title()})
	}
	return marks
}

func (s *stage) title() string {
	if s.name != "" {
		return s.name
	}
	return fmt.Sprintf("stage %d", s.number)
}

// figures draws all that the log has values for.
func (r *run) figures() []figure {
	var all []figure
	draw := func(title, note string, axes chart.Axes, lines ...chart.Line) {
		axes.X = "step"
		all = append(all, figure{title, note, template.HTML(chart.Lines(axes, r.marks(), lines...).SVG())})
	}
	if lines := r.psnrLines(); len(lines) > 0 {
		draw("Validation PSNR", "RGB, on pictures not trained on; bicubic enlargement of the same pictures for comparison.",
			chart.Axes{Y: "PSNR, dB"}, lines...)
	}
	if line, ok := r.line("", series{validationsOf, func(e Event) float64 { return measured(e.PSNRY) }}); ok {
		draw("Validation PSNR (Y)", "Of the luma, as publications have it.", chart.Axes{Y: "PSNR, dB"}, line)
	}
	for _, loss := range r.lossLines() {
		draw(loss.title, loss.note, chart.Axes{Y: "loss", Log: wide(loss.line.Y)}, loss.line)
	}
	if line, ok := r.line("", series{stepsOf, func(e Event) float64 { return measured(e.Rate) }}); ok {
		draw("Learning rate", "", chart.Axes{Y: "rate"}, line)
	}
	percent := chart.Axes{YMax: 100}
	if lines := r.shareLines(stepsOf); len(lines) > 0 {
		percent.Y = "share of patches, %"
		draw("Classes in training", "Share of the patches that each class has; a class near 0 is not in use.", percent, lines...)
	}
	if lines := r.shareLines(validationsOf); len(lines) > 0 {
		percent.Y = "share of pixels, %"
		draw("Classes in validation", "Share of the pixels that each class has.", percent, lines...)
	}
	if line, ok := r.line("", series{validationsOf, func(e Event) float64 { return measured(e.MACsPercent) }}); ok {
		percent.Y = "of the full network, %"
		draw("Arithmetic", "Multiply-accumulates in validation; 100 % is the full network everywhere.", percent, line)
	}
	return append(all, r.histograms()...)
}

func (r *run) psnrLines() []chart.Line {
	line, ok := r.line("result", series{validationsOf, func(e Event) float64 { return measured(e.PSNR) }})
	if !ok {
		return nil
	}
	bicubic, ok := r.line("bicubic", series{validationsOf, func(e Event) float64 { return measured(e.Bicubic) }})
	if !ok {
		return []chart.Line{line}
	}
	bicubic.Dashed = true
	return []chart.Line{line, bicubic}
}

type lossLine struct {
	title, note string
	line        chart.Line
}

// lossLines gives the curves of all losses in the log: the known ones in their order, then the others by name.
func (r *run) lossLines() []lossLine {
	others := map[string]bool{}
	for _, s := range r.stages {
		for _, e := range s.steps {
			for key := range e.Losses {
				others[key] = true
			}
		}
	}
	var found []lossLine
	add := func(key, title, note string) {
		line, ok := r.line("", series{stepsOf, func(e Event) float64 {
			if v, ok := e.Losses[key]; ok {
				return v
			}
			return math.NaN()
		}})
		if ok {
			found = append(found, lossLine{title, note, line})
		}
	}
	for _, loss := range losses {
		delete(others, loss.key)
		add(loss.key, loss.title, loss.note)
	}
	const most = 10 // a log that is out of order should not make an endless page
	for _, key := range slices.Sorted(maps.Keys(others))[:min(most, len(others))] {
		add(key, fmt.Sprintf("Loss %q", key), "")
	}
	return found
}

// wide says whether values are all positive and so far apart that a logarithmic scale shows more.
func wide(values []float64) bool {
	low, high := math.Inf(1), 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			low, high = math.Min(low, v), math.Max(high, v)
		}
	}
	return low > 0 && high/low > 20
}

// shareLines gives a curve of each class, in percent.
func (r *run) shareLines(events func(*stage) []Event) []chart.Line {
	var lines []chart.Line
	for class := range r.maxClasses(events) {
		line, ok := r.line(r.class(class), series{events, func(e Event) float64 {
			if class < len(e.Shares) {
				return 100 * e.Shares[class]
			}
			return math.NaN()
		}})
		if ok {
			lines = append(lines, line)
		}
	}
	return lines
}

// maxClasses gives the largest number of shares in an event, at most ten.
func (r *run) maxClasses(events func(*stage) []Event) int {
	classes := 0
	for _, s := range r.stages {
		for _, e := range events(s) {
			classes = max(classes, len(e.Shares))
		}
	}
	return min(classes, 10)
}

// histograms draws the last class histogram of each stage that has any.
func (r *run) histograms() []figure {
	var all []figure
	for _, s := range r.stages {
		for i := len(s.steps) - 1; i >= 0; i-- {
			e := s.steps[i]
			if len(e.Probabilities) == 0 {
				continue
			}
			svg := chart.Bars(chart.Axes{X: "probability", Y: "patches"}, binNames(e.Probabilities), r.bars(e.Probabilities)...).SVG()
			all = append(all, figure{
				Title: fmt.Sprintf("Class probabilities: %s, step %d", s.title(), e.Step),
				Note:  "How many patches were given which probability of each class. Bars at 0 and 1 mean clear decisions.",
				SVG:   template.HTML(svg),
			})
			break
		}
	}
	return all
}

func (r *run) bars(counts [][]int) []chart.Series {
	var all []chart.Series
	for class, row := range counts[:min(len(counts), 10)] {
		s := chart.Series{Name: r.class(class)}
		for _, n := range row {
			s.Values = append(s.Values, float64(n))
		}
		all = append(all, s)
	}
	return all
}

// binNames names as many bins from 0 to 1 as the longest row has.
func binNames(counts [][]int) []string {
	bins := 0
	for _, row := range counts {
		bins = max(bins, len(row))
	}
	var names []string
	for i := range min(bins, 100) {
		names = append(names, fmt.Sprintf("%.2g–%.2g", float64(i)/float64(bins), float64(i+1)/float64(bins)))
	}
	return names
}
