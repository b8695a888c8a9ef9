package metadata

import "slices"

// Geo is where on Earth a picture lies, as GeoTIFF says it.
type Geo struct {
	// Scale is the size of a pixel in units of the model: along a row, a column, and upwards.
	Scale []float64
	// TiePoints are points of the raster and of the model in turn, of three coordinates each.
	TiePoints []float64
	// Transform is a matrix of four rows and columns, from the raster to the model.
	Transform []float64
	// Keys, Doubles and Text say what the model is.
	Keys    []uint16
	Doubles []float64
	Text    []byte
	// GDAL is XML with which GDAL keeps other things.
	GDAL []byte
}

// Bytes is about the memory that g takes.
func (g *Geo) Bytes() int64 {
	if g == nil {
		return 0
	}
	return int64(8*(len(g.Scale)+len(g.TiePoints)+len(g.Transform)+len(g.Doubles)) + 2*len(g.Keys) + len(g.Text) + len(g.GDAL))
}

// isPoint reports whether coordinates of the raster are those of the middles of pixels, not of their corners.
func (g *Geo) isPoint() bool {
	const rasterType, point = 1025, 2
	for keys := g.Keys; len(keys) >= 8; keys = keys[4:] { // the first four tell versions and their number
		if keys[4] == rasterType {
			return keys[7] == point
		}
	}
	return false
}

// Times is g for a picture of the same place with x times as many pixels in a row and y times as many in a column.
func (g *Geo) Times(x, y float64) *Geo {
	if g == nil {
		return nil
	}
	// A corner lies at x times its coordinate. A middle lies half a pixel behind a corner: of the old picture before, of the new one after.
	half := 0.0
	if g.isPoint() {
		half = 0.5
	}
	out := *g
	if out.Scale = slices.Clone(g.Scale); len(out.Scale) >= 2 {
		out.Scale[0] /= x
		out.Scale[1] /= y
	}
	out.TiePoints = slices.Clone(g.TiePoints)
	for t := out.TiePoints; len(t) >= 6; t = t[6:] {
		t[0] = (t[0]+half)*x - half
		t[1] = (t[1]+half)*y - half
	}
	out.Transform = slices.Clone(g.Transform)
	for row := out.Transform; len(row) >= 4; row = row[4:] {
		row[3] += row[0]*half*(1/x-1) + row[1]*half*(1/y-1)
		row[0] /= x
		row[1] /= y
	}
	out.GDAL = withoutStatistics(g.GDAL)
	return &out
}
