package vulkan

// The structures of Vulkan's headers, with their fields in the same order. A test compares their layout with the headers'. Handles are 64 bits, as on all
// processors that this is built for.

// structureType is what each structure begins with.
type structureType uint32

const (
	typeApplicationInfo          structureType = 0
	typeInstanceCreateInfo       structureType = 1
	typeDeviceQueueCreateInfo    structureType = 2
	typeDeviceCreateInfo         structureType = 3
	typeSubmitInfo               structureType = 4
	typeMemoryAllocateInfo       structureType = 5
	typeFenceCreateInfo          structureType = 8
	typeQueryPoolCreateInfo      structureType = 11
	typeBufferCreateInfo         structureType = 12
	typeShaderModuleCreateInfo   structureType = 16
	typePipelineCacheCreateInfo  structureType = 17
	typeShaderStageCreateInfo    structureType = 18
	typeComputePipelineInfo      structureType = 29
	typePipelineLayoutCreateInfo structureType = 30
	typeDescriptorLayoutInfo     structureType = 32
	typeDescriptorPoolInfo       structureType = 33
	typeDescriptorSetAllocate    structureType = 34
	typeWriteDescriptorSet       structureType = 35
	typeCommandPoolCreateInfo    structureType = 39
	typeCommandBufferAllocate    structureType = 40
	typeCommandBufferBegin       structureType = 42
	typeMemoryBarrier            structureType = 46
	typeFeatures2                structureType = 1000059000
	typeProperties2              structureType = 1000059001
	typeMemoryProperties2        structureType = 1000059006
	typeIDProperties             structureType = 1000071004
	typeFloat16Features          structureType = 1000082000
	typeStorage16Features        structureType = 1000083000
	typeSubgroupProperties       structureType = 1000094000
	typeMessengerCreateInfo      structureType = 1000128004
	typeMaintenance3Properties   structureType = 1000168000
	typeStorage8Features         structureType = 1000177000
	typeDriverProperties         structureType = 1000196000
	typeMemoryBudget             structureType = 1000237000
	typeCooperativeFeatures      structureType = 1000506000
)

type applicationInfo struct {
	sType         structureType
	next, name    uintptr
	version       uint32
	engine        uintptr
	engineVersion uint32
	api           uint32
}

type instanceCreateInfo struct {
	sType          structureType
	next           uintptr
	flags          uint32
	app            uintptr
	layerCount     uint32
	layers         uintptr
	extensionCount uint32
	extensions     uintptr
}

type extensionProperties struct {
	name    [256]byte
	version uint32
}

type messengerCreateInfo struct {
	sType              structureType
	next               uintptr
	flags              uint32
	severities, types  uint32
	callback, userData uintptr
}

// messageData is the beginning of what a message has.
type messageData struct {
	sType    structureType
	next     uintptr
	flags    uint32
	idName   uintptr
	idNumber int32
	message  uintptr
}

type properties2 struct {
	sType      structureType
	next       uintptr
	properties properties
}

type properties struct {
	api, driver, vendor, device, kind uint32
	name                              [256]byte
	cacheUUID                         [16]byte
	limits                            limits
	sparse                            [5]uint32
}

// limits names only what is used.
type limits struct {
	_                [6]uint32
	_                uint32
	maxStorageRange  uint32
	_                [3]uint32
	granularity      uint64 // here for the alignment
	_                uint64
	_                [38]uint32
	sharedMemory     uint32
	maxGroups        [3]uint32
	maxInvocations   uint32
	maxGroupSize     [3]uint32
	_                [13]uint32
	minMapAlignment  uint64
	_                uint64
	_                uint64
	minStorageOffset uint64
	_                [22]uint32
	timestampPeriod  float32
	_                [19]uint32
}

type idProperties struct {
	sType                  structureType
	next                   uintptr
	deviceUUID, driverUUID [16]byte
	luid                   [8]byte
	nodeMask, luidValid    uint32
}

type subgroupProperties struct {
	sType                              structureType
	next                               uintptr
	size, stages, operations, allQuads uint32
}

type maintenance3Properties struct {
	sType          structureType
	next           uintptr
	maxDescriptors uint32
	maxAllocation  uint64
}

type driverProperties struct {
	sType       structureType
	next        uintptr
	id          uint32
	name, info  [256]byte
	conformance [4]byte
}

type features2 struct {
	sType    structureType
	next     uintptr
	features [55]uint32
}

type storage16Features struct {
	sType                                    structureType
	next                                     uintptr
	storage, uniform, pushConstant, inOutput uint32
}

