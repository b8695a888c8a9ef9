package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"classsr"
	"classsr/evaluate"
	"classsr/internal/atomicfile"
)

// record is what was measured of one model: a file of docs/cards/data.
type record struct {
	Name string `json:"name"`
	// Weights is the SHA-256 of the model's file as the program writes it, calibration included; empty where there are no weights.
	Weights string       `json:"weights,omitempty"`
	Info    classsr.Info `json:"info"`
	// Crops is Weights of the model that enlarged the crops.
	Crops string `json:"crops,omitempty"`
	Runs  []run  `json:"runs"`
}

// run is one call of the program, and where and when it was.
type run struct {
	Set     string          `json:"set"`
	Way     string          `json:"way"`
	Command string          `json:"command"`
	Date    string          `json:"date"`
	Version string          `json:"version"`
	CPU     string          `json:"cpu"`
	Kernel  string          `json:"kernel"`
	Threads int             `json:"threads"`
	Output  json.RawMessage `json:"output"` // as the program printed it, numbers rounded

	result evaluate.Result
}

// The ways a model is measured; a branch and a budget have a number after it.
const (
	wayRouted = "routed"
	wayFull   = "full"
	wayPaper  = "paper"
	wayBranch = "branch="
	wayBudget = "budget="
)

// find gives the result of a set and a way; nil if it was not measured.
func (r *record) find(set, way string) *evaluate.Result {
	if i := r.index(set, way); r != nil && i >= 0 {
		return &r.Runs[i].result
	}
	return nil
}

func (r *record) index(set, way string) int {
	if r == nil {
		return -1
	}
	return slices.IndexFunc(r.Runs, func(x run) bool { return x.Set == set && x.Way == way })
}

// put adds a run, in place of the one before.
func (r *record) put(x run) error {
	if err := json.Unmarshal(x.Output, &x.result); err != nil {
		return fmt.Errorf("the output of %s is not understood: %w", x.Command, err)
	}
	if i := r.index(x.Set, x.Way); i >= 0 {
		r.Runs[i] = x
		return nil
	}
	r.Runs = append(r.Runs, x)
	return nil
}

// routes tells whether the model has classes.
func (r *record) routes() bool { return r != nil && r.Info.ClassModule != nil }

func (r *record) write(w io.Writer) error {
	head := *r
	head.Runs = nil
	text, err := json.MarshalIndent(head, "", " ")
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.Write(bytes.TrimSuffix(text, []byte("null\n}")))
	b.WriteByte('[')
	for i, x := range r.Runs { // a line each, so that changes are seen
		line, err := json.Marshal(x)
		if err != nil {
			return err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n  ")
		b.Write(line)
	}
	b.WriteString("\n ]\n}\n")
	_, err = w.Write(b.Bytes())
	return err
}

// save writes the record into a folder, which is made if it is not there.
func (r *record) save(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(folder, r.Name+".json"), true, r.write)
}

// load reads a record; a new one if there is no such file.
func load(path string) (*record, error) {
	r := &record{Name: strings.TrimSuffix(filepath.Base(path), ".json")}
	text, err := os.ReadFile(path)
	if err != nil {
		if os.IsNotExist(err) {
			return r, nil
		}
		return nil, err
	}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w; delete it to measure again", path, err)
	}
	for i := range r.Runs {
		if err := json.Unmarshal(r.Runs[i].Output, &r.Runs[i].result); err != nil {
			return nil, fmt.Errorf("%s: %w; delete it to measure again", path, err)
		}
	}
	return r, nil
}

// loadAll reads the records of a folder.
func loadAll(folder string) (map[string]*record, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	records := map[string]*record{}
	for _, e := range entries {
		if e.Type() != fs.FileMode(0) || filepath.Ext(e.Name()) != ".json" {
			continue
		}
		r, err := load(filepath.Join(folder, e.Name()))
		if err != nil {
			return nil, err
		}
		records[r.Name] = r
	}
	return records, nil
}
