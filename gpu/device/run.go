package device

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"

	"classsr/gpu/shaders"
	"classsr/gpu/vulkan"
)

// slot is what bands that are computed together have of their own while others are on their way.
type slot struct {
	upload, params, result, download *vulkan.Buffer
	commands                         []*vulkan.Commands
	times                            times
}

func (s *slot) free() {
	for _, b := range []*vulkan.Buffer{s.upload, s.params, s.result, s.download} {
		free(b)
	}
	for _, c := range s.commands {
		c.Free()
	}
}

func free(b *vulkan.Buffer) {
	if b != nil {
		b.Free()
	}
}

// Run computes bands. Several have one part each, without a mask; each step of a network is done for all of them before the next one, which changes no bit
// of them. An error of the device is one of package vulkan's; after vulkan.ErrOutOfMemory fewer or smaller bands may do. It returns early with ctx's error
// if ctx is done.
func (m *Model) Run(ctx context.Context, bands ...*Band) (Work, error) {
	m.mu.Lock()
	err := m.check(bands)
	m.mu.Unlock()
	if err == nil {
		err = m.checkMemory(bands)
	}
	if err != nil {
		return Work{}, err
	}
	var s *slot
	select {
	case s = <-m.slots:
	case <-ctx.Done():
		return Work{}, ctx.Err()
	}
	defer func() { m.slots <- s }()
	if err := ctx.Err(); err != nil {
		return Work{}, err
	}
	m.mu.Lock()
	w := m.build(bands)
	m.mu.Unlock()
	n := w.needs(m.device.quadBytes())
	if err := m.fill(s, bands, w, n); err != nil {
		return Work{}, err
	}
	fences, err := m.submit(s, bands, w, n)
	if err != nil {
		return Work{}, err
	}
	defer m.inFlight.Done()
	if err := wait(ctx, fences); err != nil {
		return Work{}, err
	}
	for i, b := range bands {
		copy(b.Out, s.download.Bytes()[w.bands[i].out*numberBytes:])
	}
	took, err := s.times.work(s.commands)
	took.Memory = m.device.vulkan.Most()
	return took, err
}

// grow makes a buffer of at least that size of one that is not in use. After an error there is none.
func (m *Model) grow(b **vulkan.Buffer, size int64, kind vulkan.BufferKind) error {
	if *b != nil && (*b).Size() >= size {
		return nil
	}
	free(*b)
	*b = nil
	if most := m.device.vulkan.Info().MaxBuffer; size > most {
		return fmt.Errorf("device: a buffer of %d bytes, where the device has at most %d: %w", size, most, vulkan.ErrOutOfMemory)
	}
	var err error
	if *b, err = m.device.vulkan.Buffer(size, kind); err != nil {
		*b = nil
	}
	return err
}

// fill puts the parameters and inputs of bands where the device can read them.
func (m *Model) fill(s *slot, bands []*Band, w *work, n needs) error {
	for _, b := range []struct {
		buffer **vulkan.Buffer
		bytes  int64
		kind   vulkan.BufferKind
	}{
		{&s.upload, n.upload, vulkan.Upload}, {&s.params, n.params, vulkan.Local}, {&s.result, n.out, vulkan.Local}, {&s.download, n.out, vulkan.Download},
	} {
		if err := m.grow(b.buffer, b.bytes, b.kind); err != nil {
			return err
		}
	}
	bytes := s.upload.Bytes()
	copy(bytes[w.quads*exactBytes:], memoryOf(w.params))
	for i, b := range bands {
		for k, part := range b.Parts {
			copy(bytes[w.bands[i].inputs[k]*exactBytes:], memoryOf(part.Input))
		}
	}
	return nil
}

// memoryOf is the memory of numbers.
func memoryOf[T int32 | float32](numbers []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(numbers))), numberBytes*len(numbers))
}

// submit starts bands, and gives the fences of their parts.
func (m *Model) submit(s *slot, bands []*Band, w *work, n needs) ([]*vulkan.Fence, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.arena == nil || m.arena.Size() < n.values || m.sums == nil || m.sums.Size() < n.sums {
		m.inFlight.Wait() // they use what is replaced
	}
	if err := m.grow(&m.arena, n.values, vulkan.Local); err != nil {
		return nil, err
	}
	if err := m.grow(&m.sums, n.sums, vulkan.Local); err != nil {
		return nil, err
	}
	samples := make([]*vulkan.Pipeline, len(bands))
	for i, b := range bands {
		var err error
		if samples[i], err = m.device.pipeline(samplesKernel(b.Format, w.bands[i].blended)); err != nil {
			return nil, err
		}
	}
	var fences []*vulkan.Fence
	sections := w.sections(m.atOnce)
	s.times.spans = s.times.spans[:0]
	for i, dispatches := range sections {
		c, err := m.record(s, i, func(c *vulkan.Commands) {
			if i == 0 {
				s.times.take(c, i, uploading, func() {
					c.Copy(s.params, 0, s.upload, int64(w.quads)*exactBytes, n.params)
					c.Barrier()
				})
			}
			for len(dispatches) > 0 {
				dispatches = m.dispatchSome(c, s, i, dispatches)
			}
			if i == len(sections)-1 {
				for k, b := range bands {
					m.sample(c, s, b, w.bands[k], n, samples[k])
				}
				c.Barrier()
				s.times.take(c, i, downloading, func() { c.Copy(s.download, 0, s.result, 0, n.out) })
			}
		})
		var fence *vulkan.Fence
		if err == nil {
			fence, err = m.device.vulkan.Submit(c)
		}
		if err != nil {
			_ = wait(context.Background(), fences) // the first error is told
			return nil, err
		}
		fences = append(fences, fence)
	}
	m.inFlight.Add(1)
	return fences, nil
}

