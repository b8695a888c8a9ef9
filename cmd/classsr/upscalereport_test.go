package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"classsr/pipeline"
)

func failure(input, text string) pipeline.Failure {
	return pipeline.Failure{Job: pipeline.Job{Input: input, Output: "out"}, Err: errors.New(text)}
}

// Failures are listed in columns at the end, with names that no terminal obeys, and notes once.
func TestReportOfManyPictures(t *testing.T) {
	var out, errOut bytes.Buffer
	std := streams{out: &out, err: &errOut}
	r := &upscaleReport{progress: newProgress(std, false), std: std, many: true, json: true}
	for i := range 60 {
		result := &pipeline.Result{Job: pipeline.Job{Input: fmt.Sprintf("%d.png", i)}, Notes: []string{"no alpha"}}
		if i == 7 {
			result.Notes = append(result.Notes, "no text")
		}
		if err := r.Finished(result); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []pipeline.Failure{
		failure("a.png", "cannot read a.png: it is empty"), failure("日本.png", "日本.png: too large"),
		failure("\x1b[31m.png", "out.png exists"), {Err: errors.New("folder x contains no pictures")},
	} {
		if err := r.Failed(f); err != nil {
			t.Fatal(err)
		}
	}
	if errOut.Len() > 0 {
		t.Errorf("before the end it says %q", errOut.String())
	}
	if err := r.end(pipeline.Summary{Done: 60, Skipped: 5, DoneBefore: 4, Failed: 4, Seconds: 2, Megapixels: 12.34}, nil); !errors.Is(err, errReported) {
		t.Error(err)
	}
	want := `0.png and 59 more: note: no alpha
7.png: note: no text
classsr: a.png:     it is empty
classsr: 日本.png:  too large
classsr: ?[31m.png: out.png exists
classsr: folder x contains no pictures
60 done, 5 skipped (4 done before), 4 failed in 2.0 s, 12 megapixels (6.2 MP/s)
`
	if got := strings.ReplaceAll(errOut.String(), "\ufffd", "?"); got != want {
		t.Errorf("it says\n%swant\n%s", got, want)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 65 || lines[64] != `{"summary":{"done":60,"skipped":5,"done_before":4,"failed":4,"seconds":2,"megapixels":12.34}}` {
		t.Errorf("%d objects, the last is %s", len(lines), lines[len(lines)-1])
	}
}

// Streams and pages are called as people call them.
func TestReportOfStreams(t *testing.T) {
	var errOut bytes.Buffer
	r := &upscaleReport{progress: newProgress(streams{err: &errOut}, false), std: streams{err: &errOut}, lines: true}
	for _, j := range []pipeline.Job{{Input: "-", Output: "p.png"}, {Input: "a.png", Output: "-"}, {Input: "-", Output: "s/b.png", Page: 2}} {
		if err := r.Finished(&pipeline.Result{Job: j, Notes: []string{"no alpha"}}); err != nil {
			t.Fatal(err)
		}
	}
	want := `standard input: note: no alpha
standard input -> p.png  0x0 to 0x0 in 0.0 s
a.png: note: no alpha
a.png -> standard output  0x0 to 0x0 in 0.0 s
standard input, page 2: note: no alpha
standard input, page 2 -> s/b.png  0x0 to 0x0 in 0.0 s
`
	if errOut.String() != want {
		t.Errorf("it says\n%swant\n%s", errOut.String(), want)
	}
	for text, reason := range map[string]string{"standard input: it is empty": "it is empty", "standard input, page 2: it is dark": "it is dark", "p.png exists": "p.png exists"} {
		row := newFailureRow(pipeline.Failure{Job: pipeline.Job{Input: "-", Page: 2}, Err: errors.New(text)})
		if row.input != "standard input, page 2" || row.reason != reason {
			t.Errorf("%s is told as %+v", text, row)
		}
	}
}
