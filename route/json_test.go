package route

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"classsr/tile"
)

func TestJSONOfAMap(t *testing.T) {
	cores := []image.Rectangle{image.Rect(0, 0, 30, 10), image.Rect(30, 0, 50, 10), image.Rect(0, 10, 50, 20)}
	m := NewMap(image.Pt(50, 20), cores, []string{"simple", "medium", "hard"})
	copy(m.Classes, []int{0, 2, 2})
	want := `{"width":50,"height":20,"classes":["simple","medium","hard"],"shares":[0.3,0,0.7],"cores":[` +
		`{"x":0,"y":0,"width":30,"height":10,"class":0},{"x":30,"y":0,"width":20,"height":10,"class":2},` +
		`{"x":0,"y":10,"width":50,"height":10,"class":2}]}` + "\n"
	var b bytes.Buffer
	if err := m.WriteJSON(&b); err != nil || b.String() != want {
		t.Errorf("JSON %s (error %v), want %s", b.String(), err, want)
	}
	b.Reset()
	if err := NewMap(image.Point{}, nil, nil).WriteJSON(&b); err != nil ||
		b.String() != `{"width":0,"height":0,"classes":[],"shares":[],"cores":[]}`+"\n" {
		t.Errorf("JSON of nothing %s (error %v)", b.String(), err)
	}
}

// What scripts read is the map, whatever they read it with.
func TestJSONHoldsTheWholeMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := image.Pt(rapid.IntRange(1, 90).Draw(t, "width"), rapid.IntRange(1, 90).Draw(t, "height"))
		var cores []image.Rectangle
		for _, p := range tile.Cover(size, image.Pt(32, 32), 0) {
			cores = append(cores, p.Core)
		}
		m := NewMap(size, cores, []string{"simple", rapid.String().Draw(t, "name")})
		for i := range m.Classes {
			m.Classes[i] = rapid.IntRange(0, 1).Draw(t, "class")
		}
		var b bytes.Buffer
		if err := m.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		var read struct {
			Width, Height int
			Classes       []string
			Shares        []float64
			Cores         []struct{ X, Y, Width, Height, Class int }
		}
		if err := json.Unmarshal(b.Bytes(), &read); err != nil {
			t.Fatal(err)
		}
		back := NewMap(image.Pt(read.Width, read.Height), nil, read.Classes)
		for _, c := range read.Cores {
			back.Cores = append(back.Cores, image.Rect(c.X, c.Y, c.X+c.Width, c.Y+c.Height))
			back.Classes = append(back.Classes, c.Class)
		}
		if back.Size != m.Size || !slices.Equal(back.Names, m.Names) || !slices.Equal(back.Cores, m.Cores) ||
			!slices.Equal(back.Classes, m.Classes) || !slices.Equal(read.Shares, m.Shares()) {
			t.Fatalf("%+v was read back as %+v", m, back)
		}
	})
}

func TestJSONSaysThatWritingFailed(t *testing.T) {
	if err := NewMap(image.Pt(1, 1), nil, nil).WriteJSON(brokenWriter{}); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
}

var errBroken = errors.New("broken")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }
