package vulkan

import (
	"encoding/binary"
	"runtime"
	"slices"
)

const (
	maxBindings = 16
	maxPush     = 256
)

// Layout says what a shader takes.
type Layout struct {
	Buffers   int      // storage buffers of set 0, bindings 0, 1 and so on; 1 to Info.MaxBindings
	Push      int      // bytes of push constants, a multiple of 4; 0 to Info.MaxPush
	Constants []uint32 // the values of specialisation constants 0, 1 and so on
	Subgroup  uint32   // how large subgroups have to be; 0: as the driver likes
}

// Pipeline is a compiled shader. It lives as long as its device.
type Pipeline struct {
	d      *Device
	handle uint64
	layout *pipelineLayout
}

// layoutKey is what pipelines have in common that may use the same bindings.
type layoutKey struct{ buffers, push int }

type pipelineLayout struct {
	key         layoutKey
	set, handle uint64
}

// Pipeline compiles a compute shader, whose entry is main. An error is ErrUnavailable if the device cannot do what the shader needs, or what
// the layout asks for.
func (d *Device) Pipeline(spirv []byte, l Layout) (*Pipeline, error) {
	const magic, wordBytes = 0x07230203, 4
	if len(spirv) < 5*wordBytes || len(spirv)%wordBytes != 0 || binary.NativeEndian.Uint32(spirv) != magic {
		panic("vulkan: this is no SPIR-V")
	}
	if l.Buffers < 1 || l.Push < 0 || l.Push%wordBytes != 0 {
		panic("vulkan: no shader has such a layout")
	}
	if err := d.usable(); err != nil {
		return nil, err
	}
	info := &d.physical.info
	if l.Buffers > info.MaxBindings || l.Push > info.MaxPush {
		return nil, unavailable("%s: %d buffers and %d bytes of constants are too many for a shader", info.Name, l.Buffers, l.Push)
	}
	if l.Subgroup != 0 && l.Subgroup != info.Subgroup && (l.Subgroup < info.SubgroupMin || l.Subgroup > info.SubgroupMax) {
		return nil, unavailable("%s: it has no subgroups of %d", info.Name, l.Subgroup)
	}
	layout, err := d.layout(layoutKey{l.Buffers, l.Push})
	if err != nil {
		return nil, d.note(err)
	}
	p := &Pipeline{d: d, layout: layout}
	if err := p.compile(spirv, l); err != nil {
		p.destroy()
		return nil, d.note(err)
	}
	d.mu.Lock()
	d.pipelines = append(d.pipelines, p)
	d.cache.changed = true
	d.mu.Unlock()
	return p, nil
}

func (p *Pipeline) compile(spirv []byte, l Layout) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	d := p.d
	words := make([]uint32, len(spirv)/4)
	for i := range words {
		words[i] = binary.NativeEndian.Uint32(spirv[4*i:])
	}
	var module uint64
	shader := shaderModuleCreateInfo{header: header{sType: typeShaderModuleCreateInfo}, codeSize: uint64(len(spirv)), pCode: list(&pin, words)}
	if err := d.calls.do(createShaderModule, d.handle, at(&pin, &shader), 0, at(&pin, &module)); err != nil {
		return err
	}
	defer func() { d.calls.tell(destroyShaderModule, d.handle, uintptr(module), 0) }()
	info := computePipelineCreateInfo{
		header: header{sType: typeComputePipelineCreateInfo}, layout: p.layout.handle, basePipelineIndex: -1,
		stage: pipelineShaderStageCreateInfo{
			header: header{sType: typePipelineShaderStageCreateInfo}, stage: stageCompute, module: module, pName: text(&pin, "main"),
		},
	}
	if len(l.Constants) > 0 {
		entries := make([]specializationMapEntry, len(l.Constants))
		for i := range entries {
			entries[i] = specializationMapEntry{constantID: uint32(i), offset: uint32(4 * i), size: 4}
		}
		info.stage.pSpecializationInfo = at(&pin, &specializationInfo{
			mapEntryCount: uint32(len(entries)), pMapEntries: list(&pin, entries),
			dataSize: uint64(4 * len(entries)), pData: list(&pin, slices.Clone(l.Constants)),
		})
	}
	if l.Subgroup != 0 && d.physical.info.SubgroupMax != 0 {
		info.stage.pNext = at(&pin, &requiredSubgroupSizeCreateInfo{
			header: header{sType: typeRequiredSubgroupSizeCreateInfo}, requiredSubgroupSize: l.Subgroup,
		})
	}
	var handle uint64
	err := d.calls.do(createComputePipelines, d.handle, uintptr(d.cache.handle), 1, at(&pin, &info), 0, at(&pin, &handle))
	p.handle = handle
	return err
}

func (p *Pipeline) destroy() {
	if p.handle != 0 {
		p.d.calls.tell(destroyPipeline, p.d.handle, uintptr(p.handle), 0)
	}
	p.handle = 0
}

// layout makes a layout, or finds it if it was made.
func (d *Device) layout(key layoutKey) (*pipelineLayout, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.layouts[key]; l != nil {
		return l, nil
	}
	l := &pipelineLayout{key: key}
	if err := l.make(d); err != nil {
		l.destroy(d)
		return nil, err
	}
	d.layouts[key] = l
	return l, nil
}

func (l *pipelineLayout) make(d *Device) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	bindings := make([]descriptorSetLayoutBinding, l.key.buffers)
	for b := range bindings {
		bindings[b] = descriptorSetLayoutBinding{
			binding: uint32(b), descriptorType: descriptorStorageBuffer, descriptorCount: 1, stageFlags: stageCompute,
		}
	}
	var out struct{ set, handle uint64 }
	pin.Pin(&out)
	set := descriptorSetLayoutCreateInfo{
		header: header{sType: typeDescriptorSetLayoutCreateInfo}, bindingCount: uint32(len(bindings)), pBindings: list(&pin, bindings),
	}
	if err := d.calls.do(createDescriptorSetLayout, d.handle, at(&pin, &set), 0, address(&out.set)); err != nil {
		return err
	}
	l.set = out.set
	info := pipelineLayoutCreateInfo{header: header{sType: typePipelineLayoutCreateInfo}, setLayoutCount: 1, pSetLayouts: address(&out.set)}
	if l.key.push > 0 {
		info.pushConstantRangeCount = 1
		info.pPushConstantRanges = at(&pin, &pushConstantRange{stageFlags: stageCompute, size: uint32(l.key.push)})
	}
	if err := d.calls.do(createPipelineLayout, d.handle, at(&pin, &info), 0, address(&out.handle)); err != nil {
		return err
	}
	l.handle = out.handle
	return nil
}

func (l *pipelineLayout) destroy(d *Device) {
	if l.handle != 0 {
		d.calls.tell(destroyPipelineLayout, d.handle, uintptr(l.handle), 0)
	}
	if l.set != 0 {
		d.calls.tell(destroyDescriptorSetLayout, d.handle, uintptr(l.set), 0)
	}
	l.handle, l.set = 0, 0
}
