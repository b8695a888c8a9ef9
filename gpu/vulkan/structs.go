package vulkan

import (
	"structs"
	"unsafe"
)

// The structures of Vulkan, whose fields have the names of vulkan_core.h. Addresses are uintptr: what they point to is pinned (calls.go).
// Handles of instances, devices, queues and command buffers are addresses, all others are uint64. Parts that are not used are left out as
// fillers. structs_test.go compares sizes and places with the C header.

// The addresses and handles that calls take as arguments have 64 bits.
const _ = -uint(8 - unsafe.Sizeof(uintptr(0)))

// structureType says what a structure is, in its first field.
type structureType uint32

const (
	typeApplicationInfo                structureType = 0
	typeInstanceCreateInfo             structureType = 1
	typeDeviceQueueCreateInfo          structureType = 2
	typeDeviceCreateInfo               structureType = 3
	typeSubmitInfo                     structureType = 4
	typeMemoryAllocateInfo             structureType = 5
	typeFenceCreateInfo                structureType = 8
	typeQueryPoolCreateInfo            structureType = 11
	typeBufferCreateInfo               structureType = 12
	typeShaderModuleCreateInfo         structureType = 16
	typePipelineCacheCreateInfo        structureType = 17
	typePipelineShaderStageCreateInfo  structureType = 18
	typeComputePipelineCreateInfo      structureType = 29
	typePipelineLayoutCreateInfo       structureType = 30
	typeDescriptorSetLayoutCreateInfo  structureType = 32
	typeDescriptorPoolCreateInfo       structureType = 33
	typeDescriptorSetAllocateInfo      structureType = 34
	typeWriteDescriptorSet             structureType = 35
	typeCommandPoolCreateInfo          structureType = 39
	typeCommandBufferAllocateInfo      structureType = 40
	typeCommandBufferBeginInfo         structureType = 42
	typeMemoryBarrier                  structureType = 46
	typePhysicalDeviceFeatures2        structureType = 1000059000
	typePhysicalDeviceProperties2      structureType = 1000059001
	typePhysicalDeviceMemoryProps2     structureType = 1000059006
	typeIDProperties                   structureType = 1000071004
	type16BitStorageFeatures           structureType = 1000083000
	typeFloat16Int8Features            structureType = 1000082000
	typeSubgroupProperties             structureType = 1000094000
	typeDebugUtilsMessengerCreateInfo  structureType = 1000128004
	typeMaintenance3Properties         structureType = 1000168000
	type8BitStorageFeatures            structureType = 1000177000
	typeDriverProperties               structureType = 1000196000
	typeMemoryModelFeatures            structureType = 1000211000
	typeSubgroupSizeControlProperties  structureType = 1000225000
	typeRequiredSubgroupSizeCreateInfo structureType = 1000225001
	typeSubgroupSizeControlFeatures    structureType = 1000225002
	typeMemoryBudgetProperties         structureType = 1000237000
	typeValidationFeatures             structureType = 1000247000
	typeCooperativeMatrixFeatures      structureType = 1000506000
	typeCooperativeMatrixProperties    structureType = 1000506001
)

// header begins most structures. What next points to extends them.
type header struct {
	_     structs.HostLayout
	sType structureType
	pNext uintptr
}

type bool32 uint32

type applicationInfo struct {
	_ structs.HostLayout
	header
	pApplicationName   uintptr
	applicationVersion uint32
	pEngineName        uintptr
	engineVersion      uint32
	apiVersion         uint32
}

type instanceCreateInfo struct {
	_ structs.HostLayout
	header
	flags                   uint32
	pApplicationInfo        uintptr
	enabledLayerCount       uint32
	ppEnabledLayerNames     uintptr
	enabledExtensionCount   uint32
	ppEnabledExtensionNames uintptr
}

const instanceEnumeratePortability = 1 // also devices that have not all of Vulkan, as MoltenVK's

type extensionProperties struct {
	_             structs.HostLayout
	extensionName [256]byte
	specVersion   uint32
}

type layerProperties struct {
	_                     structs.HostLayout
	layerName             [256]byte
	specVersion           uint32
	implementationVersion uint32
	description           [256]byte
}

type debugUtilsMessengerCreateInfo struct {
	_ structs.HostLayout
	header
	flags           uint32
	messageSeverity uint32
	messageType     uint32
	pfnUserCallback uintptr
	pUserData       uintptr
}

type validationFeatures struct {
	_ structs.HostLayout
	header
	enabledValidationFeatureCount  uint32
	pEnabledValidationFeatures     uintptr
	disabledValidationFeatureCount uint32
	pDisabledValidationFeatures    uintptr
}

type debugUtilsMessengerCallbackData struct {
	_ structs.HostLayout
	header
	flags           uint32
	pMessageIdName  *byte
	messageIdNumber int32
	pMessage        *byte
	_               [48]byte
}

type physicalDeviceProperties struct {
	_                 structs.HostLayout
	apiVersion        uint32
	driverVersion     uint32
	vendorID          uint32
	deviceID          uint32
	deviceType        uint32
	deviceName        [256]byte
	pipelineCacheUUID [16]byte
	limits            physicalDeviceLimits
	_                 [20]byte
}

