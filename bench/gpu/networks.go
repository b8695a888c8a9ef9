package main

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"classsr/arch"
	"classsr/bench/nets"
	"classsr/tensor"
)

// ways are PyTorch's ways to compute what we do with a precision, the one that is to be compared with first. Without a GPU for it there is only that.
func (b *bench) ways(precision string) []string {
	all := []string{"float32", "tf32"}
	if precision == float16 {
		all = []string{"autocast", "half"}
	}
	if b.python == nil || !b.python.onGPU() {
		return all[:1]
	}
	return all
}

// Our precisions.
const float32s, float16 = "float32", "float16"

// spec finds a network by its name and width, such as span-32.
func specOf(name string) (arch.Spec, error) {
	net, width, ok := strings.Cut(name, "-")
	n, err := strconv.Atoi(width)
	if !ok || err != nil {
		return arch.Spec{}, fmt.Errorf("the network %q: it has to be a name and a width, such as span-32", name)
	}
	return arch.Paper(net, 4, n)
}

// subject is a network on a picture, which both compute.
type subject struct {
	name   string
	size   image.Point
	spec   arch.Spec
	params tensor.Set
	input  *tensor.Tensor
	torch  *peer
	want   []float32 // PyTorch's result with float32; nil if there is none
	failed string    // why there is no PyTorch
}

// networks measures all networks on all sizes.
func (b *bench) networks(ctx context.Context) error {
	for _, size := range b.sizes {
		for _, name := range b.nets {
			if err := b.subject(ctx, name, size); err != nil {
				return err
			}
		}
	}
	return nil
}

// subject measures what is not measured yet of a network on a picture of one size.
func (b *bench) subject(ctx context.Context, name string, size image.Point) error {
	var cases []network
	for _, precision := range b.precisions {
		for _, way := range b.ways(precision) {
			n := network{Net: name, Size: sizeText(size), Precision: precision, Peer: way}
			if find(b.results.Networks, n.key()) < 0 || b.again {
				cases = append(cases, n)
			}
		}
	}
	if len(cases) == 0 || b.late() {
		return nil
	}
	spec, err := specOf(name)
	if err != nil {
		return err
	}
	shape := tensor.Shape{N: 1, C: 3, H: size.Y, W: size.X}
	s := &subject{name: name, size: size, spec: spec, params: nets.RandomParams(spec), input: nets.RandomInput(shape, spec.InputRange)}
	if err := b.startPeer(ctx, s); err != nil {
		return err
	}
	if s.torch != nil {
		defer s.torch.close()
	}
	macs := float64(spec.Build().Cost(shape).True) / 1e9
	for _, n := range cases {
		if b.late() {
			break
		}
		n.GMACs = macs
		b.say("%s on %s, %s, beside PyTorch's %s", n.Net, n.Size, n.Precision, n.Peer)
		if err := b.measure(ctx, s, &n); err != nil {
			return err
		}
		b.results.Networks = put(b.results.Networks, n)
		if err := b.save(); err != nil {
			return err
		}
	}
	return nil
}

// startPeer starts PyTorch, if it is there, and has it compute the result that others are compared with.
func (b *bench) startPeer(ctx context.Context, s *subject) error {
	if b.python == nil {
		s.failed = "there is no PyTorch"
		return nil
	}
	folder := filepath.Join(b.temporary, "torch")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := install(folder); err != nil {
		return err
	}
	torch, err := b.python.newPeer(ctx, folder, s.spec, s.params, s.input)
	if err == nil {
		s.torch = torch
		if _, err = torch.use("float32"); err == nil {
			s.want, err = torch.output()
		}
	}
	if err != nil {
		s.failed = err.Error()
	}
	return ctx.Err()
}

