package picture_test

import (
	"errors"
	"image"
	"io"
	"slices"
	"testing"

	"classsr/picture"
)

// gathered is a sink that keeps all rows.
type gathered struct {
	samples []uint8
	bands   int
	closed  int
	fails   error
}

func (g *gathered) WriteRows(band *picture.Picture) error {
	g.samples = append(g.samples, band.Pix8...)
	g.bands++
	return g.fails
}

func (g *gathered) Close() error {
	g.closed++
	return nil
}

func TestCopyHandsOnAllRowsInOrder(t *testing.T) {
	p := picture.New(5, 7, 3, true, 8)
	for i := range p.Pix8 {
		p.Pix8[i] = uint8(i)
	}
	for height, bands := range map[int]int{1: 7, 3: 3, 7: 1, 100: 1} {
		var g gathered
		if err := picture.Copy(&g, p.Rows(height)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(g.samples, p.Pix8) || g.bands != bands || g.closed != 1 {
			t.Errorf("bands of %d: %d bands, closed %d times", height, g.bands, g.closed)
		}
	}
}

func TestCopyClosesAfterAnError(t *testing.T) {
	g := gathered{fails: errors.New("disk full")}
	err := picture.Copy(&g, picture.New(5, 7, 1, false, 8).Rows(2))
	if !errors.Is(err, g.fails) || g.bands != 1 || g.closed != 1 {
		t.Errorf("%v after %d bands, closed %d times", err, g.bands, g.closed)
	}
}

func TestBandSharesItsSamples(t *testing.T) {
	for _, depth := range []int{8, 16} {
		p := picture.New(4, 6, 1, true, depth)
		band := p.Band(2, 5)
		if band.Height != 3 || band.Width != 4 {
			t.Fatalf("%dx%d", band.Width, band.Height)
		}
		band.WritePlane([]float32{1}, 1, image.Rect(3, 0, 4, 1))
		plane := make([]float32, 1)
		p.ReadPlane(plane, 1, image.Rect(3, 2, 4, 3))
		if plane[0] != 1 {
			t.Errorf("%d bits: the sample reads %v", depth, plane[0])
		}
	}
}

func TestRowsEnd(t *testing.T) {
	rows := picture.New(1, 1, 1, false, 8).Rows(1)
	if _, err := rows.NextRows(); err != nil {
		t.Fatal(err)
	}
	if _, err := rows.NextRows(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}
