package vulkan

import (
	"runtime"
	"sync"
	"time"

	"classsr/fault"
)

// Binding is a part of a buffer that a shader gets. Offset is a multiple of Info.Alignment, Size at most Info.MaxBuffer.
type Binding struct {
	Buffer       *Buffer
	Offset, Size int64
}

// Commands are recorded once, from Begin to End, and submitted as often as is liked. Between two that run after each other without a Barrier
// in between, there is no order. What was submitted before is always through before the first.
type Commands struct {
	d          *Device
	handle     uintptr
	pool       uint64
	queries    uint64
	fence      uint64
	scratch    *scratch
	pin        runtime.Pinner // of scratch
	sets       []descriptorPool
	inUse      int // of sets, the one that sets are taken from
	err        error
	ready      bool // recorded without an error
	timed      bool // a timestamp was recorded
	pipeline   *Pipeline
	layout     *pipelineLayout // of the set that is bound
	bound      [maxBindings]Binding
	boundCount int

	waiting   sync.Mutex // held while the fence is waited for or made ready; what follows belongs to it
	pending   bool       // submitted, and not known to be through
	used      bool       // the fence was signalled, or may be
	submitted time.Time
	number    uint64 // of the submission
	result    error  // of the submission, once it is not pending
}

// scratch is what C reads and writes while commands are recorded, pinned for as long as they live, so that recording allocates nothing.
type scratch struct {
	set, setLayout uint64
	allocate       descriptorSetAllocateInfo
	write          writeDescriptorSet
	buffers        [maxBindings]descriptorBufferInfo
	push           [maxPush]byte
	copy           bufferCopy
	barrier        memoryBarrier
	begin          commandBufferBeginInfo
	submit         submitInfo
	handle         uintptr
	fence          uint64
	args           [12]uintptr // of the call that is being made
}

// with gives a call's arguments in memory that is there already; those given one by one would be allocated for each call.
func (c *Commands) with(args ...uintptr) []uintptr {
	return c.scratch.args[:copy(c.scratch.args[:], args)]
}

type descriptorPool struct {
	handle uint64
	taken  int
}

// setsOfPool is how many sets a pool has; each may have maxBindings buffers.
const setsOfPool = 64

// Commands makes an empty list of commands.
func (d *Device) Commands() (*Commands, error) {
	if err := d.usable(); err != nil {
		return nil, err
	}
	c := &Commands{d: d, scratch: &scratch{}}
	if err := c.make(); err != nil {
		c.destroy()
		return nil, d.note(err)
	}
	d.mu.Lock()
	d.commands[c] = true
	d.mu.Unlock()
	return c, nil
}

func (c *Commands) make() error {
	var pin runtime.Pinner
	defer pin.Unpin()
	calls, device := &c.d.calls, c.d.handle
	var out struct{ pool, fence uint64 }
	pin.Pin(&out)
	pool := commandPoolCreateInfo{header: header{sType: typeCommandPoolCreateInfo}, queueFamilyIndex: c.d.physical.queueFamily}
	if err := calls.do(createCommandPool, device, at(&pin, &pool), 0, address(&out.pool)); err != nil {
		return err
	}
	c.pool = out.pool
	s := c.scratch
	c.pin.Pin(s)
	allocate := commandBufferAllocateInfo{header: header{sType: typeCommandBufferAllocateInfo}, commandPool: c.pool, commandBufferCount: 1}
	if err := calls.do(allocateCommandBuffers, device, at(&pin, &allocate), address(&s.handle)); err != nil {
		return err
	}
	c.handle = s.handle
	fence := fenceCreateInfo{header: header{sType: typeFenceCreateInfo}}
	if err := calls.do(createFence, device, at(&pin, &fence), 0, address(&out.fence)); err != nil {
		return err
	}
	c.fence, s.fence = out.fence, out.fence
	s.allocate = descriptorSetAllocateInfo{header: header{sType: typeDescriptorSetAllocateInfo}, descriptorSetCount: 1, pSetLayouts: address(&s.setLayout)}
	s.write = writeDescriptorSet{header: header{sType: typeWriteDescriptorSet}, descriptorType: descriptorStorageBuffer, pBufferInfo: address(&s.buffers[0])}
	s.barrier.sType, s.begin.sType = typeMemoryBarrier, typeCommandBufferBeginInfo
	s.submit = submitInfo{header: header{sType: typeSubmitInfo}, commandBufferCount: 1, pCommandBuffers: address(&s.handle)}
	return nil
}

// Free gives back what the list has, after all commands under way are through. A second call does nothing.
func (c *Commands) Free() {
	c.d.mu.Lock()
	mine := c.d.commands[c]
	c.d.mu.Unlock()
	if !mine || !c.d.settle() {
		return // Close tries again
	}
	c.d.mu.Lock()
	delete(c.d.commands, c)
	c.d.mu.Unlock()
	c.destroy()
}

func (c *Commands) destroy() {
	calls, device := &c.d.calls, c.d.handle
	for _, pool := range c.sets {
		calls.tell(destroyDescriptorPool, device, uintptr(pool.handle), 0)
	}
	if c.queries != 0 {
		calls.tell(destroyQueryPool, device, uintptr(c.queries), 0)
	}
	if c.fence != 0 {
		calls.tell(destroyFence, device, uintptr(c.fence), 0)
	}
	if c.pool != 0 {
		calls.tell(destroyCommandPool, device, uintptr(c.pool), 0) // and the command buffer
	}
	c.sets, c.queries, c.fence, c.pool, c.handle, c.ready = nil, 0, 0, 0, 0, false
	c.pin.Unpin()
}