// measure measures one case: first whether results are right, and then the speed of those that are, in turns.
func (b *bench) measure(ctx context.Context, s *subject, n *network) error {
	half := n.Precision == float16
	if s.torch != nil && s.want != nil {
		if err := s.torch.free(); err != nil {
			s.want, s.failed = nil, err.Error()
		}
	}
	o := b.readyOurs(ctx, s, n, half)
	if o != nil {
		defer o.close()
	}
	torch := readyTorch(s, n)
	if err := ctx.Err(); err != nil {
		return err
	}
	var mine, theirs took
	var uploads, downloads []float64
	for turn := range b.turns + b.warm {
		if o != nil {
			begin := time.Now()
			for once := true; once || time.Since(begin) < b.turn; once = false {
				wall, err := o.run(ctx)
				if err != nil {
					n.OursFailed, o = err.Error(), nil
					break
				}
				if turn >= b.warm { // else it warms up
					mine.Device = append(mine.Device, milliseconds(o.work.Compute))
					mine.Wall = append(mine.Wall, milliseconds(wall))
					uploads, downloads = append(uploads, milliseconds(o.work.Upload)), append(downloads, milliseconds(o.work.Download))
				}
			}
		}
		if torch {
			t, err := s.torch.run(b.turn)
			if err != nil {
				n.TorchFailed, torch = err.Error(), false
			} else if turn >= b.warm {
				theirs.Device, theirs.Wall = append(theirs.Device, thousand(t.Device)...), append(theirs.Wall, thousand(t.Wall)...)
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if o != nil {
		n.Ours = mine.side(n.GMACs)
		n.Ours.Upload, n.Ours.Download = spreadOf(uploads).Median, spreadOf(downloads).Median
		n.Ours.MemoryMB = float64(o.work.Memory) / (1 << 20)
	}
	if torch {
		u := n.Torch
		n.Torch = theirs.side(n.GMACs)
		n.Torch.MemoryMB, n.Torch.Reserved, n.Torch.Graph = u.MemoryMB, u.Reserved, u.Graph
	} else {
		n.Torch = nil
	}
	n.compare()
	return nil
}

// readyOurs gives our network, whose result is right; nil, and why, if there is none.
func (b *bench) readyOurs(ctx context.Context, s *subject, n *network, half bool) *ours {
	if b.device == nil {
		n.OursFailed = "there is no GPU for it"
		return nil
	}
	if half && !b.device.Half {
		n.OursFailed = "the GPU has no float16"
		return nil
	}
	o, err := b.newOurs(ctx, s.spec, s.params, s.input, half)
	if err == nil {
		n.Bands = len(o.bands)
		err = b.checkOurs(ctx, o, s, n, half)
	}
	if err != nil {
		n.OursFailed = err.Error()
		if o != nil {
			o.close()
		}
		return nil
	}
	return o
}

// checkOurs returns an error if our result is not that of the processor, or of PyTorch.
func (b *bench) checkOurs(ctx context.Context, o *ours, s *subject, n *network, half bool) error {
	got, err := o.compute(ctx)
	if err != nil {
		return err
	}
	if n.OursFromCPU, err = o.fromCPU(ctx, got); err != nil {
		return err
	}
	if !n.OursFromCPU.right(half) {
		return fmt.Errorf("its result is wrong: the processor's differs by %.2g of its range", n.OursFromCPU.Max)
	}
	if s.want == nil {
		return nil
	}
	n.OursFromTorch = compared(got, s.want)
	alike := !s.spec.Pools() || len(o.pieces) == 1 // else PyTorch pools over all of the picture, and ours over squares
	if alike && !n.OursFromTorch.right(half) {
		return fmt.Errorf("its result is wrong: PyTorch's differs by %.2g of its range", n.OursFromTorch.Max)
	}
	return nil
}

// readyTorch tells whether PyTorch computes with the precision, and notes what memory it takes and how far its result is from that with float32.
func readyTorch(s *subject, n *network) bool {
	n.TorchFailed = s.failed
	if s.torch == nil || s.want == nil {
		return false
	}
	u, err := s.torch.use(n.Peer)
	if err == nil {
		var got []float32
		if got, err = s.torch.output(); err == nil {
			n.TorchFromTorch = compared(got, s.want)
		}
	}
	if err != nil {
		n.TorchFailed = err.Error()
		return false
	}
	n.Torch = &side{MemoryMB: u.Memory, Reserved: u.Reserved, Graph: u.Graph}
	return true
}

// compare fills in the ratios.
func (n *network) compare() {
	if n.Ours == nil || n.Torch == nil {
		return
	}
	ratio := func(a, b float64) float64 {
		if a > 0 && b > 0 {
			return a / b
		}
		return 0
	}
	n.DeviceRatio = ratio(n.Ours.Device.Median, n.Torch.Device.Median)
	n.WallRatio = ratio(n.Ours.Wall.Median, n.Torch.Wall.Median)
	n.MemoryRatio = ratio(n.Ours.MemoryMB, n.Torch.MemoryMB)
}

// side sums up milliseconds of runs.
func (t took) side(gmacs float64) *side {
	s := &side{Runs: len(t.Wall), Device: spreadOf(t.Device), Wall: spreadOf(t.Wall)}
	if ms := cmp.Or(s.Device.Median, s.Wall.Median); ms > 0 {
		s.GMACPerS = gmacs / ms * 1000
	}
	return s
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

func thousand(seconds []float64) []float64 {
	for i := range seconds {
		seconds[i] *= 1000
	}
	return seconds
}

func sizeText(p image.Point) string { return fmt.Sprintf("%dx%d", p.X, p.Y) }
