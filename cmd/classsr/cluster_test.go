package main

import (
	"testing"

	"classsr/client"
)

func TestDoingText(t *testing.T) {
	for want, doing := range map[string][]client.Doing{
		"":                              nil,
		"12 pictures 40%, rows waiting": {{Pictures: 12, Stage: "computing", Share: 0.4}, {Stage: "waiting"}},
		"1 picture, rows sending":       {{Pictures: 1}, {Stage: "sending", Share: 1}},
	} {
		if got := doingText(doing); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
