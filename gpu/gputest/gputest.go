// Package gputest has devices for tests: they compute with the engine of the processor, through the same messages as GPUs do, and fail as
// they are told.
package gputest

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"classsr/branch"
	"classsr/engine"
	"classsr/gpu/helper"
	"classsr/gpu/link"
	"classsr/internal/kernel"
	"classsr/picture"
	"classsr/route"
	"classsr/weights"
)

// Backend is a helper.Backend with one device. Faults are named in the fields; bands are counted from 1, over all pictures, those that are computed together as
// one.
type Backend struct {
	// None says why there is no device, if it is not empty.
	None string
	// Kind is the device's; "" stands for discrete.
	Kind string
	// MemoryFullAt is a band for which there is not enough memory; MemoryFor, if not 0, is how many pixels of the result a band may have.
	MemoryFullAt int64
	MemoryFor    int
	// LostAt is a band at which the device is lost, PanicsAt one at which the helper makes a mistake.
	LostAt, PanicsAt int64
	// Before, if not nil, is called before each band is computed, with its number.
	Before func(band int64)
	// Spoil, if not nil, changes results before they are written: planes of float32.
	Spoil func(band int64, planes [][]float32, width int)
	// Matrices, if not nil, is what the device is like when it is opened with products of matrices, which it has then, as it has float16.
	Matrices *Backend

	bands, opened, loaded atomic.Int64
}

// Opened is how often it was opened.
func (b *Backend) Opened() int64 { return b.opened.Load() }

// Loaded is how many models were loaded.
func (b *Backend) Loaded() int64 { return b.loaded.Load() }

// Bands is how many bands were asked for.
func (b *Backend) Bands() int64 { return b.bands.Load() }

// Memory is what the device says that it has.
const Memory = 1 << 30

// Devices implements helper.Backend.
func (b *Backend) Devices() ([]link.Device, error) {
	if b.None != "" {
		return nil, fmt.Errorf("%w: %s", link.ErrUnavailable, b.None)
	}
	return []link.Device{{Name: "Processor in disguise", Kind: cmp.Or(b.Kind, "discrete"), Driver: "gputest 1", API: "1.1", ID: "one", Memory: Memory, Half: b.Matrices != nil, Matrix: b.Matrices != nil}}, nil
}

// Open implements helper.Backend.
func (b *Backend) Open(o link.Open) (helper.Device, error) {
	if o.Half && o.Matrices && b.Matrices != nil {
		b = b.Matrices
	}
	b.opened.Add(1)
	return &device{b}, nil
}

type device struct{ backend *Backend }

// Load implements helper.Device.
func (d *device) Load(networks []weights.Network) (helper.Model, error) {
	d.backend.loaded.Add(1)
	m := &model{backend: d.backend}
	for _, n := range networks {
		b, err := branch.New(n, n.Spec.Scale)
		if err != nil {
			return nil, err
		}
		m.branches = append(m.branches, b)
	}
	return m, nil
}

// Close implements helper.Device.
func (d *device) Close() {}

type model struct {
	backend  *Backend
	branches []*branch.Branch
	mu       sync.Mutex // one band at a time
}

// Close implements helper.Model.
func (m *model) Close() {}

// Pace implements helper.Model.
func (m *model) Pace(float64) {}

// Bytes implements helper.Model.
func (m *model) Bytes(bands []*helper.Band) int64 {
	const channels, floatBytes = 64, 4
	return int64(pixels(bands)) * channels * floatBytes / int64(m.branches[0].Spec.Scale*m.branches[0].Spec.Scale)
}

// pixels counts those of results.
func pixels(bands []*helper.Band) (sum int) {
	for _, b := range bands {
		sum += b.Result.Dx() * b.Result.Dy()
	}
	return sum
}

