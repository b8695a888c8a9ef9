package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// onePicture is the path of a file with a picture.
func onePicture(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.png")
	if err := os.WriteFile(path, smallPNG, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Flags are sent by the names and in the form that servers read.
func TestFlagsThatAreSent(t *testing.T) {
	var sent atomic.Value
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost:
			sent.Store(r.URL.Query().Encode())
			w.WriteHeader(http.StatusBadRequest)
		case http.MethodHead:
			w.WriteHeader(http.StatusNotFound)
		default:
			_, _ = io.WriteString(w, "{}")
		}
	}))
	defer s.Close()
	path := onePicture(t)
	for flags, want := range map[string]string{
		"":                                         "format=png&name=a.png",
		"-s 2.5 --linear":                          "format=png&linear=true&name=a.png&scale=2.5",
		"--fit 3840x2160 --fast":                   "fast=true&fit=3840x2160&format=png&name=a.png",
		"--megapixels 0.5 --page 2":                "format=png&megapixels=0.5&name=a.png&page=2",
		"-m fsrcnn-x4 --max-time 1500ms":           "format=png&max-time=1.5s&model=fsrcnn-x4&name=a.png",
		"--kind real --denoise 0.5":                "denoise=0.5&format=png&kind=real&name=a.png",
		"--format jpg --jpeg-quality 80":           "format=jpg&jpeg-quality=80&name=a.png",
		"--page all --range 0,1 --bands 1":         "bands=1&format=png&name=a.png&page=1&range=0%2C1",
		"--icc srgb --strip --border zero":         "border=zero&format=png&icc=srgb&name=a.png&strip=true",
		"--background tomato --png-level small -q": "background=tomato&format=png&name=a.png&png-level=small",
	} {
		sent.Store("")
		var out, errOut bytes.Buffer
		args := append([]string{"upscale", "--cluster", s.URL, path}, strings.Fields(flags)...)
		if code := Run(context.Background(), args, strings.NewReader(""), &out, &errOut); code != exitFailed {
			t.Errorf("%s: exit code %d, %s", flags, code, errOut.String())
		}
		if got := sent.Load(); got != want {
			t.Errorf("%s: sent %v, want %s", flags, got, want)
		}
	}
}

// A server that is not there, after all patience: the same command goes on another time.
func TestServerIsAway(t *testing.T) {
	clusterPatience = time.Second
	defer func() { clusterPatience = 0 }()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	var out, errOut bytes.Buffer
	if code := Run(context.Background(), []string{"upscale", "--cluster", s.URL, onePicture(t)}, strings.NewReader(""), &out, &errOut); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	lines := strings.Split(strings.TrimSpace(errOut.String()), "\n")
	if len(lines) != 2 || !strings.HasSuffix(lines[0], "trying again for 1s") || !strings.HasPrefix(lines[1], "classsr: "+s.URL) || !strings.HasSuffix(lines[1], "give the same command again to go on") {
		t.Errorf("said %q", lines)
	}
}
