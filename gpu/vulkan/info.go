package vulkan

import (
	"fmt"
	"runtime"
	"slices"
)

// Kind is what a device is.
type Kind string

// The kinds of devices.
const (
	Other      Kind = "other"
	Integrated Kind = "integrated" // in the processor, with the same memory
	Discrete   Kind = "discrete"   // a card, with memory of its own
	Virtual    Kind = "virtual"    // a part of one, in a virtual machine
	CPU        Kind = "cpu"        // the processor itself: lavapipe, for instance
)

// kinds are in the order of VkPhysicalDeviceType.
var kinds = []Kind{Other, Integrated, Discrete, Virtual, CPU}

// Info is what is known of a device. Sizes are in bytes.
type Info struct {
	Name           string
	Kind           Kind
	Vendor, Device uint32 // of PCI, for most
	Driver         string // name and version, as the driver gives them
	API            string // the version of Vulkan, such as 1.3.230
	UUID           [16]byte
	Unusable       string // why the device cannot be used; empty if it can

	Heap int64 // the largest memory of the device's own; of the machine's where it has none
	Free int64 // what of it this process may take now; 0: not known

	Subgroup                 uint32    // how many invocations go in step, if a pipeline does not ask for another number
	SubgroupMin, SubgroupMax uint32    // what pipelines may ask for; 0: nothing
	SharedMemory             int64     // of a workgroup
	MaxInvocations           uint32    // of a workgroup
	MaxSize, MaxCount        [3]uint32 // of a workgroup in x, y and z; of workgroups in a dispatch
	MaxBuffer                int64     // of a buffer, and of a binding
	MaxBindings, MaxPush     int       // of a pipeline: buffers, bytes of push constants
	Alignment                int64     // of a binding's offset

	Float16, Int8, Int16, Storage16, Storage8 bool     // what shaders can compute with, and read from buffers
	CooperativeMatrix                         bool     // VK_KHR_cooperative_matrix
	Matrices                                  []Matrix // the shapes it has for subgroups
}

// Matrix is a shape of cooperative matrices: M rows and N columns of A times B plus C, with K columns of A.
type Matrix struct {
	M, N, K         uint32
	A, B, C, Result Component
}

// Component is the type of a cooperative matrix's elements (VkComponentTypeKHR).
type Component uint32

// The types that this program knows.
const (
	Float16 Component = 0
	Float32 Component = 1
)

// physicalDevice is a device that is not open.
type physicalDevice struct {
	handle        uintptr
	info          Info
	extensions    map[string]bool
	memory        physicalDeviceMemoryProperties2
	queueFamily   uint32
	timestampBits uint32
	nanoseconds   float32 // of a timestamp's unit
	cacheUUID     [16]byte
	largest       uint64 // allocation
}

// Devices lists the devices, in the order in which Vulkan does. There is at least one, which may be unusable.
func (i *Instance) Devices() []Info {
	infos := make([]Info, len(i.physical))
	for n := range infos {
		infos[n] = i.physical[n].info
		infos[n].Matrices = slices.Clone(infos[n].Matrices)
	}
	return infos
}

// list asks for all devices.
func (i *Instance) list() error {
	const most = 64
	handles, err := enumerate[uintptr](enumeratePhysicalDevices, most, func(count, items uintptr) Result {
		return i.calls.try(enumeratePhysicalDevices, i.handle, count, items)
	})
	if err != nil {
		return err
	}
	if len(handles) == 0 {
		return unavailable("Vulkan is installed, but has no device")
	}
	for _, h := range handles {
		p := physicalDevice{handle: h}
		if err := i.describe(&p); err != nil { // others may be better
			p.info.Unusable = err.Error()
		}
		i.physical = append(i.physical, p)
	}
	return nil
}

