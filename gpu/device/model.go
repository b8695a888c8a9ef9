package device

import (
	"errors"
	"fmt"
	"image"
	"math"
	"sync"

	"classsr/gpu/vulkan"
	"classsr/program"
)

// Model is networks whose weights are on the device. Several goroutines may use it: their bands are computed one after the other, while others
// are brought there and back.
type Model struct {
	device   *Device
	nets     []*network
	weights  *vulkan.Buffer
	exact    int // where what is float32 begins in weights, in quads of float32
	kernels  map[kernel]*vulkan.Pipeline
	slots    chan *slot
	mu       sync.Mutex // of what follows, and of the device's queue
	arena    *vulkan.Buffer
	sums     *vulkan.Buffer
	layouts  map[shape]*layout
	inFlight sync.WaitGroup
	atOnce   int64 // multiply-accumulates of a submission
}

// shape is what a layout depends on.
type shape struct {
	net    int
	window image.Point
	core   image.Rectangle
}

const (
	// maxLayouts bounds the layouts that are remembered. Bands of one picture have a few dozen shapes at most.
	maxLayouts = 128
	// atATime is how many bands are on their way at a time.
	atATime = 2
)

// Load brings networks to the device: their weights, and the shaders for all that they do. A Model must be closed.
func (d *Device) Load(nets []Network) (*Model, error) { return d.load(nets, chooseTiling) }

func (d *Device) load(nets []Network, tiling func(taps, out, quadBytes int) tiling) (*Model, error) {
	p := packing{quadBytes: d.quadBytes(), tiling: tiling, matrices: d.matrices}
	m := &Model{device: d, kernels: map[kernel]*vulkan.Pipeline{}, layouts: map[shape]*layout{}, slots: make(chan *slot, atATime), atOnce: macsAtOnce}
	for range atATime {
		m.slots <- &slot{}
	}
	for _, n := range nets {
		m.nets = append(m.nets, p.pack(n))
	}
	if err := m.prepare(&p); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// prepare makes pipelines, and uploads weights.
func (m *Model) prepare(p *packing) error {
	wanted := []kernel{inputKernel, blendKernel}
	for _, n := range m.nets {
		for _, s := range n.steps {
			wanted = append(wanted, s.uses()...)
		}
	}
	for _, k := range wanted {
		if m.kernels[k] != nil {
			continue
		}
		pipeline, err := m.device.pipeline(k)
		if err != nil {
			return err
		}
		m.kernels[k] = pipeline
	}
	data := p.bytes()
	m.exact = (len(data) - 4*len(p.exact)) / exactBytes
	var err error
	m.weights, err = m.device.upload(data)
	return err
}

// Close gives the device's memory back. Nothing may be running.
func (m *Model) Close() {
	for _, b := range []*vulkan.Buffer{m.weights, m.arena, m.sums} {
		free(b)
	}
	for range atATime {
		(<-m.slots).free()
	}
}

// Bytes is the memory that such bands take on the device, computed together and as often as they are on their way at a time, without the model's weights.
// Inputs and Out need not be there. For bands that Run does not take it is the largest number.
func (m *Model) Bytes(bands ...*Band) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.check(bands) != nil {
		return math.MaxInt64
	}
	n := m.build(bands).needs(m.device.quadBytes())
	return n.values + n.sums + atATime*(n.upload+n.params+2*n.out)
}

// layout finds a layout, which it remembers.
func (m *Model) layout(p *Part) *layout {
	key := shape{p.Network, p.Window, p.Core}
	l := m.layouts[key]
	if l == nil {
		if len(m.layouts) >= maxLayouts {
			clear(m.layouts)
		}
		l = newLayout(m.nets[p.Network], p.Window, p.Core)
		m.layouts[key] = l
	}
	return l
}

// exactBytes is a quad of float32.
const exactBytes = 16

// bytes is all weights, and then what is float32.
func (p *packing) bytes() []byte {
	var data []byte
	for _, v := range p.weights {
		data = appendNumber(data, v, p.quadBytes)
	}
	for len(data)%exactBytes != 0 {
		data = append(data, 0)
	}
	for _, v := range p.exact {
		data = appendNumber(data, v, exactBytes)
	}
	return data
}

// check tells whether bands can be computed at all, their memory aside.
func (m *Model) check(bands []*Band) error {
	if len(bands) == 0 {
		return errors.New("device: there is no band")
	}
	for _, b := range bands {
		if err := m.checkBand(b); err != nil {
			return err
		}
		if len(bands) > 1 && (b.Blend != nil || b.Parts[0].Mask != nil) {
			return errors.New("device: of bands that are computed together one is blended or masked")
		}
	}
	return nil
}

func (m *Model) checkBand(b *Band) error {
	if len(b.Parts) == 0 || len(b.Parts) > 1 && b.Blend == nil {
		return errors.New("device: a band has one part, or several that are blended")
	}
	seen := make([]bool, len(m.nets))
	for i := range b.Parts {
		part := &b.Parts[i]
		if part.Network < 0 || part.Network >= len(m.nets) || seen[part.Network] {
			return fmt.Errorf("device: a part of network %d, of %d", part.Network, len(m.nets))
		}
		seen[part.Network] = true
		n := m.nets[part.Network]
		if n.program.Scale == 0 || n.channels[n.program.Output] > quadSize {
			return errors.New("device: a network that makes no picture")
		}
		window := image.Rectangle{Max: part.Window}
		if !part.Core.In(window) || part.Core.Empty() || zoomed(part.Core, n.program.Scale).Size() != b.Result.Size() {
			return fmt.Errorf("device: the core %v of a window of %v does not make the result %v", part.Core, part.Window, b.Result)
		}
		if part.Window.X%n.program.Fold != 0 || part.Window.Y%n.program.Fold != 0 {
			return fmt.Errorf("device: the sides of a window of %v are no multiples of %d", part.Window, n.program.Fold)
		}
		if b.Blend != nil && (b.Blend.Scale != n.program.Scale || !b.Result.In(zoomed(image.Rectangle{Max: b.Blend.Size()}, n.program.Scale))) {
			return errors.New("device: what is blended is another picture than its networks make")
		}
		if reads := m.layout(part).valid[program.Input]; !reads.In(part.Reads) {
			return fmt.Errorf("device: %v of a window is read, and %v is there", reads, part.Reads)
		}
	}
	return nil
}

// checkMemory tells whether the inputs are there, and room for the results.
func (m *Model) checkMemory(bands []*Band) error {
	for _, b := range bands {
		for _, part := range b.Parts {
			if want := m.nets[part.Network].channels[program.Input] * area(part.Reads); len(part.Input) != want {
				return fmt.Errorf("device: an input of %d numbers, want %d", len(part.Input), want)
			}
		}
		if len(b.Out) != b.Bytes() {
			return errors.New("device: the memory for a band's result has another size than the result")
		}
	}
	return nil
}