// wait waits until the device has done all parts of a band, even if ctx is done, since it uses the slot until then.
func wait(ctx context.Context, fences []*vulkan.Fence) error {
	var first error
	for _, f := range fences {
		err := f.Wait(ctx)
		if err != nil && ctx.Err() != nil {
			ctx = context.WithoutCancel(ctx)
			_ = f.Wait(ctx) // ctx's error is told
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// secondsAtOnce is how long a submission may take, if it is not a single dispatch: systems end what keeps a device that draws the screen for two seconds.
const secondsAtOnce = 0.5

// macsAtOnce is how many multiply-accumulates a submission has at most as long as the device's speed is not known: small devices do 10^11 a second.
const macsAtOnce = 3e10

// Pace has submissions take about secondsAtOnce on a device of that speed, in multiply-accumulates a second. It is called before the first band.
func (m *Model) Pace(macsPerSecond float64) {
	const most = 1 << 60 // however fast it is said to be
	m.atOnce = int64(max(min(macsPerSecond*secondsAtOnce, most), 1))
}

// sections cuts the dispatches into submissions of so many multiply-accumulates.
func (w *work) sections(most int64) [][]dispatch {
	var all [][]dispatch
	first, macs := 0, int64(0)
	for i, d := range w.dispatches {
		if macs += d.macs; macs > most && i > first {
			all, first, macs = append(all, w.dispatches[first:i]), i, d.macs
		}
	}
	return append(all, w.dispatches[first:])
}

// samplesKernel turns a band into samples: of what was blended, which is float32, or of a network's result.
func samplesKernel(f Format, blended bool) kernel {
	k := newKernel(shaders.Samples, 0, 0, 0, uint32(8*f.bytes()))
	k.exact = blended
	return k
}

// record records commands number i of a band.
func (m *Model) record(s *slot, i int, commands func(*vulkan.Commands)) (*vulkan.Commands, error) {
	if i == len(s.commands) {
		c, err := m.device.vulkan.Commands()
		if err != nil {
			return nil, err
		}
		s.commands = append(s.commands, c)
	}
	c := s.commands[i]
	if err := c.Begin(); err != nil {
		return nil, err
	}
	c.Barrier() // what came before uses the same memory
	s.times.begin()
	s.times.take(c, i, whole, func() { commands(c) })
	c.Barrier()
	return c, c.End()
}

// sample records what turns a band's result into samples.
func (m *Model) sample(c *vulkan.Commands, s *slot, b *Band, p placed, n needs, samples *vulkan.Pipeline) {
	groups := ceil(ceil(b.Bytes(), numberBytes), shaders.SamplesWords)
	push := make([]byte, 0, samplesPushBytes)
	for _, number := range []int{p.pixels, p.from, p.out, shaders.RowOfGroups, floatBits(p.unit)} {
		push = binary.NativeEndian.AppendUint32(push, uint32(number))
	}
	from := vulkan.Binding{Buffer: m.arena, Size: n.values}
	if p.blended {
		from = vulkan.Binding{Buffer: m.sums, Size: n.sums}
	}
	c.Dispatch(samples, []vulkan.Binding{{Buffer: s.result, Size: n.out}, from}, push,
		uint32(min(groups, shaders.RowOfGroups)), uint32(ceil(groups, shaders.RowOfGroups)), 1)
}

// dispatchSome records the first dispatches, those that bring inputs to the device or those that do not, and gives the rest.
func (m *Model) dispatchSome(c *vulkan.Commands, s *slot, section int, all []dispatch) []dispatch {
	n, brings := 1, all[0].kernel == inputKernel
	for n < len(all) && (all[n].kernel == inputKernel) == brings {
		n++
	}
	record := func() { m.dispatch(c, all[:n], s.params, s.upload) }
	if brings {
		s.times.take(c, section, uploading, record)
	} else {
		record()
	}
	return all[n:]
}

// dispatch records dispatches, each after the one before.
func (m *Model) dispatch(c *vulkan.Commands, dispatches []dispatch, params, upload *vulkan.Buffer) {
	whole := func(b *vulkan.Buffer) vulkan.Binding { return vulkan.Binding{Buffer: b, Size: b.Size()} }
	bindings := []vulkan.Binding{whole(m.arena), whole(m.arena), whole(m.weights), whole(params), whole(m.sums)}
	reads := slices.Clone(bindings) // the input in place of sums
	reads[buffers-1] = whole(upload)
	push := make([]byte, 0, pushBytes)
	for _, d := range dispatches {
		push = push[:0]
		for _, number := range []int{d.base, d.size, d.z} {
			push = binary.NativeEndian.AppendUint32(push, uint32(number))
		}
		these := bindings
		if d.kernel == inputKernel {
			these = reads
		}
		c.Dispatch(m.kernels[d.kernel], these, push, uint32(d.x), uint32(d.y), uint32(d.z*d.pieces))
		c.Barrier()
	}
}
