package baseline

import (
	"io"

	"classsr/internal/kernel"
)

const (
	blockSide = 8
	// tileWidth is how many pixels of a row of units are worked on at a time: what a tile needs fits into the first cache.
	tileWidth = 256
	// tileRows is the most rows of a unit.
	tileRows = 16
)

// Worker encodes strips of an Encoder's picture, one at a time.
type Worker struct {
	encoder *Encoder
	bits    bitWriter
	before  [3]int16 // the mean of the last block of each component
	full    [3][]byte
	planes  [3]plane
}

// plane is a tile of one component.
type plane struct {
	samples      []byte // tileWidth to a row
	coefficients []int16
	masks        []uint64
	blockRows    int // rows of blocks that hold samples of the picture
}

// WorkerBytes is the memory of a Worker, at most.
const WorkerBytes = 3*2*tileWidth*tileRows + 3*tileWidth*tileRows*2 + bufferBytes + 8<<10

// NewWorker makes a Worker.
func (e *Encoder) NewWorker() *Worker {
	w := &Worker{encoder: e}
	w.bits.buffer = make([]byte, bufferBytes+6*blockRoom+16)
	for i, c := range e.components {
		w.full[i] = make([]byte, tileWidth*tileRows)
		p := &w.planes[i]
		p.samples = w.full[i]
		if c.across > 1 {
			p.samples = make([]byte, tileWidth*tileRows)
		}
		blocks := tileWidth * tileRows / kernel.BlockSize
		p.coefficients, p.masks = make([]int16, blocks*kernel.BlockSize), make([]uint64, blocks)
	}
	return w
}

// EncodeStrip writes strip number index to dst, from its restart marker (unless it is the first) to its last whole byte. rows holds the strip's
// pixels, without gaps: a byte each, or red, green and blue. It returns the error of dst.
func (w *Worker) EncodeStrip(dst io.Writer, index int, rows []byte) error {
	c := w.encoder.config
	line := c.Width * c.Colors
	height := len(rows) / line
	if len(rows) != height*line || height != min(c.StripRows, c.Height-index*c.StripRows) {
		panic("baseline: a strip has other rows than its picture")
	}
	w.before = [3]int16{}
	if index > 0 {
		w.bits.n = copy(w.bits.buffer, []byte{0xff, markerRestart + byte((index-1)%8)})
	}
	_, unitRows := c.unit()
	for y := 0; y < height; y += unitRows {
		band := rows[y*line : min(y+unitRows, height)*line]
		for x := 0; x < c.Width; x += tileWidth {
			w.load(band, x)
			w.transform(x)
			if err := w.code(dst, x); err != nil {
				return err
			}
		}
	}
	w.bits.align()
	return w.bits.flush(dst)
}

// load brings the tile at column x of a row of units into planes. Beyond the picture its last samples are repeated.
func (w *Worker) load(band []byte, x int) {
	c := w.encoder.config
	line := c.Width * c.Colors
	n, height := min(tileWidth, c.Width-x), len(band)/line
	for y := range height {
		src := band[y*line+x*c.Colors:][:n*c.Colors]
		at := y * tileWidth
		if c.Colors == 1 {
			copy(w.full[0][at:], src)
		} else {
			kernel.YCbCr(w.full[0][at:][:n], w.full[1][at:][:n], w.full[2][at:][:n], src)
		}
	}
	for i, component := range w.encoder.components {
		p := &w.planes[i]
		extend(w.full[i], n, height, component.down)
		width, rows := n, height
		if component.across > 1 {
			width, rows = wholePairs(n)/2, divideUp(height, component.down)
			p.reduce(w.full[i], component.down, width, rows)
		}
		p.blockRows = divideUp(rows, blockSide)
		extend(p.samples, width, rows, blockSide)
	}
}

// extend repeats the last of n samples in each row up to a whole pair of blocks, and the last of some rows up to a multiple of step.
func extend(samples []byte, n, rows, step int) {
	end := wholePairs(n)
	for y := range rows {
		row := samples[y*tileWidth:][:end]
		for x := n; x < end; x++ {
			row[x] = row[n-1]
		}
	}
	for y := rows; y%step != 0; y++ {
		copy(samples[y*tileWidth:][:end], samples[(y-1)*tileWidth:])
	}
}

// wholePairs gives how many samples n are with those that fill the last pair of blocks.
func wholePairs(n int) int { return divideUp(n, 2*blockSide) * 2 * blockSide }

// reduce makes rows of samples, each of two pixels across and one or two down.
func (p *plane) reduce(full []byte, down, width, rows int) {
	for y := range rows {
		dst, a := p.samples[y*tileWidth:][:width], full[y*down*tileWidth:][:2*width]
		if down == 2 {
			kernel.Halve(dst, a, full[(2*y+1)*tileWidth:][:2*width])
			continue
		}
		for x := range dst {
			dst[x] = byte((int(a[2*x]) + int(a[2*x+1]) + x%2) >> 1)
		}
	}
}

// transform makes coefficients of the tile at column x.
func (w *Worker) transform(x int) {
	c := w.encoder.config
	n := min(tileWidth, c.Width-x)
	for i, component := range w.encoder.components {
		p := &w.planes[i]
		blocks := wholePairs(divideUp(n, component.across)) / blockSide
		for y := range p.blockRows {
			at := y * tileWidth / blockSide
			kernel.TransformBlocks(p.coefficients[at*kernel.BlockSize:], p.masks[at:][:blocks],
				p.samples[y*blockSide*tileWidth:], tileWidth, component.quantiser)
		}
	}
}

// code writes the tile at column x, unit after unit. A block of a unit that lies beyond the picture is the block before without its details.
func (w *Worker) code(dst io.Writer, x int) error {
	c := w.encoder.config
	width, _ := c.unit()
	units := divideUp(min(tileWidth, c.Width-x), width)
	var beyond [kernel.BlockSize]int16
	for unit := range units {
		for i := range w.encoder.components {
			component, p := &w.encoder.components[i], &w.planes[i]
			first := unit * component.unitWidth
			blocks := component.blocksAcross - x/component.across/blockSide
			for v := range component.unitRows {
				for h := range component.unitWidth {
					before := w.before[i]
					if v >= p.blockRows || first+h >= blocks {
						beyond[0] = before
						w.bits.block(&beyond, 0, before, component.means, component.others)
						continue
					}
					at := v*tileWidth/blockSide + first + h
					block := (*[kernel.BlockSize]int16)(p.coefficients[at*kernel.BlockSize:])
					w.bits.block(block, p.masks[at], before, component.means, component.others)
					w.before[i] = block[0]
				}
			}
		}
		if w.bits.n >= bufferBytes {
			if err := w.bits.flush(dst); err != nil {
				return err
			}
		}
	}
	return nil
}
