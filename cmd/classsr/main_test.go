package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"classsr/pipeline"
)

func TestExitCodes(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.png")
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"version"}, exitDone},
		{[]string{"models"}, exitDone},
		{[]string{"--help"}, exitDone},
		{[]string{"upscale", missing}, exitFailed},
		{[]string{"upscale", "-m", missing, missing}, exitFailed},
		{[]string{"eval", "--hr", missing}, exitFailed},
		{[]string{"convert", missing, "x.safetensors"}, exitFailed},
		{[]string{"upscale"}, exitUsage},
		{[]string{"upscale", "-m", "carn-m-x4", "--mode", "paper", missing}, exitUsage},
		{[]string{"upscale", "-s", "70", missing}, exitUsage},
		{[]string{"convert", missing, "x.tflite"}, exitUsage},
		{[]string{"nonsense"}, exitUsage},
		{[]string{"eval"}, exitUsage},
	} {
		var out, errOut bytes.Buffer
		if got := Run(context.Background(), c.args, strings.NewReader(""), &out, &errOut); got != c.code {
			t.Errorf("%v: exit code %d, want %d (%s)", c.args, got, c.code, errOut.String())
		}
		if text := errOut.String(); c.code != exitDone && (strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, "classsr: ")) {
			t.Errorf("%v: not a one-line error: %q", c.args, text)
		}
	}
}

func TestInterruptedWorkIsNoSuccess(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, errOut bytes.Buffer
	if got := Run(ctx, []string{"upscale", "-o", "-", "-"}, bytes.NewReader(smallPNG), &out, &errOut); got != exitFailed {
		t.Errorf("exit code %d", got)
	}
	if !strings.Contains(errOut.String(), "interrupted") {
		t.Errorf("said %q", errOut.String())
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"日本 ü.png":             "日本 ü.png",
		"\x1b[31mred\a.png":    "\ufffd[31mred\ufffd.png",
		"c1 \u009b31m.png":     "c1 \ufffd31m.png",
		"photo\u202egnp.exe":   "photo\ufffdgnp.exe",
		"\u2066hidden\u2069.a": "\ufffdhidden\ufffd.a",
	} {
		if got := printable(text); got != want {
			t.Errorf("%q printed as %q, want %q", text, got, want)
		}
	}
}

func TestBarTitleIsPrintable(t *testing.T) {
	p := progress{now: time.Now, input: "photos/\x1b]0;owned\a.png", at: pipeline.Position{Index: 1, Count: 3}}
	if got, want := p.line(80), "2/3 \ufffd]0;owned\ufffd.png [======              ] 33 %"; got != want {
		t.Errorf("the bar says %q, want %q", got, want)
	}
}

// smallPNG is a black pixel.
var smallPNG = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU" +
	"\x00\x00\x00\nIDATx\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\x00IEND\xaeB`\x82")
