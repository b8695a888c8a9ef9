package device

import (
	"errors"
	"fmt"
	"image"
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
func (d *Device) Load(nets []Network) (*Model, error) {
	p := packing{quadBytes: d.quadBytes()}
	m := &Model{device: d, kernels: map[kernel]*vulkan.Pipeline{}, layouts: map[shape]*layout{}, slots: make(chan *slot, atATime)}
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

// Reads is the rectangle of a window, without what lies beyond it, that a network reads to compute a core: what Part.Input holds. It panics if
// the core does not lie in the window.
func (m *Model) Reads(net int, window image.Point, core image.Rectangle) image.Rectangle {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.layout(net, window, core).valid[program.Input]
}

// Bytes is the memory that bands like this one take on the device, as many as are on their way at a time, without the model's weights. Of inputs
// it only matters whether there are any.
func (m *Model) Bytes(b *Band) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.build(b).needs(m.device.quadBytes(), b.Format)
	return n.values + n.sums + atATime*(n.upload+n.params+2*n.out)
}

// layout finds a layout, which it remembers.
func (m *Model) layout(net int, window image.Point, core image.Rectangle) *layout {
	key := shape{net, window, core}
	l := m.layouts[key]
	if l == nil {
		if len(m.layouts) >= maxLayouts {
			clear(m.layouts)
		}
		l = newLayout(m.nets[net], window, core)
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

// check tells whether a band can be computed at all.
func (m *Model) check(b *Band) error {
	if len(b.Parts) != len(m.nets) || len(b.Unit) != len(m.nets) {
		return fmt.Errorf("device: a band has %d parts and %d units for %d networks", len(b.Parts), len(b.Unit), len(m.nets))
	}
	active := 0
	for i, part := range b.Parts {
		if part.Input == nil {
			continue
		}
		active++
		n := m.nets[i]
		if n.program.Scale == 0 || n.channels[n.program.Output] > quadSize {
			return errors.New("device: a network that makes no picture")
		}
		if !part.Core.In(image.Rectangle{Max: part.Window}) || zoomed(part.Core, n.program.Scale).Size() != b.Result.Size() || b.Result.Empty() {
			return fmt.Errorf("device: the core %v of a window of %v does not make the result %v", part.Core, part.Window, b.Result)
		}
		if want := n.channels[0] * area(m.Reads(i, part.Window, part.Core)); len(part.Input) != want {
			return fmt.Errorf("device: an input of %d numbers, want %d", len(part.Input), want)
		}
		if b.Blend != nil && b.Blend.Scale != n.program.Scale {
			return errors.New("device: what is blended has another scale than its networks")
		}
	}
	if active == 0 || active > 1 && b.Blend == nil {
		return errors.New("device: a band has one part, or several that are blended")
	}
	return nil
}