type storage8Features struct {
	sType                          structureType
	next                           uintptr
	storage, uniform, pushConstant uint32
}

type float16Features struct {
	sType         structureType
	next          uintptr
	float16, int8 uint32
}

type cooperativeFeatures struct {
	sType          structureType
	next           uintptr
	matrix, robust uint32
}

type memoryProperties2 struct {
	sType     structureType
	next      uintptr
	typeCount uint32
	types     [32]memoryType
	heapCount uint32
	heaps     [16]memoryHeap
}

type memoryType struct{ flags, heap uint32 }

type memoryHeap struct {
	size  uint64
	flags uint32
}

type memoryBudget struct {
	sType         structureType
	next          uintptr
	budget, usage [16]uint64
}

type queueFamily struct {
	flags, count, timestampBits uint32
	granularity                 [3]uint32
}

type deviceQueueCreateInfo struct {
	sType         structureType
	next          uintptr
	flags, family uint32
	count         uint32
	priorities    uintptr
}

type deviceCreateInfo struct {
	sType          structureType
	next           uintptr
	flags          uint32
	queueCount     uint32
	queues         uintptr
	layerCount     uint32
	layers         uintptr
	extensionCount uint32
	extensions     uintptr
	features       uintptr
}

type bufferCreateInfo struct {
	sType          structureType
	next           uintptr
	flags          uint32
	size           uint64
	usage, sharing uint32
	familyCount    uint32
	families       uintptr
}

type memoryRequirements struct {
	size, alignment uint64
	types           uint32
}

type memoryAllocateInfo struct {
	sType structureType
	next  uintptr
	size  uint64
	index uint32
}

type shaderModuleCreateInfo struct {
	sType structureType
	next  uintptr
	flags uint32
	size  uint64
	code  uintptr
}

type descriptorBinding struct {
	binding, kind, count, stages uint32
	samplers                     uintptr
}

type descriptorLayoutInfo struct {
	sType        structureType
	next         uintptr
	flags, count uint32
	bindings     uintptr
}

type pushRange struct{ stages, offset, size uint32 }

type pipelineLayoutCreateInfo struct {
	sType           structureType
	next            uintptr
	flags, setCount uint32
	sets            uintptr
	pushCount       uint32
	push            uintptr
}

type specialisationEntry struct {
	id, offset uint32
	size       uint64
}

type specialisation struct {
	count   uint32
	entries uintptr
	size    uint64
	data    uintptr
}

type shaderStage struct {
	sType                        structureType
	next                         uintptr
	flags, stage                 uint32
	module, name, specialisation uintptr
}

type computePipelineInfo struct {
	sType        structureType
	next         uintptr
	flags        uint32
	stage        shaderStage
	layout, base uintptr
	baseIndex    int32
}

type pipelineCacheCreateInfo struct {
	sType structureType
	next  uintptr
	flags uint32
	size  uint64
	data  uintptr
}

type poolSize struct{ kind, count uint32 }

type descriptorPoolInfo struct {
	sType          structureType
	next           uintptr
	flags, maxSets uint32
	sizeCount      uint32
	sizes          uintptr
}

type descriptorSetAllocate struct {
	sType structureType
	next  uintptr
	pool  uintptr
	count uint32
	sets  uintptr
}

type descriptorBuffer struct {
	buffer       uintptr
	offset, size uint64
}

type writeDescriptorSet struct {
	sType                         structureType
	next, set                     uintptr
	binding, element, count, kind uint32
	image, buffers, texels        uintptr
}

type commandPoolCreateInfo struct {
	sType         structureType
	next          uintptr
	flags, family uint32
}

type commandBufferAllocate struct {
	sType        structureType
	next         uintptr
	pool         uintptr
	level, count uint32
}

type commandBufferBegin struct {
	sType       structureType
	next        uintptr
	flags       uint32
	inheritance uintptr
}

type memoryBarrier struct {
	sType          structureType
	next           uintptr
	source, target uint32
}

type bufferCopy struct{ source, target, size uint64 }

type queryPoolCreateInfo struct {
	sType              structureType
	next               uintptr
	flags, kind, count uint32
	statistics         uint32
}

type fenceCreateInfo struct {
	sType structureType
	next  uintptr
	flags uint32
}

type submitInfo struct {
	sType             structureType
	next              uintptr
	waitCount         uint32
	waits, waitStages uintptr
	commandCount      uint32
	commands          uintptr
	signalCount       uint32
	signals           uintptr
}
