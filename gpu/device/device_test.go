package device

import (
	"fmt"
	"image"
	"maps"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"classsr/arch"
	"classsr/arch/archtest"
	"classsr/gpu/vulkan"
	"classsr/internal/testref"
	"classsr/program"
	"classsr/tensor"
)

// devices are the first Vulkan device, for values of float32, of float16, and of float16 with products of matrices.
type devices struct{ full, half, matrices *Device }

// complaints are what the validation layer says.
var complaints struct {
	sync.Mutex
	all []string
}

// openDevices opens them, once: making pipelines takes long. They are never closed.
var openDevices = sync.OnceValues(func() (*devices, error) {
	instance, err := vulkan.Open(vulkan.Options{Validation: true, Complain: func(message string) {
		complaints.Lock()
		defer complaints.Unlock()
		complaints.all = append(complaints.all, message)
	}})
	if err != nil {
		return nil, err
	}
	d, err := instance.Open(0, vulkan.DeviceOptions{})
	if err != nil {
		return nil, err
	}
	full, err := New(d, Options{})
	if err != nil {
		return nil, err
	}
	half, err := New(d, Options{Half: true})
	if err != nil {
		return nil, err
	}
	matrices, err := New(d, Options{Half: true, Matrices: true})
	return &devices{full, half, matrices}, err
})

// open gives a device for values of float32 or of float16.
func open(t *testing.T, half bool) *Device {
	t.Helper()
	d := opened(t)
	if !half {
		return d.full
	}
	if !d.half.Half() {
		t.Skip("the device has no float16")
	}
	return d.half
}

// opened gives the devices. The test fails if the validation layer has anything to say of what it does.
func opened(t *testing.T) *devices {
	t.Helper()
	d, err := openDevices()
	if err != nil {
		testref.Missing(t, "%v: install Debian's mesa-vulkan-drivers and vulkan-validationlayers", err)
	}
	t.Cleanup(func() {
		complaints.Lock()
		defer complaints.Unlock()
		for _, message := range complaints.all {
			t.Error(message)
		}
		complaints.all = nil
	})
	return d
}

// load loads networks and closes the model when the test ends.
func load(t *testing.T, d *Device, nets ...Network) *Model {
	t.Helper()
	m, err := d.Load(nets)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// valueOf runs a network on a whole window and gives its result, as it lies on the device.
func valueOf(t *testing.T, m *Model, net int, x *tensor.Tensor, core image.Rectangle) *tensor.Tensor {
	t.Helper()
	n := m.nets[net]
	part := Part{Network: net, Window: image.Pt(x.W, x.H), Core: core}
	l := m.layout(&part)
	part.Reads = l.valid[program.Input]
	part.Input = cut(x, part.Reads)
	bands := []*Band{{Parts: []Part{part}}}
	w := m.build(bands)
	s, needs := &slot{}, w.needs(m.device.quadBytes())
	defer s.free()
	needs.out, needs.sums = needs.values, needs.sums+exactBytes
	if err := m.fill(s, bands, w, needs); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{m.grow(&m.arena, needs.values, vulkan.Local), m.grow(&m.sums, needs.sums, vulkan.Local)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	err := m.device.once(func(c *vulkan.Commands) {
		c.Copy(s.params, 0, s.upload, int64(w.quads)*exactBytes, needs.params)
		c.Barrier()
		m.dispatch(c, w.dispatches, s.params, s.upload)
		c.Copy(s.download, 0, m.arena, 0, needs.values)
		c.Barrier()
	})
	if err != nil {
		t.Fatal(err)
	}
	out := n.program.Output
	r := l.valid[out]
	y := tensor.New(tensor.Shape{N: 1, C: n.channels[out], H: r.Dy(), W: r.Dx()})
	for i, c := range n.slots[out] {
		for k := range area(r) {
			if c >= 0 {
				y.Data[c*area(r)+k] = number(s.download.Bytes(), (l.at[out]+i/quadSize*area(r)+k)*quadSize+i%quadSize, m.device.half)
			}
		}
	}
	return y
}

// cut gives the planes of a rectangle.
func cut(x *tensor.Tensor, r image.Rectangle) []float32 {
	planes := []float32{} // not nil
	for c := range x.C {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			planes = append(planes, x.Plane(0, c)[y*x.W+r.Min.X:][:r.Dx()]...)
		}
	}
	return planes
}

// specs gives a small network of every kind.
func specs(t *testing.T) map[string]arch.Spec {
	t.Helper()
	all := archtest.Specs(t, 12)
	maps.DeleteFunc(all, func(_ string, s arch.Spec) bool { return s.Scale == 8 }) // nothing new
	carn := all["carn-x4"]
	carn.BatchNorm = false
	for _, width := range []int{16, 20} { // 4 and 5 channels a group
		carn.Width = width
		all[fmt.Sprint("carn-x4-bias-", width)] = carn
	}
	module := arch.PaperClassModule(3)
	module.Width, module.Squeeze = 24, 7
	all["classmodule"] = module
	return all
}

func randomTensor(channels, h, w int, seed uint64) *tensor.Tensor {
	r := rand.New(rand.NewPCG(seed, 2))
	x := tensor.New(tensor.Shape{N: 1, C: channels, H: h, W: w})
	for i := range x.Data {
		x.Data[i] = r.Float32() - 0.25
	}
	return x
}

// difference is the largest one, and how far the wanted values spread.
func difference(t *testing.T, got, want *tensor.Tensor) (largest, spread float64) {
	t.Helper()
	if got.Shape != want.Shape {
		t.Fatalf("the result is %v, want %v", got.Shape, want.Shape)
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for i, v := range got.Data {
		d := math.Abs(float64(v) - float64(want.Data[i]))
		if !(d <= largest) { // a NaN, too
			largest = d
		}
		lo, hi = min(lo, float64(want.Data[i])), max(hi, float64(want.Data[i]))
	}
	return largest, hi - lo
}

// number reads number i of memory of the device.
func number(memory []byte, i int, half bool) float32 {
	if half {
		return tensor.Float16(uint16(memory[2*i]) | uint16(memory[2*i+1])<<8)
	}
	var bits uint32
	for k := range 4 {
		bits |= uint32(memory[4*i+k]) << (8 * k)
	}
	return math.Float32frombits(bits)
}

func TestNetworks(t *testing.T) {
	d := open(t, false)
	for name, spec := range specs(t) {
		t.Run(name, func(t *testing.T) {
			g := spec.Build()
			params := archtest.RandomParams(g, 7)
			for mode, label := range map[program.Mode]string{program.Inference: "fused", program.Training: "plain"} {
				p := program.Lower(g, mode)
				m := load(t, d, Network{p, params, 1})
				size := image.Pt(19, 13).Mul(p.Fold)
				x := randomTensor(3, size.Y, size.X, 3)
				want := g.Forward(params, x)
				got := valueOf(t, m, 0, x, image.Rectangle{Max: size})
				if largest, spread := difference(t, got, want); !(largest <= 1e-5*spread) {
					t.Errorf("%s: differs by %g of a range of %g", label, largest, spread)
				}
			}
		})
	}
}