// Run implements helper.Model.
func (m *model) Run(ctx context.Context, bands []*helper.Band) (link.Work, error) {
	n, began := m.backend.bands.Add(1), time.Now()
	if m.backend.Before != nil {
		m.backend.Before(n)
	}
	switch most := m.backend.MemoryFor; {
	case n == m.backend.MemoryFullAt || most > 0 && pixels(bands) > most:
		return link.Work{}, link.ErrOutOfMemory
	case m.backend.LostAt > 0 && n >= m.backend.LostAt:
		return link.Work{}, link.ErrLost
	case n == m.backend.PanicsAt:
		panic("as the test wants")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range bands {
		if err := m.band(ctx, n, b); err != nil {
			return link.Work{}, err
		}
	}
	return link.Work{Upload: 1, Compute: time.Since(began), Download: 1, Memory: m.Bytes(bands)}, nil
}

// band computes a band, which was asked for as number n.
func (m *model) band(ctx context.Context, n int64, b *helper.Band) error {
	planes := make([][]float32, 3)
	for c := range planes {
		planes[c] = make([]float32, b.Result.Dx()*b.Result.Dy())
	}
	for i := range b.Parts {
		if err := m.add(ctx, b, &b.Parts[i], planes); err != nil {
			return err
		}
	}
	if m.backend.Spoil != nil {
		m.backend.Spoil(n, planes, b.Result.Dx())
	}
	write(b, planes)
	return nil
}

// add adds what a network makes, by its weight.
func (m *model) add(ctx context.Context, b *helper.Band, p *helper.Part, planes [][]float32) error {
	by, width := m.branches[p.Network], b.Result.Dx()
	plan, mask := by.Plan, p.Mask
	if by.Spec.Pools() {
		mask = nil
	}
	fill := func(rows engine.Rows) {
		for y := rows.Min.Y; y < rows.Max.Y; y++ {
			for c := range rows.Channels {
				row := rows.Row(c, y)
				clear(row)
				at := image.Rect(rows.Min.X, y, rows.Max.X, y+1).Intersect(p.Reads)
				if !at.Empty() {
					from := (c*p.Reads.Dy()+y-p.Reads.Min.Y)*p.Reads.Dx() + at.Min.X - p.Reads.Min.X
					copy(row[at.Min.X-rows.Min.X:], p.Input[from:][:at.Dx()])
				}
			}
		}
	}
	take := func(rows engine.Rows) {
		for y := rows.Min.Y; y < rows.Max.Y; y++ {
			segments := []route.Segment{{Left: b.Result.Min.X, Right: b.Result.Max.X, At: 1}}
			if b.Blend != nil {
				segments = b.Blend.Segments(nil, b.Blend.RowAt(b.Result.Min.Y+y), p.Network, b.Result.Min.X, b.Result.Max.X)
			}
			for _, s := range segments {
				left, right := s.Left-b.Result.Min.X, s.Right-b.Result.Min.X
				for c := range planes {
					part := slices.Clone(rows.Row(c, y)[left:right])
					by.ToUnit(part)
					kernel.AddRamp(planes[c][y*width:][left:right], part, s.At, s.Step)
				}
			}
		}
	}
	return plan.Run(ctx, &engine.Arena{}, engine.Piece{Window: p.Window, Core: p.Core, Mask: mask}, fill, take)
}

// write writes planes in the band's format.
func write(b *helper.Band, planes [][]float32) {
	size := b.Result.Size()
	p := &picture.Picture{Width: size.X, Height: size.Y, Colors: 3}
	switch b.Format {
	case link.Float32:
		to := link.Floats(b.Out)
		for _, plane := range planes {
			to = to[copy(to, plane):]
		}
		return
	case link.Uint8:
		p.Depth, p.Pix8 = 8, b.Out
	case link.Uint16:
		p.Depth, p.Pix16 = 16, link.Words(b.Out)
	}
	p.WritePlanes(planes, p.Bounds())
}

// Black makes results black from a band on.
func Black(from int64) func(int64, [][]float32, int) {
	return spoil(from, func(float32, int) float32 { return 0 })
}

// Garbage is numbers that have nothing to do with the picture, NaN among them.
func Garbage(from int64) func(int64, [][]float32, int) {
	return spoil(from, func(_ float32, i int) float32 {
		if i%1000 == 0 {
			return float32(math.NaN())
		}
		return float32(i*7919%256) / 255
	})
}

// Shifted moves results by so many pixels to the right.
func Shifted(from int64, pixels int) func(int64, [][]float32, int) {
	return func(band int64, planes [][]float32, _ int) {
		if band >= from {
			for _, plane := range planes {
				copy(plane[pixels:], plane)
			}
		}
	}
}

func spoil(from int64, value func(v float32, i int) float32) func(int64, [][]float32, int) {
	return func(band int64, planes [][]float32, _ int) {
		if band < from {
			return
		}
		for _, plane := range planes {
			for i, v := range plane {
				plane[i] = value(v, i)
			}
		}
	}
}
