package vulkan

import (
	"context"
	"slices"
	"time"
	"unsafe"
)

// Commands is work for the device, recorded once or again and again. It is for one goroutine. What it uses must live until it has run.
//
// Commands run in their order only where a Barrier lies between them. Errors while recording are told by End.
type Commands struct {
	device              *Device
	pool, buffer, fence uintptr
	sets                []uintptr // pools of descriptor sets
	used                int       // sets that were taken
	queries             uintptr
	err                 error
	memory              memory // pins what follows
	set, layout         uintptr
	allocate            descriptorSetAllocate
	writes              [mostBuffers]writeDescriptorSet
	buffers             [mostBuffers]descriptorBuffer
	barrier             memoryBarrier
	copy                bufferCopy
	begin               commandBufferBegin
	push                [256]byte
}

const (
	setsOfPool  = 512 // descriptor sets
	timestamps  = 64  // of one recording
	stageAll    = 0x10000
	readAccess  = 0x8000
	writeAccess = 0x10000
)

// Binding is what a shader sees of a buffer.
type Binding struct {
	Buffer       *Buffer
	Offset, Size int64 // in bytes
}

// Commands makes commands, with nothing recorded.
func (d *Device) Commands() (*Commands, error) {
	c := &Commands{device: d}
	for _, p := range []any{&c.set, &c.layout, &c.allocate, &c.writes, &c.buffers, &c.barrier, &c.copy, &c.begin, &c.push} {
		c.memory.Pin(p)
	}
	if err := c.create(); err != nil {
		c.Free()
		return nil, err
	}
	for i := range c.writes {
		c.writes[i] = writeDescriptorSet{
			sType: typeWriteDescriptorSet, binding: uint32(i), count: 1, kind: storageBuffer, buffers: uintptr(unsafe.Pointer(&c.buffers[i])),
		}
	}
	c.barrier = memoryBarrier{sType: typeMemoryBarrier, source: readAccess | writeAccess, target: readAccess | writeAccess}
	c.begin = commandBufferBegin{sType: typeCommandBufferBegin}
	return c, nil
}

func (c *Commands) create() error {
	var m memory
	defer m.Unpin()
	d := c.device
	pool := &commandPoolCreateInfo{sType: typeCommandPoolCreateInfo, family: uint32(d.info.family)}
	if err := d.procs.do(createCommandPool, d.handle, pin(&m, pool), 0, pin(&m, &c.pool)); err != nil {
		return err
	}
	buffer := &commandBufferAllocate{sType: typeCommandBufferAllocate, pool: c.pool, count: 1}
	if err := d.procs.do(allocateCommandBuffers, d.handle, pin(&m, buffer), pin(&m, &c.buffer)); err != nil {
		return err
	}
	if err := d.procs.do(createFence, d.handle, pin(&m, &fenceCreateInfo{sType: typeFenceCreateInfo}), 0, pin(&m, &c.fence)); err != nil {
		return err
	}
	if d.info.timestamp == 0 {
		return nil
	}
	const kindTimestamp = 2
	queries := &queryPoolCreateInfo{sType: typeQueryPoolCreateInfo, kind: kindTimestamp, count: timestamps}
	return d.procs.do(createQueryPool, d.handle, pin(&m, queries), 0, pin(&m, &c.queries))
}

// Free gives all back. The device must not run them any more.
func (c *Commands) Free() {
	d := c.device
	end := func(p proc, handle *uintptr) {
		if *handle != 0 {
			d.procs.void(p, d.handle, *handle, 0)
			*handle = 0
		}
	}
	end(destroyQueryPool, &c.queries)
	end(destroyFence, &c.fence)
	end(destroyCommandPool, &c.pool) // with its buffer
	for i := range c.sets {
		end(destroyDescriptorPool, &c.sets[i])
	}
	c.sets = nil
	c.memory.Unpin()
}

