package metadata

import (
	"image"
	"math"
	"slices"
	"testing"
)

// model gives the place of a point of the raster, by the matrix or by a tie point and the scale.
func (g *Geo) model(i, j float64) (x, y float64) {
	if m := g.Transform; m != nil {
		return m[0]*i + m[1]*j + m[3], m[4]*i + m[5]*j + m[7]
	}
	t := g.TiePoints
	return t[3] + (i-t[0])*g.Scale[0], t[4] - (j-t[1])*g.Scale[1]
}

// The corners of an enlarged picture lie where they did.
func TestCornersStay(t *testing.T) {
	point := []uint16{1, 1, 0, 2, 1024, 0, 1, 1, 1025, 0, 1, 2}
	for name, g := range map[string]*Geo{
		"area":             {Scale: []float64{10, 20, 0}, TiePoints: []float64{3, 4, 0, 500000, 4000000, 0}, Keys: []uint16{1, 1, 0, 1, 1025, 0, 1, 1}},
		"point":            {Scale: []float64{10, 20, 0}, TiePoints: []float64{3, 4, 0, 500000, 4000000, 0}, Keys: point},
		"matrix":           {Transform: []float64{10, 3, 0, 500000, 2, -20, 0, 4000000, 0, 0, 0, 0, 0, 0, 0, 1}},
		"matrix of points": {Transform: []float64{10, 3, 0, 500000, 2, -20, 0, 4000000, 0, 0, 0, 0, 0, 0, 0, 1}, Keys: point},
	} {
		half := 0.0
		if g.Keys != nil && g.isPoint() {
			half = 0.5
		}
		d := Data{Geo: g}
		enlarged := d.Of(image.Pt(100, 60), image.Pt(400, 180)).Geo
		for _, corner := range [][2]float64{{0, 0}, {100, 0}, {0, 60}, {100, 60}, {50, 30}} {
			x, y := g.model(corner[0]-half, corner[1]-half)
			u, v := enlarged.model(4*corner[0]-half, 3*corner[1]-half)
			if math.Abs(x-u) > 1e-6 || math.Abs(y-v) > 1e-6 {
				t.Errorf("%s: %v lies at %v, %v, then at %v, %v", name, corner, x, y, u, v)
			}
		}
	}
	g := &Geo{Scale: []float64{1, 1, 0}, TiePoints: make([]float64, 6)}
	if g.Times(2, 2); !slices.Equal(g.Scale, []float64{1, 1, 0}) {
		t.Error("the original is changed")
	}
}

func TestWithoutStatistics(t *testing.T) {
	xml := "<GDALMetadata>\n  <Item name=\"DataType\">Elevation</Item>\n  <Item name=\"STATISTICS_MAXIMUM\" sample=\"0\">79.6</Item>\n" +
		"  <Item name=\"STATISTICS_MEAN\" sample=\"0\">8</Item>\n</GDALMetadata>"
	if got := string(withoutStatistics([]byte(xml))); got != "<GDALMetadata>\n  <Item name=\"DataType\">Elevation</Item>\n</GDALMetadata>" {
		t.Errorf("%q", got)
	}
	if got := string(withoutStatistics([]byte(`<Item name="STATISTICS_`))); got != `<Item name="STATISTICS_` {
		t.Errorf("%q", got)
	}
}
