package device

import (
	"image"

	"classsr/gpu/shaders"
	"classsr/program"
)

// kernel is a shader with its specialisation constants.
type kernel struct {
	shader    string
	constants [12]uint32
	count     int
	exact     bool // it reads float32 even where values are float16
}

func newKernel(shader string, constants ...uint32) kernel {
	k := kernel{shader: shader, count: len(constants)}
	copy(k.constants[:], constants)
	return k
}

// dispatch is a kernel that runs for one or several pieces. What it must know of the first one begins at base in the parameters, and of each other one
// size numbers later.
type dispatch struct {
	kernel
	base, size int
	x, y, z    int // workgroups of the largest piece
	pieces     int
	macs       int64 // of all pieces
}

// join has a dispatch do for another piece what it does for those before.
func (d *dispatch) join(o dispatch, size int) {
	d.x, d.y, d.size = max(d.x, o.x), max(d.y, o.y), size
	d.pieces += o.pieces
	d.macs += o.macs
}

// piece is what a network computes of a window.
type piece struct {
	layout *layout
	parts  []image.Rectangle // of the picture; nil if all of the core is computed
	// values and sums are where what layout counts from 0 begins, in quads and in quads of float32.
	values, sums int
	// input is a quad of what comes from the host, at which planes of the rectangle reads of the window begin.
	input int
	reads image.Rectangle
}

// builder lists what computes a band: dispatches, each after the one before, and the parameters of all of them, with lists of tiles.
type builder struct {
	params     []int32
	dispatches []dispatch
	exact      int // where what lies in exact begins, in quads of float32
	scratch    int // quads of float32 before the result

	// Of the piece that is built.
	net *network
	piece
	macs int64 // multiply-accumulates of the step
	// Of the dispatch that is built.
	kernel kernel
	base   int
	region image.Rectangle
	tile   image.Point
	needed []image.Rectangle
}

// at is where the next parameter lies.
func (b *builder) at() int { return len(b.params) }

func (b *builder) add(numbers ...int) {
	for _, n := range numbers {
		b.params = append(b.params, int32(n))
	}
}

func (b *builder) set(at, number int) { b.params[at] = int32(number) }

// value adds where a value lies.
func (b *builder) value(v program.Value) {
	b.place(b.values+b.layout.at[v], b.layout.valid[v])
}

// place adds where a rectangle lies that begins at a quad.
func (b *builder) place(at int, r image.Rectangle) {
	b.add(at, r.Dx()*r.Dy(), r.Dx(), r.Min.X, r.Min.Y, r.Max.X, r.Max.Y)
}

// begin begins a dispatch that makes a value, or squares of so many pixels a side that each become one, in tiles.
func (b *builder) begin(k kernel, v program.Value, square int, tile image.Point) {
	b.kernel, b.base, b.tile = k, b.at(), tile
	b.region = shrunk(b.layout.valid[v], square)
	b.needed = b.needed[:0]
	for _, part := range b.parts {
		b.needed = append(b.needed, shrunk(b.net.reach.needed(v, part).Intersect(b.layout.valid[v]), square))
	}
	b.add(-1, 0, b.region.Min.X, b.region.Min.Y, b.region.Max.X, b.region.Max.Y)
}

// end ends a dispatch that makes z parts of each tile: the ones that parts of the picture need, if not all of it is computed.
func (b *builder) end(z int) {
	columns, rows := (b.region.Dx()+b.tile.X-1)/b.tile.X, (b.region.Dy()+b.tile.Y-1)/b.tile.Y
	var list []int32
	if b.parts != nil {
		list = tiles(b.region, b.tile, b.needed)
	}
	if b.parts == nil || len(list) == columns*rows {
		b.dispatch(b.kernel, b.base, columns, rows, z)
		return
	}
	b.set(b.base, b.at())
	b.set(b.base+1, len(list))
	b.params = append(b.params, list...)
	b.macs = b.macs * int64(len(list)) / int64(columns*rows)
	b.dispatchRows(b.kernel, b.base, len(list), z)
}

func (b *builder) dispatch(k kernel, base, x, y, z int) {
	if x > 0 && y > 0 && z > 0 {
		b.dispatches = append(b.dispatches, dispatch{kernel: k, base: base, x: x, y: y, z: z, pieces: 1, macs: b.macs})
	}
}

// dispatchRows dispatches n workgroups in rows, since not any number can lie along x.
func (b *builder) dispatchRows(k kernel, base, n, z int) {
	b.dispatch(k, base, min(n, shaders.RowOfGroups), (n+shaders.RowOfGroups-1)/shaders.RowOfGroups, z)
}

// run adds a network's steps, each for all pieces before the next one. Several pieces have no parts: those lists differ in length.
func (b *builder) run(n *network, pieces ...piece) {
	b.net = n
	b.forAll(pieces, b.takeInput)
	for i, s := range n.steps {
		b.forAll(pieces, func() {
			if valid := b.layout.valid[i+1]; !valid.Empty() {
				b.macs = n.program.Steps[i].Op.MACs(valid)
				s.emit(b, i)
			}
		})
	}
}

// forAll adds dispatches that do for all pieces what those do that emit adds for one. A network has the same ones for each piece, with as many parameters, so
// that these lie at one distance.
func (b *builder) forAll(pieces []piece, emit func()) {
	first := len(b.dispatches)
	for i, p := range pieces {
		b.piece, b.macs = p, 0
		at, added := b.at(), len(b.dispatches)
		emit()
		if i == 0 {
			continue
		}
		for k, d := range b.dispatches[added:] {
			b.dispatches[first+k].join(d, b.at()-at)
		}
		b.dispatches = b.dispatches[:added]
	}
}

// takeInput adds what makes the network's input of planes that come from the host.
func (b *builder) takeInput() {
	const v = program.Input
	b.begin(inputKernel, v, 1, image.Pt(shaders.TileColumns, shaders.TileRows))
	b.value(v)
	for range 3 {
		b.place(b.input, b.reads)
	}
	b.add(0, b.net.channels[v], 0, 0, 0, 0)
	b.end(b.net.slots[v].quads())
}

var inputKernel = newKernel(shaders.Each, 0, 0, 0, shaders.Input)
