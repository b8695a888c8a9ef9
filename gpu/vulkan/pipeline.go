package vulkan

// Layout is what a shader expects: storage buffers at bindings 0 to Buffers-1 of set 0, at most 16, push constants of so many bytes, and its specialisation
// constants, 32 bits each, numbered from 0.
type Layout struct {
	Buffers, Push int
	Constants     []uint32
}

// mostBuffers is how many buffers a shader has at most.
const mostBuffers = 16

// stageCompute is the flag of the one stage there is.
const stageCompute = 0x20

const storageBuffer = 7 // kind of descriptor

// Pipeline is a shader that is ready to run. It lives as long as its device.
type Pipeline struct {
	set, layout, handle uintptr
	buffers, push       int
}

// Pipeline makes a pipeline of the compute shader "main" of a SPIR-V module.
func (d *Device) Pipeline(spirv []byte, l Layout) (*Pipeline, error) {
	if l.Buffers < 1 || l.Buffers > mostBuffers || len(spirv) < 4 || len(spirv)%4 != 0 {
		return nil, errorf("a shader of %d bytes with %d buffers", len(spirv), l.Buffers)
	}
	p := &Pipeline{buffers: l.Buffers, push: l.Push}
	if err := p.create(d, spirv, l); err != nil {
		p.free(d)
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pipelines = append(d.pipelines, p)
	return p, nil
}

func (p *Pipeline) create(d *Device, spirv []byte, l Layout) error {
	var m memory
	defer m.Unpin()
	bindings := make([]descriptorBinding, l.Buffers)
	for i := range bindings {
		bindings[i] = descriptorBinding{binding: uint32(i), kind: storageBuffer, count: 1, stages: stageCompute}
	}
	set := &descriptorLayoutInfo{sType: typeDescriptorLayoutInfo, count: uint32(l.Buffers), bindings: pin(&m, &bindings[0])}
	if err := d.procs.do(createDescriptorSetLayout, d.handle, pin(&m, set), 0, pin(&m, &p.set)); err != nil {
		return err
	}
	layout := &pipelineLayoutCreateInfo{sType: typePipelineLayoutCreateInfo, setCount: 1, sets: pin(&m, &p.set)}
	if l.Push > 0 {
		layout.pushCount, layout.push = 1, pin(&m, &pushRange{stages: stageCompute, size: uint32(l.Push)})
	}
	if err := d.procs.do(createPipelineLayout, d.handle, pin(&m, layout), 0, pin(&m, &p.layout)); err != nil {
		return err
	}
	words := make([]uint32, len(spirv)/4) // for its alignment
	copy(bytesOf(words), spirv)
	module := new(uintptr)
	info := &shaderModuleCreateInfo{sType: typeShaderModuleCreateInfo, size: uint64(len(spirv)), code: pin(&m, &words[0])}
	if err := d.procs.do(createShaderModule, d.handle, pin(&m, info), 0, pin(&m, module)); err != nil {
		return err
	}
	defer d.procs.void(destroyShaderModule, d.handle, *module, 0)
	pipeline := &computePipelineInfo{
		sType: typeComputePipelineInfo, layout: p.layout, baseIndex: -1,
		stage: shaderStage{sType: typeShaderStageCreateInfo, stage: stageCompute, module: *module, name: m.text("main"), specialisation: l.specialisation(&m)},
	}
	return d.procs.do(createComputePipelines, d.handle, d.cache, 1, pin(&m, pipeline), 0, pin(&m, &p.handle))
}

// specialisation gives the address of what says the constants, or 0 if there are none.
func (l Layout) specialisation(m *memory) uintptr {
	n := len(l.Constants)
	if n == 0 {
		return 0
	}
	constants, entries := make([]uint32, n), make([]specialisationEntry, n)
	copy(constants, l.Constants)
	for i := range entries {
		entries[i] = specialisationEntry{id: uint32(i), offset: uint32(4 * i), size: 4}
	}
	return pin(m, &specialisation{count: uint32(n), entries: pin(m, &entries[0]), size: uint64(4 * n), data: pin(m, &constants[0])})
}

func (p *Pipeline) free(d *Device) {
	for _, x := range []struct {
		end    proc
		handle *uintptr
	}{{destroyPipeline, &p.handle}, {destroyPipelineLayout, &p.layout}, {destroyDescriptorSetLayout, &p.set}} {
		if *x.handle != 0 {
			d.procs.void(x.end, d.handle, *x.handle, 0)
			*x.handle = 0
		}
	}
}