// Begin begins a recording; what was recorded is forgotten. The device must have run it.
func (c *Commands) Begin() error {
	d := c.device
	if err := d.procs.do(resetCommandPool, d.handle, c.pool, 0); err != nil {
		return err
	}
	for _, sets := range c.sets {
		if err := d.procs.do(resetDescriptorPool, d.handle, sets, 0); err != nil {
			return err
		}
	}
	c.used, c.err = 0, nil
	if err := d.procs.do(beginCommandBuffer, c.buffer, uintptr(unsafe.Pointer(&c.begin))); err != nil {
		return err
	}
	if c.queries != 0 {
		d.procs.void(cmdResetQueryPool, c.buffer, c.queries, 0, timestamps)
	}
	return nil
}

// End ends the recording, and tells the first error in it.
func (c *Commands) End() error {
	if err := c.device.procs.do(endCommandBuffer, c.buffer); c.err == nil {
		c.err = err
	}
	return c.err
}

// Dispatch runs a pipeline in x times y times z workgroups, with these buffers and push constants, as many as its Layout says.
func (c *Commands) Dispatch(p *Pipeline, buffers []Binding, push []byte, x, y, z uint32) {
	if c.bind(p, buffers, push) {
		c.device.procs.void(cmdDispatch, c.buffer, uintptr(x), uintptr(y), uintptr(z))
	}
}

// DispatchIndirect runs a pipeline in as many workgroups as three numbers of 32 bits say that lie in a buffer when it is run.
func (c *Commands) DispatchIndirect(p *Pipeline, buffers []Binding, push []byte, counts *Buffer, offset int64) {
	if c.bind(p, buffers, push) {
		c.device.procs.void(cmdDispatchIndirect, c.buffer, counts.handle, uintptr(offset))
	}
}

// bind binds what a pipeline needs.
func (c *Commands) bind(p *Pipeline, buffers []Binding, push []byte) bool {
	const bindCompute = 1
	if c.err == nil && (len(buffers) != p.buffers || len(push) != p.push || len(push) > len(c.push)) {
		c.err = errorf("a pipeline with %d buffers and %d bytes of constants was given %d and %d", p.buffers, p.push, len(buffers), len(push))
	}
	if c.err == nil {
		c.err = c.takeSet(p)
	}
	if c.err != nil {
		return false
	}
	d := c.device
	for i, b := range buffers {
		c.buffers[i] = descriptorBuffer{b.Buffer.handle, uint64(b.Offset), uint64(b.Size)}
		c.writes[i].set = c.set
	}
	d.procs.void(updateDescriptorSets, d.handle, uintptr(len(buffers)), uintptr(unsafe.Pointer(&c.writes)), 0, 0)
	d.procs.void(cmdBindPipeline, c.buffer, bindCompute, p.handle)
	d.procs.void(cmdBindDescriptorSets, c.buffer, bindCompute, p.layout, 0, 1, uintptr(unsafe.Pointer(&c.set)), 0, 0)
	if len(push) > 0 {
		copy(c.push[:], push)
		d.procs.void(cmdPushConstants, c.buffer, p.layout, stageCompute, 0, uintptr(len(push)), uintptr(unsafe.Pointer(&c.push)))
	}
	return true
}

// takeSet takes a descriptor set, of a new pool if those that are there are used up.
func (c *Commands) takeSet(p *Pipeline) error {
	d := c.device
	if c.used == setsOfPool*len(c.sets) {
		var m memory
		defer m.Unpin()
		size := &poolSize{kind: storageBuffer, count: setsOfPool * mostBuffers}
		info := &descriptorPoolInfo{sType: typeDescriptorPoolInfo, maxSets: setsOfPool, sizeCount: 1, sizes: pin(&m, size)}
		pool := new(uintptr)
		if err := d.procs.do(createDescriptorPool, d.handle, pin(&m, info), 0, pin(&m, pool)); err != nil {
			return err
		}
		c.sets = append(c.sets, *pool)
	}
	c.layout = p.set
	c.allocate = descriptorSetAllocate{sType: typeDescriptorSetAllocate, pool: c.sets[c.used/setsOfPool], count: 1, sets: uintptr(unsafe.Pointer(&c.layout))}
	c.used++
	return d.procs.do(allocateDescriptorSets, d.handle, uintptr(unsafe.Pointer(&c.allocate)), uintptr(unsafe.Pointer(&c.set)))
}