// describe asks for all that is known of a device.
func (i *Instance) describe(p *physicalDevice) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	var props physicalDeviceProperties
	i.calls.tell(getPhysicalDeviceProperties, p.handle, at(&pin, &props))
	version := props.apiVersion
	p.info = Info{
		Name: goText(props.deviceName[:]), Kind: Other, Vendor: props.vendorID, Device: props.deviceID,
		Driver: fmt.Sprintf("%#x", props.driverVersion), API: fmt.Sprintf("%d.%d.%d", version>>22&0x7f, version>>12&0x3ff, version&0xfff),
	}
	p.cacheUUID, p.nanoseconds = props.pipelineCacheUUID, props.limits.timestampPeriod
	if int(props.deviceType) < len(kinds) {
		p.info.Kind = kinds[props.deviceType]
	}
	if version < version11 {
		p.info.Unusable = "its driver has Vulkan " + p.info.API + ", and 1.1 is needed"
		return nil
	}
	extensions, err := enumerate[extensionProperties](enumerateDeviceExtensionProperties, mostNames, func(count, items uintptr) Result {
		return i.calls.try(enumerateDeviceExtensionProperties, p.handle, 0, count, items)
	})
	if err != nil {
		return err
	}
	p.extensions = map[string]bool{}
	for _, e := range extensions {
		p.extensions[goText(e.extensionName[:])] = true
	}
	i.describeLimits(p)
	i.describeFeatures(p)
	i.describeQueues(p)
	p.memory, p.info.Free = i.memoryOf(p)
	p.info.Heap = int64(p.memory.heap().size)
	if p.info.Unusable == "" && p.info.CooperativeMatrix {
		return i.describeMatrices(p)
	}
	return nil
}

// chain puts a structure in front of those that extend another, and gives its address.
func chain[T any](pin *runtime.Pinner, next *uintptr, v *T, h *header, t structureType) {
	h.sType, h.pNext = t, *next
	*next = at(pin, v)
}

func (i *Instance) describeLimits(p *physicalDevice) {
	var pin runtime.Pinner
	defer pin.Unpin()
	var (
		ids       idProperties
		subgroups subgroupProperties
		largest   maintenance3Properties
		driver    driverProperties
		sizes     subgroupSizeControlProperties
		next      uintptr
	)
	chain(&pin, &next, &ids, &ids.header, typeIDProperties)
	chain(&pin, &next, &subgroups, &subgroups.header, typeSubgroupProperties)
	chain(&pin, &next, &largest, &largest.header, typeMaintenance3Properties)
	if p.extensions["VK_KHR_driver_properties"] {
		chain(&pin, &next, &driver, &driver.header, typeDriverProperties)
	}
	if p.extensions["VK_EXT_subgroup_size_control"] {
		chain(&pin, &next, &sizes, &sizes.header, typeSubgroupSizeControlProperties)
	}
	all := physicalDeviceProperties2{header: header{sType: typePhysicalDeviceProperties2, pNext: next}}
	i.calls.tell(getPhysicalDeviceProperties2, p.handle, at(&pin, &all))
	limits, info := &all.properties.limits, &p.info
	if name := goText(driver.driverName[:]); name != "" {
		info.Driver = name + " " + goText(driver.driverInfo[:])
	}
	info.UUID = ids.deviceUUID
	info.Subgroup = subgroups.subgroupSize
	if sizes.requiredSubgroupSizeStages&stageCompute != 0 {
		info.SubgroupMin, info.SubgroupMax = sizes.minSubgroupSize, sizes.maxSubgroupSize
	}
	info.SharedMemory = int64(limits.maxComputeSharedMemorySize)
	info.MaxInvocations, info.MaxSize, info.MaxCount = limits.maxComputeWorkGroupInvocations, limits.maxComputeWorkGroupSize, limits.maxComputeWorkGroupCount
	p.largest = largest.maxMemoryAllocationSize
	info.MaxBuffer = int64(min(uint64(limits.maxStorageBufferRange), p.largest))
	info.MaxBindings = int(min(limits.maxPerStageDescriptorStorageBuffers, maxBindings))
	info.MaxPush = int(min(limits.maxPushConstantsSize, maxPush))
	info.Alignment = max(1, int64(limits.minStorageBufferOffsetAlignment))
}

// features are what shaders may be able to do, as structures that extend each other; wants asks for them, or says which are to be there.
type features struct {
	base       physicalDeviceFeatures2
	storage16  storage16Features
	storage8   storage8Features
	float16    float16Int8Features
	subgroups  subgroupSizeControlFeatures
	matrices   cooperativeMatrixFeatures
	model      memoryModelFeatures
	extensions []string
}

