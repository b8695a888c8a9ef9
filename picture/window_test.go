package picture_test

import (
	"context"
	"errors"
	"image"
	"io"
	"slices"
	"testing"

	"classsr/picture"
)

// sequence is a picture whose samples are all different.
func sequence(width, height, colors, depth int) *picture.Picture {
	p := picture.New(width, height, colors, false, depth)
	for i := range width * height * colors {
		switch depth {
		case 8:
			p.Pix8[i] = uint8(i * 7)
		case 16:
			p.Pix16[i] = uint16(i * 31)
		default:
			p.Pix32[i] = float32(i) / 3
		}
	}
	return p
}

func TestWindowsReadAsTheWhole(t *testing.T) {
	for _, depth := range []int{8, 16, 32} {
		p := sequence(5, 40, 3, depth)
		opened := 0
		w := picture.NewWindow(p.Config(), func() (picture.RowSource, error) { opened++; return p.Rows(7), nil })
		for pass, high := range []int{6, 9, 9, 1000} {
			w.Begin(high)
			for y := 0; y+6 <= p.Height; y++ {
				r := image.Rect(1, y, 4, y+6)
				got, want := make([]float32, 18), make([]float32, 18)
				w.ReadPlane(got, y%3, r)
				if p.ReadPlane(want, y%3, r); !slices.Equal(got, want) {
					t.Fatalf("%d bits, window of %d: rows from %d on are %v, not %v", depth, high, y, got, want)
				}
			}
			if err := w.End(context.Background()); err != nil || opened != pass+1 {
				t.Errorf("%v, opened %d times in %d passes", err, opened, pass+1)
			}
		}
	}
}

// failing is a source that fails after some bands.
type failing struct {
	picture.RowSource
	left int
	err  error
}

func (f *failing) NextRows() (*picture.Picture, error) {
	if f.left--; f.left < 0 {
		return nil, f.err
	}
	return f.RowSource.NextRows()
}

func TestWindowsTellOfErrors(t *testing.T) {
	p := sequence(5, 40, 1, 8)
	for bands, err := range map[int]error{0: errors.New("no disk"), 2: errors.New("damaged"), 3: io.EOF, 4: errors.New("wrong checksum")} {
		w := picture.NewWindow(p.Config(), func() (picture.RowSource, error) { return &failing{p.Rows(10), bands, err}, nil })
		w.Begin(12)
		row := []float32{1, 1, 1, 1, 1}
		w.ReadPlane(row, 0, image.Rect(0, 39, 5, 40))
		if missing := row[0] == 0; missing != (bands < 4) {
			t.Errorf("after %d bands the last row is %v", bands, row)
		}
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if got := w.End(context.Background()); !errors.Is(got, err) || !errors.Is(w.Err(), err) {
			t.Errorf("after %d bands: %v, want %v", bands, got, err)
		}
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	w := picture.NewWindow(p.Config(), func() (picture.RowSource, error) { return p.Rows(10), nil })
	if w.Begin(12); !errors.Is(w.End(done), context.Canceled) || w.Err() != nil {
		t.Error("reading on does not end with its context")
	}
	w = picture.NewWindow(p.Config(), func() (picture.RowSource, error) { return nil, io.ErrClosedPipe })
	if w.Begin(3); !errors.Is(w.End(context.Background()), io.ErrClosedPipe) {
		t.Error(w.Err())
	}
}

func TestRowsLeftBehindPanic(t *testing.T) {
	p := sequence(5, 40, 1, 8)
	w := picture.NewWindow(p.Config(), func() (picture.RowSource, error) { return p.Rows(10), nil })
	w.Begin(3)
	w.ReadPlane(make([]float32, 5), 0, image.Rect(0, 9, 5, 10))
	defer func() {
		if recover() == nil {
			t.Error("a row was read that is gone")
		}
	}()
	w.ReadPlane(make([]float32, 5), 0, image.Rect(0, 6, 5, 7))
}
