package route

import (
	"bytes"
	"fmt"
	"image"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"classsr/fault"
	"classsr/tile"
)

func TestLayer(t *testing.T) {
	m := NewMap(image.Pt(40, 20), []image.Rectangle{image.Rect(0, 0, 20, 20), image.Rect(10, 0, 30, 10)}, []string{"simple", "hard"})
	m.Classes[1] = 1
	for most, want := range map[int]image.Point{100: {40, 20}, 20: {20, 10}, 1: {1, 1}} {
		if got := m.Layer(most).Rect.Size(); got != want {
			t.Errorf("a layer of at most %d pixels has %v, want %v", most, got, want)
		}
	}
	layer := m.Layer(20)
	for at, want := range map[image.Point]uint8{{0, 0}: 1, {5, 4}: 2, {5, 5}: 1, {14, 0}: 2, {15, 0}: 0, {14, 5}: 0} {
		if got := layer.ColorIndexAt(at.X, at.Y); got != want {
			t.Errorf("the layer has class %d at %v, want %d", got, at, want)
		}
	}
	if _, _, _, alpha := layer.At(19, 9).RGBA(); alpha != 0 {
		t.Error("what was not enlarged is not transparent")
	}
	if layer.At(0, 0) != Color(0, 2) || layer.At(5, 4) != Color(1, 2) {
		t.Error("the layer has other colours than the map")
	}
}

// Cores that cover a picture cover its layer, however small that is.
func TestLayerHasNoGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := image.Pt(rapid.IntRange(1, 300).Draw(t, "width"), rapid.IntRange(1, 300).Draw(t, "height"))
		var cores []image.Rectangle
		for _, p := range tile.Cover(size, image.Pt(32, 32), 0) {
			cores = append(cores, p.Core)
		}
		m := NewMap(size, cores, []string{"only"})
		for i, index := range m.Layer(rapid.IntRange(1, 400).Draw(t, "most")).Pix {
			if index != 1 {
				t.Fatalf("pixel %d has no class", i)
			}
		}
	})
}

func TestReadJSON(t *testing.T) {
	m := NewMap(image.Pt(50, 20), []image.Rectangle{image.Rect(0, 0, 30, 20), image.Rect(30, 0, 50, 20)}, []string{"simple", "hard"})
	m.Classes[1] = 1
	var b bytes.Buffer
	if err := m.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if back, err := ReadJSON(&b); err != nil || !reflect.DeepEqual(back, m) {
		t.Errorf("read back %+v (%v), want %+v", back, err, m)
	}
	core := `{"width":50,"height":20,"classes":["a"],"cores":[{"x":%d,"y":%d,"width":%d,"height":%d,"class":%d}]}`
	for _, bad := range []string{
		"", "[]", "{}", `{"width":1e9,"height":2,"classes":["a"]}`, `{"width":5,"height":2,"classes":[]}`,
		fmt.Sprintf(core, 0, 0, 51, 20, 0), fmt.Sprintf(core, -1, 0, 5, 5, 0), fmt.Sprintf(core, 0, 0, 0, 5, 0),
		fmt.Sprintf(core, 9223372036854775807, 0, 5, 5, 0), fmt.Sprintf(core, 0, 0, 5, 5, 1), fmt.Sprintf(core, 0, 0, 5, 5, -1),
	} {
		if got, err := ReadJSON(strings.NewReader(bad)); fault.KindOf(err) != fault.Damaged {
			t.Errorf("%s: read %v, error %v", bad, got, err)
		}
	}
}
