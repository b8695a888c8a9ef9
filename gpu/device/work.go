package device

import (
	"image"
	"slices"

	"classsr/program"
)

// work is bands as dispatches.
type work struct {
	builder
	bands  []placed
	quads  int // of float32, that all inputs take; parameters come after them
	length int // quads of all values
	words  int // of four bytes, that all results take
}

// placed is where what belongs to a band lies.
type placed struct {
	inputs []int // by part: its first quad in the upload
	pixels int   // of the result
	// blended tells that the result lies among the sums, not among the values. It begins at a quad, and unit brings it to 0..1.
	blended bool
	from    int
	unit    float32
	out     int // the first word of its samples
}

// needs is the memory for bands, in bytes.
type needs struct{ values, sums, upload, params, out int64 }

func (w *work) needs(quadBytes int) needs {
	params := (int64(len(w.params))*numberBytes + exactBytes - 1) / exactBytes * exactBytes
	sums := max(w.scratch, 1)
	for _, p := range w.bands {
		if p.blended {
			sums = p.from + p.pixels
		}
	}
	return needs{
		values: int64(w.length) * int64(quadBytes), sums: int64(sums) * exactBytes,
		params: params, upload: params + int64(w.quads)*exactBytes, out: int64(w.words) * numberBytes,
	}
}

// build makes dispatches of bands: of several, or of one that may be blended or masked.
func (m *Model) build(bands []*Band) *work {
	w := &work{}
	w.exact = m.exact
	for _, b := range bands {
		p := placed{pixels: area(b.Result), inputs: make([]int, len(b.Parts)), out: w.words}
		for i, part := range b.Parts {
			p.inputs[i] = w.quads
			w.quads += (m.nets[part.Network].channels[program.Input]*area(part.Reads) + quadSize - 1) / quadSize
		}
		w.words += ceil(b.Bytes(), numberBytes)
		w.bands = append(w.bands, p)
	}
	if bands[0].Blend != nil {
		m.blended(w, bands[0])
		return w
	}
	for number, n := range m.nets {
		if pieces := m.pieces(w, bands, number); len(pieces) > 0 {
			w.run(n, pieces...)
		}
	}
	return w
}

// pieces gives memory of their own to those bands that a network computes.
func (m *Model) pieces(w *work, bands []*Band, network int) []piece {
	var all []piece
	n := m.nets[network]
	for i, b := range bands {
		part := &b.Parts[0]
		if part.Network != network {
			continue
		}
		l, p := m.layout(part), &w.bands[i]
		all = append(all, piece{layout: l, parts: part.wanted(n), values: w.length, sums: w.scratch, input: p.inputs[0], reads: part.Reads})
		p.from, p.unit = w.length+l.at[n.program.Output], n.unit
		w.length += l.length
		w.scratch += l.sums
	}
	return all
}

// blended adds all networks of a band, one after the other in the same memory, and what each is of the result.
func (m *Model) blended(w *work, b *Band) {
	for i := range b.Parts {
		l := m.layout(&b.Parts[i])
		w.length, w.scratch = max(w.length, l.length), max(w.scratch, l.sums)
	}
	p := &w.bands[0]
	p.blended, p.from, p.unit = true, w.scratch, 1
	c := w.addCores(b.Blend)
	for class, n := range m.nets { // in their order: the first one that has any weight at a pixel does not add
		i := slices.IndexFunc(b.Parts, func(p Part) bool { return p.Network == class })
		if i < 0 {
			continue
		}
		part := &b.Parts[i]
		wanted := part.wanted(n)
		if wanted != nil && len(wanted) == 0 {
			continue
		}
		w.run(n, piece{layout: m.layout(part), parts: wanted, input: p.inputs[i], reads: part.Reads})
		w.blend(b.Result, part.Core, n, class, c)
	}
}

// wanted is the parts of the core that are computed; nil for all of it.
func (p *Part) wanted(n *network) []image.Rectangle {
	if p.Mask == nil || n.reach == nil {
		return nil
	}
	return parts(p.Mask, p.Core)
}

func area(r image.Rectangle) int { return r.Dx() * r.Dy() }
