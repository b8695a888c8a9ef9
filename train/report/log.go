// Package report keeps the log of a training run and makes one HTML page of it, for people.
//
// The log is a file of JSON lines in the folder of the run, one Event a line. A run opens it with OpenLog and appends; Read
// reads it back, also while the run goes on or after it was killed. WriteFile turns it into a page that needs nothing outside
// itself: curves are inline SVG, pictures data URIs. The package trains nothing and knows no networks.
package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Names of files in the folder of a run.
const (
	LogName  = "log.jsonl"
	PageName = "report.html"
)

// Kinds of events. Readers pass over kinds that they do not know.
const (
	KindRun        = "run"        // first, and again whenever the run is resumed: Name, Classes, Recipe, Text
	KindStage      = "stage"      // a stage begins: Stage, Name, Steps
	KindStep       = "step"       // some steps were done: Step, Rate, Losses, Shares, Probabilities, MSPerStep
	KindValidation = "validation" // measured on pictures not trained on: Step, PSNR, PSNRY, Bicubic, Shares, MACsPercent, Confusion
	KindSample     = "sample"     // pictures to look at: Sample
	KindWarning    = "warning"    // Text: what is wrong and what to do
	KindDone       = "done"       // last, when all stages are complete
)

// Names of losses, the keys of Event.Losses.
const (
	LossPixel   = "pixel"   // mean absolute error against HR
	LossTeacher = "teacher" // mean absolute error against the teacher's result
	LossClass   = "class"   // makes one class stand out: 0 (decided) to 2 for three classes
	LossAverage = "average" // keeps every class in use: 0 (even) to 1 (all patches in one class)
	// LossDifficulty is the cross-entropy of the Class-Module against the judge's classes.
	LossDifficulty = "difficulty"
	LossTotal      = "total" // the weighted sum that is minimised
)

// Event is one line of the log. A zero number means that it was not measured, except in Losses and Shares. Numbers are finite:
// JSON has no others, so a loss that is not finite is logged as a warning.
type Event struct {
	Time  string `json:"time"`            // RFC 3339
	Kind  string `json:"kind"`            // one of the Kind constants
	Stage int    `json:"stage"`           // from 1; 0 for events of the whole run
	Name  string `json:"name,omitempty"`  // of the stage, such as "branch hard", "class-module", "joint"; of the recipe for KindRun
	Step  int    `json:"step,omitempty"`  // steps done in this stage
	Steps int    `json:"steps,omitempty"` // steps of this stage in all

	Rate   float64            `json:"rate,omitempty"`   // learning rate
	Losses map[string]float64 `json:"losses,omitempty"` // means since the last event

	// Shares says which part of the patches (KindStep) or of the pixels (KindValidation) each class has, from 0 to 1, in the
	// order of Classes.
	Shares []float64 `json:"shares,omitempty"`
	// Probabilities holds for each class how many patches had which probability of it since the last event, in ten bins from 0
	// to 1.
	Probabilities [][]int  `json:"probabilities,omitempty"`
	Classes       []string `json:"classes,omitempty"` // names of the classes, the simplest first

	// Confusion counts patches of the validation pictures: by the judge's class (rows) and the one that was chosen (columns), in the order of
	// Classes.
	Confusion [][]int `json:"confusion,omitempty"`

	PSNR        float64 `json:"psnr,omitempty"`         // dB, RGB, mean over the pictures
	PSNRY       float64 `json:"psnr_y,omitempty"`       // dB, luma
	Bicubic     float64 `json:"bicubic,omitempty"`      // dB, RGB, of bicubic enlargement of the same pictures
	MACsPercent float64 `json:"macs_percent,omitempty"` // multiply-accumulates, of 100 for the full network everywhere
	MSPerStep   float64 `json:"ms_per_step,omitempty"`  // milliseconds, mean since the last event

	Text   string  `json:"text,omitempty"`   // of a warning: what is wrong, to what end, and what to do; else a description
	Sample *Sample `json:"sample,omitempty"` // for KindSample
	Recipe string  `json:"recipe,omitempty"` // the recipe, YAML; for KindRun
}

// Sample names pictures to be shown side by side: PNG, JPEG, GIF or WebP files, each relative to the folder of the run and
// inside it, with slashes. Empty names are left out. A later sample of the same title takes the place of an earlier one.
type Sample struct {
	Title   string `json:"title"`
	Bicubic string `json:"bicubic,omitempty"` // LR, enlarged by bicubic
	Result  string `json:"result,omitempty"`
	HR      string `json:"hr,omitempty"`
	Routes  string `json:"routes,omitempty"` // which class each place went to
}

// Read reads a log. A last line without its end, as a killed run leaves it, is passed over; any other line that is not an event
// is an error that names the line. An empty log has no events and is no error.
func Read(r io.Reader) ([]Event, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	var events []Event
	for number := 1; ; number++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return events, nil // what is left of the last line was cut
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read the log: %w", err)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var event Event
		if err := json.Unmarshal(line, &event); err != nil {
			return nil, fmt.Errorf("line %d of the log is damaged (%w); remove that line to use the others", number, err)
		}
		if event.Kind == "" {
			return nil, fmt.Errorf("line %d of the log is not an event: it has no \"kind\"; remove that line to use the others", number)
		}
		events = append(events, event)
	}
}

// Log is a log open for appending. It is not safe for use by several goroutines.
type Log struct{ file *os.File }

// OpenLog opens the log in a folder of a run, which must exist, or begins it. A cut last line is removed, so that a resumed run
// does not write on in it.
func OpenLog(folder string) (*Log, error) {
	path := filepath.Join(folder, LogName)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot open the log: %w; check that the folder of the run exists and can be written", err)
	}
	if err := cutLastLine(file); err != nil {
		_ = file.Close() // the first error is the one to report
		return nil, fmt.Errorf("cannot prepare the log %s for appending: %w", path, err)
	}
	return &Log{file: file}, nil
}

// cutLastLine removes what stands after the last end of a line, and goes to the end of the file.
func cutLastLine(file *os.File) error {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	block := make([]byte, 1<<12)
	end := size
	for end > 0 {
		n := min(end, int64(len(block)))
		if _, err := file.ReadAt(block[:n], end-n); err != nil {
			return err
		}
		if at := bytes.LastIndexByte(block[:n], '\n'); at >= 0 {
			end = end - n + int64(at) + 1
			break
		}
		end -= n
	}
	if end == size {
		return nil
	}
	if err := file.Truncate(end); err != nil {
		return err
	}
	_, err = file.Seek(end, io.SeekStart)
	return err
}

// Write appends an event, as one write of a whole line. An event without a time gets the present one. It is an error if a number
// is not finite or the disk is full.
func (l *Log) Write(event Event) error {
	if event.Time == "" {
		event.Time = time.Now().Format(time.RFC3339)
	}
	line, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("cannot log an event of kind %q: %w; log numbers that are not finite as a warning", event.Kind, err)
	}
	if _, err := l.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("cannot write the log: %w", err)
	}
	return nil
}

// Close closes the log.
func (l *Log) Close() error { return l.file.Close() }