// link chains the structures that the device knows, and notes the extensions that they are of.
func (f *features) link(pin *runtime.Pinner, p *physicalDevice) {
	var next uintptr
	chain(pin, &next, &f.storage16, &f.storage16.header, type16BitStorageFeatures)
	has := func(extension string) bool {
		if p.extensions[extension] {
			f.extensions = append(f.extensions, extension)
		}
		return p.extensions[extension]
	}
	if has("VK_KHR_8bit_storage") {
		chain(pin, &next, &f.storage8, &f.storage8.header, type8BitStorageFeatures)
	}
	if has("VK_KHR_shader_float16_int8") {
		chain(pin, &next, &f.float16, &f.float16.header, typeFloat16Int8Features)
	}
	if has("VK_EXT_subgroup_size_control") {
		chain(pin, &next, &f.subgroups, &f.subgroups.header, typeSubgroupSizeControlFeatures)
	}
	if has("VK_KHR_vulkan_memory_model") && has("VK_KHR_cooperative_matrix") {
		chain(pin, &next, &f.matrices, &f.matrices.header, typeCooperativeMatrixFeatures)
		chain(pin, &next, &f.model, &f.model.header, typeMemoryModelFeatures)
	}
	f.base.header = header{sType: typePhysicalDeviceFeatures2, pNext: next}
}

func (i *Instance) describeFeatures(p *physicalDevice) {
	var pin runtime.Pinner
	defer pin.Unpin()
	f := &features{}
	f.link(&pin, p)
	i.calls.tell(getPhysicalDeviceFeatures2, p.handle, at(&pin, &f.base))
	info := &p.info
	info.Int16 = f.base.features.shaderInt16 != 0
	info.Storage16 = f.storage16.storageBuffer16BitAccess != 0
	info.Storage8 = f.storage8.storageBuffer8BitAccess != 0
	info.Float16, info.Int8 = f.float16.shaderFloat16 != 0, f.float16.shaderInt8 != 0
	info.CooperativeMatrix = f.matrices.cooperativeMatrix != 0 && f.model.vulkanMemoryModel != 0
	if f.subgroups.subgroupSizeControl == 0 {
		info.SubgroupMin, info.SubgroupMax = 0, 0
	}
}

// describeQueues chooses the queue: one that computes only, so that nobody's screen waits, or else one that computes.
func (i *Instance) describeQueues(p *physicalDevice) {
	var pin runtime.Pinner
	defer pin.Unpin()
	const most = 64
	n := uint32(most)
	families := make([]queueFamilyProperties, most)
	i.calls.tell(getPhysicalDeviceQueueFamilyProperties, p.handle, at(&pin, &n), list(&pin, families))
	families = families[:min(n, most)]
	chosen := -1
	for f := range families {
		flags := families[f].queueFlags
		if flags&queueCompute == 0 || families[f].queueCount == 0 {
			continue
		}
		if chosen < 0 || families[chosen].queueFlags&queueGraphics != 0 && flags&queueGraphics == 0 {
			chosen = f
		}
	}
	if chosen < 0 {
		p.info.Unusable = "it cannot compute"
		return
	}
	p.queueFamily, p.timestampBits = uint32(chosen), families[chosen].timestampValidBits
}

// describeMatrices lists the shapes of cooperative matrices for subgroups that do not saturate.
func (i *Instance) describeMatrices(p *physicalDevice) error {
	const most, ofSubgroups = 1024, 3
	if !i.calls.has(getPhysicalDeviceCooperativeMatrixProperties) {
		p.info.CooperativeMatrix = false
		return nil
	}
	before := cooperativeMatrixProperties{header: header{sType: typeCooperativeMatrixProperties}}
	shapes, err := enumerateInto(getPhysicalDeviceCooperativeMatrixProperties, most, before, func(count, items uintptr) Result {
		return i.calls.try(getPhysicalDeviceCooperativeMatrixProperties, p.handle, count, items)
	})
	for _, s := range shapes {
		if s.scope == ofSubgroups && s.saturatingAccumulation == 0 {
			p.info.Matrices = append(p.info.Matrices, Matrix{s.m, s.n, s.k, Component(s.a), Component(s.b), Component(s.c), Component(s.result)})
		}
	}
	return err
}
