package vulkan

import "runtime"

// Dispatch runs a pipeline in x times y times z workgroups, each at most Info.MaxCount. There are as many bindings and bytes to push as its
// Layout says; both are copied. It allocates nothing.
func (c *Commands) Dispatch(p *Pipeline, bindings []Binding, push []byte, x, y, z uint32) {
	most := &c.d.physical.info.MaxCount
	if x > most[0] || y > most[1] || z > most[2] {
		panic("vulkan: these are too many workgroups")
	}
	if c.prepare(p, bindings, push) {
		c.d.calls.tell(cmdDispatch, c.with(c.handle, uintptr(x), uintptr(y), uintptr(z))...)
	}
}

// DispatchIndirect is Dispatch with x, y and z as three numbers of 32 bits that are in a buffer at offset, a multiple of 4, when the command
// runs. A Barrier is needed after what writes them.
func (c *Commands) DispatchIndirect(p *Pipeline, bindings []Binding, push []byte, counts *Buffer, offset int64) {
	const bytes, word = 12, 4
	if offset < 0 || offset%word != 0 || counts.size-offset < bytes {
		panic("vulkan: the numbers of workgroups lie beyond the buffer")
	}
	if c.prepare(p, bindings, push) {
		c.d.calls.tell(cmdDispatchIndirect, c.with(c.handle, uintptr(counts.handle), uintptr(offset))...)
	}
}

// prepare binds what a dispatch needs and is not bound. It gives false if something failed.
func (c *Commands) prepare(p *Pipeline, bindings []Binding, push []byte) bool {
	if len(bindings) != p.layout.key.buffers || len(push) != p.layout.key.push {
		panic("vulkan: a dispatch has other bindings or constants than its pipeline")
	}
	if c.err != nil {
		return false
	}
	calls, s := &c.d.calls, c.scratch
	if c.layout != p.layout || !c.bindsAlready(bindings) {
		if c.err = c.bind(p.layout, bindings); c.err != nil {
			return false
		}
	}
	if c.pipeline != p {
		calls.tell(cmdBindPipeline, c.with(c.handle, bindCompute, uintptr(p.handle))...)
		c.pipeline = p
	}
	if len(push) > 0 {
		copy(s.push[:], push)
		calls.tell(cmdPushConstants, c.with(c.handle, uintptr(p.layout.handle), stageCompute, 0, uintptr(len(push)), address(&s.push[0]))...)
	}
	return true
}

const bindCompute = 1 // VK_PIPELINE_BIND_POINT_COMPUTE

func (c *Commands) bindsAlready(bindings []Binding) bool {
	for b := range bindings {
		if c.bound[b] != bindings[b] {
			return false
		}
	}
	return c.boundCount == len(bindings)
}

// bind takes a descriptor set, fills and binds it.
func (c *Commands) bind(l *pipelineLayout, bindings []Binding) error {
	calls, device, s := &c.d.calls, c.d.handle, c.scratch
	info := &c.d.physical.info
	for b, x := range bindings {
		if x.Size <= 0 || x.Offset < 0 || x.Size > x.Buffer.size-x.Offset || x.Offset%info.Alignment != 0 || x.Size > info.MaxBuffer {
			panic("vulkan: a binding goes beyond its buffer, or what the device allows")
		}
		s.buffers[b] = descriptorBufferInfo{buffer: x.Buffer.handle, offset: uint64(x.Offset), size: uint64(x.Size)}
	}
	if err := c.takeSet(l); err != nil {
		return err
	}
	s.write.dstSet, s.write.descriptorCount = s.set, uint32(len(bindings)) // one after the other: binding 0, 1 and so on
	calls.tell(updateDescriptorSets, c.with(device, 1, address(&s.write), 0, 0)...)
	calls.tell(cmdBindDescriptorSets, c.with(c.handle, bindCompute, uintptr(l.handle), 0, 1, address(&s.set), 0, 0)...)
	c.layout, c.boundCount = l, copy(c.bound[:], bindings)
	return nil
}

// takeSet puts a descriptor set into scratch.set.
func (c *Commands) takeSet(l *pipelineLayout) error {
	for {
		if c.inUse == len(c.sets) {
			if err := c.addPool(); err != nil {
				return err
			}
		}
		pool := &c.sets[c.inUse]
		if pool.taken == setsOfPool {
			c.inUse++
			continue
		}
		s := c.scratch
		s.setLayout, s.allocate.descriptorPool = l.set, pool.handle
		r := c.d.calls.try(allocateDescriptorSets, c.with(c.d.handle, address(&s.allocate), address(&s.set))...)
		if (r == OutOfPoolMemory || r == FragmentedPool) && pool.taken > 0 {
			pool.taken = setsOfPool // it has less room than it was asked for
			continue
		}
		if r < 0 {
			return failed(allocateDescriptorSets, r)
		}
		pool.taken++
		return nil
	}
}

func (c *Commands) addPool() error {
	var pin runtime.Pinner
	defer pin.Unpin()
	size := descriptorPoolSize{descriptorType: descriptorStorageBuffer, descriptorCount: setsOfPool * maxBindings}
	info := descriptorPoolCreateInfo{header: header{sType: typeDescriptorPoolCreateInfo}, maxSets: setsOfPool, poolSizeCount: 1, pPoolSizes: at(&pin, &size)}
	var handle uint64
	if err := c.d.calls.do(createDescriptorPool, c.d.handle, at(&pin, &info), 0, at(&pin, &handle)); err != nil {
		return err
	}
	c.sets = append(c.sets, descriptorPool{handle: handle})
	return nil
}
