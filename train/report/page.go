package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"path/filepath"

	"classsr/internal/atomicfile"
	"classsr/internal/regular"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is what page.html shows.
type page struct {
	Name, Text string
	Summary    []fact
	Warnings   []warning
	Figures    []figure
	Confusions []confusion
	Samples    []sample
	Stages     []row
	Recipe     string
}

// fact is a line of the summary.
type fact struct{ Name, Value string }

// row is a line of the table of stages; what is not known is empty.
type row struct{ Number, Name, Steps, Time, Speed, PSNR, Loss string }

// WriteFile reads the log in a folder of a run and writes the page beside it, complete or not at all; a page from before is
// replaced. It may be called while the run goes on.
func WriteFile(folder string) error {
	path := filepath.Join(folder, LogName)
	file, err := regular.Open(path)
	if err != nil {
		return fmt.Errorf("there is no log to report on: %w; name the folder of a training run, which holds %s", err, LogName)
	}
	defer func() { _ = file.Close() }()
	events, err := Read(file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if len(events) == 0 {
		return fmt.Errorf("%s has no events yet; try again when the run has begun", path)
	}
	return atomicfile.Write(filepath.Join(folder, PageName), true, func(w io.Writer) error {
		return Write(w, folder, events)
	})
}

// Write writes the page for the events of a run, as one HTML file that needs no other. Sample pictures are read from folder;
// those that cannot be read are named in the page instead of shown. The same events and pictures give the same page.
func Write(w io.Writer, folder string, events []Event) error {
	r := collect(events)
	r.findings()
	p := page{
		Name:       r.name,
		Text:       r.text,
		Summary:    r.summary(),
		Warnings:   r.warnings,
		Figures:    r.figures(),
		Confusions: r.confusions(),
		Samples:    r.pictures(folder),
		Stages:     r.table(),
		Recipe:     r.recipe,
	}
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, p); err != nil {
		return fmt.Errorf("cannot make the report: %w", err)
	}
	// Control characters, which names and texts of a log may have, are the one thing that escaping leaves and HTML has not.
	text := bytes.Map(func(c rune) rune {
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return ' '
		}
		return c
	}, out.Bytes())
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	return nil
}

// summary says in a few lines what came out.
func (r *run) summary() []fact {
	var facts []fact
	add := func(name, format string, args ...any) {
		facts = append(facts, fact{name, fmt.Sprintf(format, args...)})
	}
	state := "complete"
	if !r.done {
		state = "not complete"
	}
	switch {
	case r.starts == 2:
		state += ", resumed once"
	case r.starts > 2:
		state += fmt.Sprintf(", resumed %d times", r.starts-1)
	}
	add("State", "%s", state)
	last, ok := r.final()
	if ok && last.PSNR != 0 {
		add("PSNR (RGB)", "%.2f dB", last.PSNR)
		if last.Bicubic != 0 {
			add("Gain over bicubic", "%+.2f dB", last.PSNR-last.Bicubic)
		}
	}
	if ok && last.PSNRY != 0 {
		add("PSNR (Y)", "%.2f dB", last.PSNRY)
	}
	if ok && last.MACsPercent != 0 {
		add("Arithmetic", "%.1f %% of the full network", last.MACsPercent)
	}
	if ok && len(last.Shares) > 0 {
		add("Shares of pixels", "%s", r.sharesText(last.Shares))
	}
	if r.took > 0 {
		add("Time", "%s", span(r.took))
	}
	if r.begun != "" {
		add("From, to", "%s, %s", r.begun, r.ended)
	}
	return facts
}

// table lists the stages.
func (r *run) table() []row {
	var rows []row
	for _, s := range r.stages {
		line := row{Number: fmt.Sprint(s.number), Name: s.name, Steps: fmt.Sprint(s.done), Time: span(s.took)}
		if s.planned > 0 {
			line.Steps = fmt.Sprintf("%d of %d", s.done, s.planned)
		}
		if n := len(s.validations); n > 0 && s.validations[n-1].PSNR != 0 {
			line.PSNR = fmt.Sprintf("%.2f", s.validations[n-1].PSNR)
		}
		if n := len(s.steps); n > 0 {
			e := s.steps[n-1]
			if e.MSPerStep > 0 {
				line.Speed = fmt.Sprintf("%.1f", e.MSPerStep)
			}
			if v, ok := e.Losses[LossPixel]; ok {
				line.Loss = fmt.Sprintf("%.4g", v)
			}
		}
		rows = append(rows, line)
	}
	return rows
}