type physicalDeviceLimits struct {
	_                                   structs.HostLayout
	_                                   [28]byte
	maxStorageBufferRange               uint32
	maxPushConstantsSize                uint32
	maxMemoryAllocationCount            uint32
	_                                   [36]byte
	maxPerStageDescriptorStorageBuffers uint32
	_                                   [136]byte
	maxComputeSharedMemorySize          uint32
	maxComputeWorkGroupCount            [3]uint32
	maxComputeWorkGroupInvocations      uint32
	maxComputeWorkGroupSize             [3]uint32
	_                                   [80]byte
	minStorageBufferOffsetAlignment     uint64
	_                                   [84]byte
	timestampComputeAndGraphics         bool32
	timestampPeriod                     float32
	_                                   [76]byte
}

type physicalDeviceProperties2 struct {
	_ structs.HostLayout
	header
	properties physicalDeviceProperties
}

type idProperties struct {
	_ structs.HostLayout
	header
	deviceUUID [16]byte
	driverUUID [16]byte
	_          [16]byte
}

type subgroupProperties struct {
	_ structs.HostLayout
	header
	subgroupSize        uint32
	supportedStages     uint32
	supportedOperations uint32
	_                   uint32
}

type maintenance3Properties struct {
	_ structs.HostLayout
	header
	_                       uint32
	maxMemoryAllocationSize uint64
}

type driverProperties struct {
	_ structs.HostLayout
	header
	driverID           uint32
	driverName         [256]byte
	driverInfo         [256]byte
	conformanceVersion [4]byte
}

type subgroupSizeControlProperties struct {
	_ structs.HostLayout
	header
	minSubgroupSize            uint32
	maxSubgroupSize            uint32
	_                          uint32
	requiredSubgroupSizeStages uint32
}

type cooperativeMatrixProperties struct {
	_ structs.HostLayout
	header
	m, n, k                uint32
	a, b, c, result        uint32
	saturatingAccumulation bool32
	scope                  uint32
}

type physicalDeviceFeatures2 struct {
	_ structs.HostLayout
	header
	features physicalDeviceFeatures
}

type physicalDeviceFeatures struct {
	_           structs.HostLayout
	_           [160]byte
	shaderInt64 bool32
	shaderInt16 bool32
	_           [52]byte
}

type storage16Features struct {
	_ structs.HostLayout
	header
	storageBuffer16BitAccess bool32
	_                        [12]byte
}

type storage8Features struct {
	_ structs.HostLayout
	header
	storageBuffer8BitAccess bool32
	_                       [8]byte
}

type float16Int8Features struct {
	_ structs.HostLayout
	header
	shaderFloat16 bool32
	shaderInt8    bool32
}

type memoryModelFeatures struct {
	_ structs.HostLayout
	header
	vulkanMemoryModel            bool32
	vulkanMemoryModelDeviceScope bool32
	_                            bool32
}

type subgroupSizeControlFeatures struct {
	_ structs.HostLayout
	header
	subgroupSizeControl  bool32
	computeFullSubgroups bool32
}

type cooperativeMatrixFeatures struct {
	_ structs.HostLayout
	header
	cooperativeMatrix bool32
	_                 bool32
}

type queueFamilyProperties struct {
	_                  structs.HostLayout
	queueFlags         uint32
	queueCount         uint32
	timestampValidBits uint32
	_                  [12]byte
}

const (
	queueGraphics = 1
	queueCompute  = 2
)

type memoryType struct {
	_             structs.HostLayout
	propertyFlags uint32
	heapIndex     uint32
}

// What memory is like (memoryType.propertyFlags).
const (
	memoryDeviceLocal  = 1
	memoryHostVisible  = 2
	memoryHostCoherent = 4
	memoryHostCached   = 8
	memoryPlain        = memoryDeviceLocal | memoryHostVisible | memoryHostCoherent | memoryHostCached
)

type memoryHeap struct {
	_     structs.HostLayout
	size  uint64
	flags uint32
}

const (
	maxMemoryTypes = 32
	maxMemoryHeaps = 16
)

type physicalDeviceMemoryProperties2 struct {
	_ structs.HostLayout
	header
	memoryTypeCount uint32
	memoryTypes     [maxMemoryTypes]memoryType
	memoryHeapCount uint32
	memoryHeaps     [maxMemoryHeaps]memoryHeap
}

type memoryBudgetProperties struct {
	_ structs.HostLayout
	header
	heapBudget [maxMemoryHeaps]uint64
	heapUsage  [maxMemoryHeaps]uint64
}

type deviceQueueCreateInfo struct {
	_ structs.HostLayout
	header
	flags            uint32
	queueFamilyIndex uint32
	queueCount       uint32
	pQueuePriorities uintptr
}

type deviceCreateInfo struct {
	_ structs.HostLayout
	header
	flags                   uint32
	queueCreateInfoCount    uint32
	pQueueCreateInfos       uintptr
	enabledLayerCount       uint32
	ppEnabledLayerNames     uintptr
	enabledExtensionCount   uint32
	ppEnabledExtensionNames uintptr
	pEnabledFeatures        uintptr
}