// Barrier has all that comes after it, and who waits for the Fence, see all that was written before it.
func (c *Commands) Barrier() {
	const stageHost = 0x4000
	c.barrier.source, c.barrier.target = writeAccess, readAccess|writeAccess
	c.device.procs.void(cmdPipelineBarrier, c.buffer, stageAll|stageHost, stageAll|stageHost, 0, 1, uintptr(unsafe.Pointer(&c.barrier)), 0, 0, 0, 0)
}

// Copy copies bytes from one buffer to another.
func (c *Commands) Copy(to *Buffer, toOffset int64, from *Buffer, fromOffset, bytes int64) {
	c.copy = bufferCopy{uint64(fromOffset), uint64(toOffset), uint64(bytes)}
	c.device.procs.void(cmdCopyBuffer, c.buffer, from.handle, to.handle, 1, uintptr(unsafe.Pointer(&c.copy)))
}

// Timestamp notes when all before it is done, as number n, less than 64. Devices without a clock do not.
func (c *Commands) Timestamp(n int) {
	const bottomOfPipe = 0x2000
	if c.queries != 0 && n < timestamps {
		c.device.procs.void(cmdWriteTimestamp, c.buffer, bottomOfPipe, c.queries, uintptr(n))
	}
}

// Times are the first n timestamps of what has run, from the first one on; nil if the device has no clock.
func (c *Commands) Times(n int) []time.Duration {
	const wide, wait = 1, 2 // 64 bits; until they are there
	if c.queries == 0 || n < 1 || n > timestamps {
		return nil
	}
	var m memory
	defer m.Unpin()
	d, ticks := c.device, make([]uint64, n)
	if err := d.procs.do(getQueryPoolResults, d.handle, c.queries, 0, uintptr(n), uintptr(8*n), pin(&m, &ticks[0]), 8, wide|wait); err != nil {
		return nil
	}
	out := make([]time.Duration, n)
	for i, t := range ticks {
		out[i] = time.Duration(float64(t-ticks[0]) * d.info.timestamp)
	}
	return slices.Clip(out)
}

// Fence is what tells that commands have run. There is one for each submission; it is waited for once.
type Fence struct{ c *Commands }

// Submit gives the device commands to run. They must not be recorded or submitted again before Fence.Wait has returned without an error.
func (d *Device) Submit(c *Commands) (*Fence, error) {
	var m memory
	defer m.Unpin()
	info := &submitInfo{sType: typeSubmitInfo, commandCount: 1, commands: pin(&m, &c.buffer)}
	d.submitting.Lock()
	defer d.submitting.Unlock()
	if err := d.procs.do(queueSubmit, d.queue, 1, pin(&m, info), c.fence); err != nil {
		return nil, err
	}
	return &Fence{c}, nil
}

// Wait waits until the commands have run. If ctx is done before, it returns its error, and must be called again. A device that takes longer than
// DeviceOptions.Patience is ErrDeviceLost.
func (f *Fence) Wait(ctx context.Context) error {
	const slice = 20 * time.Millisecond
	d := f.c.device
	fence := new(uintptr)
	*fence = f.c.fence
	var m memory
	defer m.Unpin()
	at := pin(&m, fence)
	for begun := time.Now(); ; {
		switch r := d.procs.call(waitForFences, d.handle, 1, at, 1, uintptr(slice)); {
		case r == timeout && time.Since(begun) > d.patience:
			return errorf("%w: it has not answered for %v", ErrDeviceLost, d.patience)
		case r == timeout:
			if err := ctx.Err(); err != nil {
				return err
			}
		case r != success:
			return failed{names[waitForFences], r}
		default:
			return d.procs.do(resetFences, d.handle, 1, at)
		}
	}
}

// bytesOf is the memory of words.
func bytesOf(words []uint32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 4*len(words))
}
