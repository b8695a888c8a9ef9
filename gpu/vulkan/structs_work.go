package vulkan

import "structs"

// What is made of a device (structs.go).

type bufferCreateInfo struct {
	_ structs.HostLayout
	header
	flags                 uint32
	size                  uint64
	usage                 uint32
	sharingMode           uint32
	queueFamilyIndexCount uint32
	pQueueFamilyIndices   uintptr
}

// What buffers are used for (bufferCreateInfo.usage): all that this package does with one.
const bufferUsage = 1 | 2 | 0x20 | 0x100 // copied from, copied to, read and written by shaders, sizes of dispatches

type memoryRequirements struct {
	_              structs.HostLayout
	size           uint64
	alignment      uint64
	memoryTypeBits uint32
}

type memoryAllocateInfo struct {
	_ structs.HostLayout
	header
	allocationSize  uint64
	memoryTypeIndex uint32
}

type shaderModuleCreateInfo struct {
	_ structs.HostLayout
	header
	flags    uint32
	codeSize uint64
	pCode    uintptr
}

type descriptorSetLayoutBinding struct {
	_                  structs.HostLayout
	binding            uint32
	descriptorType     uint32
	descriptorCount    uint32
	stageFlags         uint32
	pImmutableSamplers uintptr
}

const (
	descriptorStorageBuffer = 7
	stageCompute            = 0x20
)

type descriptorSetLayoutCreateInfo struct {
	_ structs.HostLayout
	header
	flags        uint32
	bindingCount uint32
	pBindings    uintptr
}

type pushConstantRange struct {
	_          structs.HostLayout
	stageFlags uint32
	offset     uint32
	size       uint32
}

type pipelineLayoutCreateInfo struct {
	_ structs.HostLayout
	header
	flags                  uint32
	setLayoutCount         uint32
	pSetLayouts            uintptr
	pushConstantRangeCount uint32
	pPushConstantRanges    uintptr
}

type pipelineCacheCreateInfo struct {
	_ structs.HostLayout
	header
	flags           uint32
	initialDataSize uint64
	pInitialData    uintptr
}

type specializationMapEntry struct {
	_          structs.HostLayout
	constantID uint32
	offset     uint32
	size       uint64
}

type specializationInfo struct {
	_             structs.HostLayout
	mapEntryCount uint32
	pMapEntries   uintptr
	dataSize      uint64
	pData         uintptr
}

type pipelineShaderStageCreateInfo struct {
	_ structs.HostLayout
	header
	flags               uint32
	stage               uint32
	module              uint64
	pName               uintptr
	pSpecializationInfo uintptr
}

type requiredSubgroupSizeCreateInfo struct {
	_ structs.HostLayout
	header
	requiredSubgroupSize uint32
}

type computePipelineCreateInfo struct {
	_ structs.HostLayout
	header
	flags              uint32
	stage              pipelineShaderStageCreateInfo
	layout             uint64
	basePipelineHandle uint64
	basePipelineIndex  int32
}

type descriptorPoolSize struct {
	_               structs.HostLayout
	descriptorType  uint32
	descriptorCount uint32
}

type descriptorPoolCreateInfo struct {
	_ structs.HostLayout
	header
	flags         uint32
	maxSets       uint32
	poolSizeCount uint32
	pPoolSizes    uintptr
}

type descriptorSetAllocateInfo struct {
	_ structs.HostLayout
	header
	descriptorPool     uint64
	descriptorSetCount uint32
	pSetLayouts        uintptr
}

type descriptorBufferInfo struct {
	_      structs.HostLayout
	buffer uint64
	offset uint64
	size   uint64 // VkDescriptorBufferInfo.range
}

type writeDescriptorSet struct {
	_ structs.HostLayout
	header
	dstSet           uint64
	dstBinding       uint32
	dstArrayElement  uint32
	descriptorCount  uint32
	descriptorType   uint32
	pImageInfo       uintptr
	pBufferInfo      uintptr
	pTexelBufferView uintptr
}

type queryPoolCreateInfo struct {
	_ structs.HostLayout
	header
	flags              uint32
	queryType          uint32
	queryCount         uint32
	pipelineStatistics uint32
}

const (
	queryTimestamp = 2
	results64      = 1 // of 64 bits each
)

type fenceCreateInfo struct {
	_ structs.HostLayout
	header
	flags uint32
}

type commandPoolCreateInfo struct {
	_ structs.HostLayout
	header
	flags            uint32
	queueFamilyIndex uint32
}

type commandBufferAllocateInfo struct {
	_ structs.HostLayout
	header
	commandPool        uint64
	level              uint32
	commandBufferCount uint32
}

type commandBufferBeginInfo struct {
	_ structs.HostLayout
	header
	flags            uint32
	pInheritanceInfo uintptr
}

type memoryBarrier struct {
	_ structs.HostLayout
	header
	srcAccessMask uint32
	dstAccessMask uint32
}

// Stages and accesses that memoryBarrier brings into an order.
const (
	pipelineDrawIndirect  = 0x2
	pipelineComputeShader = 0x800
	pipelineTransfer      = 0x1000
	pipelineBottom        = 0x2000
	pipelineHost          = 0x4000

	accessIndirectRead  = 0x1
	accessShaderRead    = 0x20
	accessShaderWrite   = 0x40
	accessTransferRead  = 0x800
	accessTransferWrite = 0x1000
	accessHostRead      = 0x2000
)

type bufferCopy struct {
	_         structs.HostLayout
	srcOffset uint64
	dstOffset uint64
	size      uint64
}

type submitInfo struct {
	_ structs.HostLayout
	header
	waitSemaphoreCount   uint32
	pWaitSemaphores      uintptr
	pWaitDstStageMask    uintptr
	commandBufferCount   uint32
	pCommandBuffers      uintptr
	signalSemaphoreCount uint32
	pSignalSemaphores    uintptr
}
