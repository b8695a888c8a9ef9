package pipeline

import (
	"errors"
	"testing"
)

// The reason of a failure does not name the picture; what else it names stays.
func TestReasonsDoNotNameThePicture(t *testing.T) {
	for _, c := range []struct {
		job          Job
		text, reason string
	}{
		{Job{Input: "a/b.png"}, "a/b.png: it is dark", "it is dark"},
		{Job{Input: "a/b.png"}, "cannot read a/b.png: damaged PNG", "damaged PNG"},
		{Job{Input: "a/b.gif", Page: 3}, "a/b.gif, page 3: it is dark", "it is dark"},
		{Job{Input: "a/b.gif", Page: 3}, "a/b.gif: it is dark", "it is dark"},
		{Job{Input: Std}, "standard input: it is empty", "it is empty"},
		{Job{Input: "b.png", Output: "c.png"}, "c.png exists", "c.png exists"},
		{Job{}, "cannot read the folder: gone", "cannot read the folder: gone"},
	} {
		if got := (Failure{c.job, errors.New(c.text)}).Reason(); got != c.reason {
			t.Errorf("%q is told as %q, want %q", c.text, got, c.reason)
		}
	}
}
