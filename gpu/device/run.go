package device

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"slices"
	"unsafe"

	"classsr/gpu/shaders"
	"classsr/gpu/vulkan"
	"classsr/program"
)

// slot is what a band has of its own while others are on their way.
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

// work is a band as dispatches.
type work struct {
	builder
	inputs []int // by part: where its input begins in the upload, in quads of float32; parameters come after all inputs
	quads  int   // of float32, that the inputs take
	length int   // quads of the values of any part
	pixels int   // of the result
	// blended tells that the result lies among the sums, not among the values. It begins at a quad, and unit brings it to 0..1.
	blended bool
	from    int
	unit    float32
}

// needs is the memory for a band, in bytes.
type needs struct{ values, sums, upload, params, out int64 }

func (w *work) needs(quadBytes int, f Format) needs {
	params := (int64(len(w.params))*numberBytes + exactBytes - 1) / exactBytes * exactBytes
	words := (3*int64(w.pixels)*int64(f.bytes()) + numberBytes - 1) / numberBytes
	sums := max(w.scratch, 1)
	if w.blended {
		sums = w.scratch + w.pixels
	}
	return needs{
		values: int64(w.length) * int64(quadBytes), sums: int64(sums) * exactBytes,
		params: params, upload: params + int64(w.quads)*exactBytes, out: words * numberBytes,
	}
}

// build makes dispatches of a band.
func (m *Model) build(b *Band) *work {
	w := &work{pixels: area(b.Result), inputs: make([]int, len(b.Parts))}
	w.exact = m.exact
	for i := range b.Parts {
		part := &b.Parts[i]
		l := m.layout(part)
		w.length, w.scratch = max(w.length, l.length), max(w.scratch, l.sums)
		w.inputs[i] = w.quads
		w.quads += (m.nets[part.Network].channels[program.Input]*area(part.Reads) + quadSize - 1) / quadSize
	}
	if b.Blend == nil {
		part := &b.Parts[0]
		n, l := m.nets[part.Network], m.layout(part)
		w.run(n, l, part.wanted(n), 0, part.Reads)
		w.from, w.unit = l.at[n.program.Output], n.unit
		return w
	}
	w.blended = true
	w.from, w.unit = w.scratch, 1
	c := w.addCores(b.Blend)
	for class := range m.nets { // in their order: the first one that has any weight at a pixel does not add
		i := slices.IndexFunc(b.Parts, func(p Part) bool { return p.Network == class })
		if i < 0 {
			continue
		}
		part, n := &b.Parts[i], m.nets[class]
		wanted := part.wanted(n)
		if wanted != nil && len(wanted) == 0 {
			continue
		}
		w.run(n, m.layout(part), wanted, w.inputs[i], part.Reads)
		w.blend(b.Result, part.Core, n, class, c)
	}
	return w
}

// wanted is the parts of the core that are computed; nil for all of it.
func (p *Part) wanted(n *network) []image.Rectangle {
	if p.Mask == nil || n.reach == nil {
		return nil
	}
	return parts(p.Mask, p.Core)
}

func area(r image.Rectangle) int { return r.Dx() * r.Dy() }

// Run computes a band and puts it into out, which has Band.Bytes. An error of the device is one of package vulkan's; after
// vulkan.ErrOutOfMemory a smaller band may do. It returns early with ctx's error if ctx is done.
func (m *Model) Run(ctx context.Context, b *Band, out []byte) (Work, error) {
	m.mu.Lock()
	err := m.check(b)
	m.mu.Unlock()
	if err == nil {
		err = m.checkInputs(b)
	}
	if err != nil {
		return Work{}, err
	}
	if len(out) != b.Bytes() {
		return Work{}, errors.New("device: the memory for a band's result has another size than the result")
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
	w := m.build(b)
	m.mu.Unlock()
	n := w.needs(m.device.quadBytes(), b.Format)
	if err := m.fill(s, b, w, n); err != nil {
		return Work{}, err
	}
	fences, err := m.submit(s, b, w, n)
	if err != nil {
		return Work{}, err
	}
	defer m.inFlight.Done()
	if err := wait(ctx, fences); err != nil {
		return Work{}, err
	}
	copy(out, s.download.Bytes())
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

// fill puts a band's parameters and inputs where the device can read them.
func (m *Model) fill(s *slot, b *Band, w *work, n needs) error {
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
	for i, part := range b.Parts {
		copy(bytes[w.inputs[i]*exactBytes:], memoryOf(part.Input))
	}
	return nil
}

// memoryOf is the memory of numbers.
func memoryOf[T int32 | float32](numbers []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(numbers))), numberBytes*len(numbers))
}

// submit starts a band, and gives the fences of its parts.
func (m *Model) submit(s *slot, b *Band, w *work, n needs) ([]*vulkan.Fence, error) {
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
	samples, err := m.device.pipeline(samplesKernel(b.Format, w.blended))
	if err != nil {
		return nil, err
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
				m.sample(c, s, w, n, samples)
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

// macsAtOnce is how many multiply-accumulates a submission has at most, if not in a single dispatch: systems end what keeps a device that draws
// the screen for two seconds, and small devices do 10^11 a second.
const macsAtOnce = 3e10

// secondsAtOnce is how long a submission may take where the device's speed is known.
const secondsAtOnce = 0.5

// Pace has submissions take about secondsAtOnce on a device of that speed, in multiply-accumulates a second, and macsAtOnce at most. It is called before the first band.
func (m *Model) Pace(macsPerSecond float64) {
	m.atOnce = int64(max(min(macsPerSecond*secondsAtOnce, macsAtOnce), 1))
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

// sample records what turns the result into samples.
func (m *Model) sample(c *vulkan.Commands, s *slot, w *work, n needs, samples *vulkan.Pipeline) {
	words := n.out / numberBytes
	groups := int((words + shaders.SamplesWords - 1) / shaders.SamplesWords)
	push := make([]byte, 0, samplesPushBytes)
	for _, number := range []int{w.pixels, w.from, shaders.RowOfGroups, floatBits(w.unit)} {
		push = binary.NativeEndian.AppendUint32(push, uint32(number))
	}
	from := vulkan.Binding{Buffer: m.arena, Size: n.values}
	if w.blended {
		from = vulkan.Binding{Buffer: m.sums, Size: n.sums}
	}
	c.Dispatch(samples, []vulkan.Binding{{Buffer: s.result, Size: n.out}, from}, push,
		uint32(min(groups, shaders.RowOfGroups)), uint32((groups+shaders.RowOfGroups-1)/shaders.RowOfGroups), 1)
	c.Barrier()
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
	push := make([]byte, pushBytes)
	for _, d := range dispatches {
		binary.NativeEndian.PutUint32(push, uint32(d.base))
		these := bindings
		if d.kernel == inputKernel {
			these = reads
		}
		c.Dispatch(m.kernels[d.kernel], these, push, uint32(d.x), uint32(d.y), uint32(d.z))
		c.Barrier()
	}
}
