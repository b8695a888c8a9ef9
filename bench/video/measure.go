package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
)

// halfStill is what is measured of the clip of which half stands still.
type halfStill struct {
	Runs         []told `json:"runs"` // with reuse, and without; the fastest turn of each
	Same         bool   `json:"same"` // bytes of both results
	Clip, Result string // what ffprobe tells
}

func (s settings) halfStill(ctx context.Context) (r halfStill, err error) {
	clip, err := s.clip(ctx, "half", s.halfFilter())
	if err != nil {
		return r, err
	}
	var paths [2]string
	r.Runs = make([]told, 2)
	for range s.turns {
		for i, options := range [][]string{nil, {"--no-reuse"}} {
			name := []string{"what stands still is kept", "all is computed anew"}[i]
			t, path, err := s.enlarge(ctx, clip, name, append(options, s.options...)...)
			if err != nil {
				return r, err
			}
			if t.FramesPerSecond > r.Runs[i].FramesPerSecond {
				r.Runs[i] = t
			}
			paths[i] = path
		}
	}
	if r.Same, err = same(paths[0], paths[1]); err != nil {
		return r, err
	}
	r.Clip, r.Result, err = s.bothPlayed(ctx, clip, paths[0])
	return r, errors.Join(err, os.Remove(paths[0]), os.Remove(paths[1]))
}

// moving is what is measured of the clip that moves.
type moving struct {
	Runs         []told `json:"runs"` // classes of the scene, of each frame alone, and the full network
	Clip, Result string // what ffprobe tells
}

func (s settings) moving(ctx context.Context) (r moving, err error) {
	clip, err := s.clip(ctx, "moving", asVideo+","+s.pan(s.width, 0))
	if err != nil {
		return r, err
	}
	var paths []string
	for i, options := range [][]string{s.options, append([]string{"--each-alone"}, s.options...), {"--mode", "full"}} {
		t, path, err := s.enlarge(ctx, clip, []string{"classes for the scene", "classes for each frame alone", "the full network"}[i], options...)
		if err != nil {
			return r, err
		}
		r.Runs, paths = append(r.Runs, t), append(paths, path)
	}
	for i := range 2 {
		if r.Runs[i].InPlace, err = drift(paths[i], paths[2], 0); err != nil {
			return r, err
		}
		if r.Runs[i].Along, err = drift(paths[i], paths[2], step*s.scale); err != nil {
			return r, err
		}
	}
	r.Clip, r.Result, err = s.bothPlayed(ctx, clip, paths[0])
	return r, err
}

func (s settings) bothPlayed(ctx context.Context, clip, result string) (ofClip, ofResult string, err error) {
	if ofClip, err = s.played(ctx, clip); err == nil {
		ofResult, err = s.played(ctx, result)
	}
	return ofClip, ofResult, err
}

// same tells whether two files have the same bytes.
func same(a, b string) (bool, error) {
	x, err := os.Open(a)
	if err != nil {
		return false, err
	}
	defer func() { _ = x.Close() }() // only read
	y, err := os.Open(b)
	if err != nil {
		return false, err
	}
	defer func() { _ = y.Close() }() // only read
	one, other := make([]byte, 1<<20), make([]byte, 1<<20)
	for {
		n, errX := io.ReadFull(x, one)
		m, errY := io.ReadFull(y, other)
		if !bytes.Equal(one[:n], other[:m]) {
			return false, nil
		}
		if errX != nil || errY != nil {
			ended := errors.Is(errX, io.EOF) || errors.Is(errX, io.ErrUnexpectedEOF)
			if ended {
				errX = nil
			}
			return errX == nil, errX
		}
	}
}