// Begin forgets what was recorded, after it is through, and begins anew.
func (c *Commands) Begin() error {
	c.ready, c.err, c.timed = false, nil, false
	c.pipeline, c.layout, c.boundCount = nil, nil, 0
	if err := c.d.usable(); err != nil {
		return err
	}
	if err := c.through(); err != nil {
		return err
	}
	calls, device := &c.d.calls, c.d.handle
	for p := range min(c.inUse+1, len(c.sets)) {
		if err := calls.do(resetDescriptorPool, c.with(device, uintptr(c.sets[p].handle), 0)...); err != nil {
			return c.d.note(err)
		}
		c.sets[p].taken = 0
	}
	c.inUse = 0
	if err := calls.do(resetCommandPool, c.with(device, uintptr(c.pool), 0)...); err != nil {
		return c.d.note(err)
	}
	if err := calls.do(beginCommandBuffer, c.with(c.handle, address(&c.scratch.begin))...); err != nil {
		return c.d.note(err)
	}
	c.Barrier()
	return nil
}

// End ends the recording, and gives the first error that there was in it.
func (c *Commands) End() error {
	c.barrier(pipelineHost, accessHostRead)
	if err := c.d.calls.do(endCommandBuffer, c.with(c.handle)...); c.err == nil {
		c.err = err
	}
	c.ready = c.err == nil
	return c.d.note(c.err)
}

// Barrier has all commands after it see what those before it wrote, and begin when they are through.
func (c *Commands) Barrier() {
	c.barrier(pipelineComputeShader|pipelineTransfer|pipelineDrawIndirect,
		accessShaderRead|accessShaderWrite|accessTransferRead|accessTransferWrite|accessIndirectRead)
}

func (c *Commands) barrier(stages uintptr, accesses uint32) {
	c.scratch.barrier.srcAccessMask, c.scratch.barrier.dstAccessMask = accessShaderWrite|accessTransferWrite, accesses
	c.d.calls.tell(cmdPipelineBarrier, c.with(c.handle, pipelineComputeShader|pipelineTransfer, stages, 0, 1, address(&c.scratch.barrier), 0, 0, 0, 0)...)
}

// Copy copies bytes from one buffer to another.
func (c *Commands) Copy(dst *Buffer, dstOffset int64, src *Buffer, srcOffset, bytes int64) {
	if bytes <= 0 || dstOffset < 0 || srcOffset < 0 || bytes > dst.size-dstOffset || bytes > src.size-srcOffset {
		panic("vulkan: a copy goes beyond a buffer")
	}
	c.scratch.copy = bufferCopy{srcOffset: uint64(srcOffset), dstOffset: uint64(dstOffset), size: uint64(bytes)}
	c.d.calls.tell(cmdCopyBuffer, c.with(c.handle, uintptr(src.handle), uintptr(dst.handle), 1, address(&c.scratch.copy))...)
}

// Timestamps is how many a list of commands may have.
const Timestamps = 256

// Timestamp notes the time at which all commands before it are through, as number n, below Timestamps. Each is noted once in a recording.
func (c *Commands) Timestamp(n int) {
	if n < 0 || n >= Timestamps {
		panic("vulkan: there is no such timestamp")
	}
	if c.err != nil || c.d.physical.timestampBits == 0 {
		return
	}
	calls, device := &c.d.calls, c.d.handle
	if c.queries == 0 {
		var pin runtime.Pinner
		defer pin.Unpin()
		info := queryPoolCreateInfo{header: header{sType: typeQueryPoolCreateInfo}, queryType: queryTimestamp, queryCount: Timestamps}
		var queries uint64
		if c.err = calls.do(createQueryPool, device, at(&pin, &info), 0, at(&pin, &queries)); c.err != nil {
			return
		}
		c.queries = queries
	}
	if !c.timed {
		calls.tell(cmdResetQueryPool, c.with(c.handle, uintptr(c.queries), 0, Timestamps)...)
		c.timed = true
	}
	calls.tell(cmdWriteTimestamp, c.with(c.handle, pipelineBottom, uintptr(c.queries), uintptr(n))...)
}

// Elapsed gives the time between two Timestamps of commands that are through; an error if the device has none, or one was not noted.
func (c *Commands) Elapsed(from, to int) (time.Duration, error) {
	if !c.timed {
		return 0, fault.New(fault.Unsupported, "%s notes no times", c.d.physical.info.Name)
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	var ticks [2]uint64
	pin.Pin(&ticks)
	for i, n := range []int{from, to} {
		r := c.d.calls.try(getQueryPoolResults, c.d.handle, uintptr(c.queries), uintptr(n), 1, 8, address(&ticks[i]), 8, results64)
		if r != Success {
			return 0, c.d.note(failed(getQueryPoolResults, r))
		}
	}
	passed := ticks[1] - ticks[0]
	if bits := c.d.physical.timestampBits; bits < 64 {
		passed &= 1<<bits - 1
	}
	return time.Duration(float64(passed) * float64(c.d.physical.nanoseconds)), nil
}
