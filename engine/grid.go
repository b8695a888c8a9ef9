package engine

import (
	"image"
	"slices"

	"classsr/internal/kernel"
	"classsr/nn"
)

// layGrids places the tiles of convolutions for rows that slide through the network, as strips of pictures do.
func (p *Plan) layGrids() {
	rows, columns := tileRows(p.graph), p.tileColumns()
	for i, s := range p.steps {
		if conv, ok := s.run.(convOp); ok {
			conv.grid = kernel.Grid{Row: rows[s.self], Column: columns[s.out]}
			p.steps[i].run = conv
		}
	}
}

// tileRows finds, for each value, at which rows (modulo a tile's height) it is complete when the rows slide through the network: each
// 3x3 convolution is a row behind the value it reads. Tiles that begin there need no row that is not there yet, so that little has
// to be kept.
func tileRows(g *nn.Graph) []int {
	rows := make([]int, len(g.Nodes)+1)
	for i, n := range g.Nodes {
		latest := rows[slices.Max(n.Inputs)] // of what a node reads, the value made last is complete last
		switch op := n.Op.(type) {
		case nn.Conv:
			latest -= op.Kernel - 1 - op.Pad
		case nn.PixelShuffle:
			latest *= op.Factor
		}
		rows[result(i)] = modulo(latest, kernel.WinogradRows)
	}
	return rows
}

// tileColumns finds, for each value, at which column (modulo a tile's width) the part begins that is needed for a core that begins at
// an even column. Tiles that begin there compute no column that is not needed.
func (p *Plan) tileColumns() []int {
	const far = 1 << 20 // farther than any network reaches, and even at every enlargement
	columns := make([]int, len(p.graph.Nodes)+1)
	for v := range columns {
		columns[v] = 4 * far * max(p.scale, 1)
	}
	columns[p.graph.Output()] = far * max(p.scale, 1)
	for _, s := range slices.Backward(p.steps) {
		need := s.run.need
		if conv, ok := s.run.(convOp); ok {
			need = conv.reach
		}
		at := columns[s.out]
		for i, v := range s.in {
			first := need(i, image.Rect(at, 0, at+1, 1), image.Pt(8*at, 1)).Min.X
			p.parts(v, func(v nn.Value) { columns[v] = min(columns[v], first) })
		}
	}
	for v := range columns {
		columns[v] = modulo(columns[v], kernel.WinogradColumns)
	}
	return columns
}

func modulo(a, b int) int { return (a%b + b) % b }
