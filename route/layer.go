package route

import (
	"encoding/json"
	"image"
	"image/color"
	"io"

	"classsr/fault"
)

// Layer shows the map as a picture that is laid over others: the colours of the classes, transparent where nothing was enlarged, without
// the picture and a legend. It has the size of the picture that was routed, or, if that is larger, at most so many pixels a side. Where cores
// overlap, or share a pixel of the layer, it shows the hardest class.
func (m *Map) Layer(most int) *image.Paletted {
	palette := color.Palette{color.RGBA{}}
	for class := range m.Names {
		palette = append(palette, Color(class, len(m.Names)))
	}
	longest := max(m.Size.X, m.Size.Y, 1)
	side := min(longest, max(most, 1))
	floor := func(pixel int) int { return pixel * side / longest }
	ceil := func(pixel int) int { return (pixel*side + longest - 1) / longest }
	layer := image.NewPaletted(image.Rect(0, 0, ceil(m.Size.X), ceil(m.Size.Y)), palette)
	for i, core := range m.Cores {
		index := uint8(m.Classes[i] + 1)
		area := image.Rect(floor(core.Min.X), floor(core.Min.Y), ceil(core.Max.X), ceil(core.Max.Y))
		for y := area.Min.Y; y < area.Max.Y; y++ {
			row := layer.Pix[layer.PixOffset(area.Min.X, y):][:area.Dx()]
			for x := range row {
				row[x] = max(row[x], index)
			}
		}
	}
	return layer
}

// Bounds of what ReadJSON reads. A picture of a gigapixel has a million cores.
const (
	mostJSON    = 256 << 20 // bytes
	mostSide    = 1 << 24   // pixels
	mostClasses = 64
)

// ReadJSON reads a map that WriteJSON wrote. It returns an error of kind fault.Damaged if r holds something else, or a core that lies outside the
// picture or has a class that is not there.
func ReadJSON(r io.Reader) (*Map, error) {
	var in jsonMap
	if err := json.NewDecoder(io.LimitReader(r, mostJSON)).Decode(&in); err != nil {
		return nil, fault.New(fault.Damaged, "not a route map as --route-map NAME.json writes it: %w", err)
	}
	if in.Width < 1 || in.Height < 1 || in.Width > mostSide || in.Height > mostSide || len(in.Classes) < 1 || len(in.Classes) > mostClasses {
		return nil, fault.New(fault.Damaged, "not a route map as --route-map NAME.json writes it: %d classes in a picture of %dx%d pixels",
			len(in.Classes), in.Width, in.Height)
	}
	m := NewMap(image.Pt(in.Width, in.Height), make([]image.Rectangle, len(in.Cores)), in.Classes)
	for i, c := range in.Cores {
		inside := c.X >= 0 && c.Y >= 0 && c.Width > 0 && c.Height > 0 && c.Width <= in.Width-c.X && c.Height <= in.Height-c.Y
		if !inside || c.Class < 0 || c.Class >= len(in.Classes) {
			return nil, fault.New(fault.Damaged, "the route map's core %d lies outside the picture, or has a class that is not there", i+1)
		}
		m.Cores[i], m.Classes[i] = image.Rect(c.X, c.Y, c.X+c.Width, c.Y+c.Height), c.Class
	}
	return m, nil
}
