package vulkan

import (
	"unsafe"

	"github.com/ebitengine/purego"
)

// proc is one of Vulkan's calls.
type proc int

// The calls, in the order of names. Those up to enumerateInstanceExtensions are there before an instance is.
const (
	createInstance proc = iota
	enumerateInstanceVersion
	enumerateInstanceExtensions
	destroyInstance
	enumeratePhysicalDevices
	getProperties2
	getFeatures2
	getMemoryProperties2
	getQueueFamilies
	enumerateDeviceExtensions
	createDevice
	destroyDevice
	getDeviceQueue
	deviceWaitIdle
	createBuffer
	destroyBuffer
	getBufferMemoryRequirements
	allocateMemory
	freeMemory
	bindBufferMemory
	mapMemory
	createShaderModule
	destroyShaderModule
	createDescriptorSetLayout
	destroyDescriptorSetLayout
	createPipelineLayout
	destroyPipelineLayout
	createPipelineCache
	destroyPipelineCache
	getPipelineCacheData
	createComputePipelines
	destroyPipeline
	createDescriptorPool
	destroyDescriptorPool
	resetDescriptorPool
	allocateDescriptorSets
	updateDescriptorSets
	createCommandPool
	destroyCommandPool
	resetCommandPool
	allocateCommandBuffers
	beginCommandBuffer
	endCommandBuffer
	cmdBindPipeline
	cmdBindDescriptorSets
	cmdPushConstants
	cmdDispatch
	cmdDispatchIndirect
	cmdPipelineBarrier
	cmdCopyBuffer
	cmdResetQueryPool
	cmdWriteTimestamp
	createQueryPool
	destroyQueryPool
	getQueryPoolResults
	createFence
	destroyFence
	resetFences
	waitForFences
	queueSubmit
	createMessenger // only with validation, as all after it
	destroyMessenger
	procCount
)

var names = [procCount]string{
	"vkCreateInstance", "vkEnumerateInstanceVersion", "vkEnumerateInstanceExtensionProperties", "vkDestroyInstance", "vkEnumeratePhysicalDevices",
	"vkGetPhysicalDeviceProperties2", "vkGetPhysicalDeviceFeatures2", "vkGetPhysicalDeviceMemoryProperties2", "vkGetPhysicalDeviceQueueFamilyProperties",
	"vkEnumerateDeviceExtensionProperties", "vkCreateDevice", "vkDestroyDevice", "vkGetDeviceQueue", "vkDeviceWaitIdle",
	"vkCreateBuffer", "vkDestroyBuffer", "vkGetBufferMemoryRequirements", "vkAllocateMemory", "vkFreeMemory", "vkBindBufferMemory", "vkMapMemory",
	"vkCreateShaderModule", "vkDestroyShaderModule", "vkCreateDescriptorSetLayout", "vkDestroyDescriptorSetLayout",
	"vkCreatePipelineLayout", "vkDestroyPipelineLayout", "vkCreatePipelineCache", "vkDestroyPipelineCache", "vkGetPipelineCacheData",
	"vkCreateComputePipelines", "vkDestroyPipeline", "vkCreateDescriptorPool", "vkDestroyDescriptorPool", "vkResetDescriptorPool",
	"vkAllocateDescriptorSets", "vkUpdateDescriptorSets", "vkCreateCommandPool", "vkDestroyCommandPool", "vkResetCommandPool",
	"vkAllocateCommandBuffers", "vkBeginCommandBuffer", "vkEndCommandBuffer", "vkCmdBindPipeline", "vkCmdBindDescriptorSets",
	"vkCmdPushConstants", "vkCmdDispatch", "vkCmdDispatchIndirect", "vkCmdPipelineBarrier", "vkCmdCopyBuffer",
	"vkCmdResetQueryPool", "vkCmdWriteTimestamp", "vkCreateQueryPool", "vkDestroyQueryPool", "vkGetQueryPoolResults",
	"vkCreateFence", "vkDestroyFence", "vkResetFences", "vkWaitForFences", "vkQueueSubmit",
	"vkCreateDebugUtilsMessengerEXT", "vkDestroyDebugUtilsMessengerEXT",
}

// procs are the addresses of the calls.
type procs struct {
	get  uintptr // vkGetInstanceProcAddr
	at   [procCount]uintptr
	fail func(name string) result
}

// openProcs opens the library, and finds what is there before an instance is.
func openProcs(o Options) (*procs, error) {
	get, err := openLibrary(o.Library)
	if err != nil {
		return nil, unavailable(err)
	}
	p := &procs{get: get, fail: o.fail}
	var m memory
	defer m.Unpin()
	for i := createInstance; i <= enumerateInstanceExtensions; i++ {
		p.at[i] = p.find(&m, 0, i)
	}
	if p.at[createInstance] == 0 {
		return nil, unavailable(errorf("the Vulkan library lacks %s", names[createInstance]))
	}
	return p, nil
}

func (p *procs) find(m *memory, instance uintptr, i proc) uintptr {
	at, _, _ := purego.SyscallN(p.get, instance, m.text(names[i]))
	return at
}

// resolve finds all other calls.
func (p *procs) resolve(instance uintptr, validation bool) error {
	var m memory
	defer m.Unpin()
	for i := enumerateInstanceExtensions + 1; i < procCount; i++ {
		if i >= createMessenger && !validation {
			break
		}
		if p.at[i] = p.find(&m, instance, i); p.at[i] == 0 {
			return errorf("the Vulkan library lacks %s", names[i])
		}
	}
	return nil
}

// call makes a call.
func (p *procs) call(i proc, args ...uintptr) result {
	if p.fail != nil {
		if r := p.fail(names[i]); r != success {
			return r
		}
	}
	r, _, _ := purego.SyscallN(p.at[i], args...)
	return result(int32(r)) // the rest of the register may hold anything
}

// do makes a call that returns whether it succeeded.
func (p *procs) do(i proc, args ...uintptr) error {
	if r := p.call(i, args...); r != success && r != incomplete {
		return failed{names[i], r}
	}
	return nil
}

// void makes a call that returns nothing.
func (p *procs) void(i proc, args ...uintptr) { purego.SyscallN(p.at[i], args...) }

// instanceVersion is that of the library; 1.0 has no call for it.
func (p *procs) instanceVersion(m *memory) uint32 {
	version := new(uint32)
	if p.at[enumerateInstanceVersion] == 0 || p.do(enumerateInstanceVersion, pin(m, version)) != nil {
		return 1 << 22
	}
	return *version
}

// hasExtension tells whether there is an extension of a physical device, or of the library if that is 0.
func (p *procs) hasExtension(m *memory, physical uintptr, name string) bool {
	for _, e := range p.extensions(m, physical) {
		if e == name {
			return true
		}
	}
	return false
}

// extensions are those of a physical device, or of the library. If they cannot be told there are none.
func (p *procs) extensions(m *memory, physical uintptr) (all []string) {
	count := new(uint32)
	ask := func(to uintptr) error {
		if physical == 0 {
			return p.do(enumerateInstanceExtensions, 0, pin(m, count), to)
		}
		return p.do(enumerateDeviceExtensions, physical, 0, pin(m, count), to)
	}
	if err := ask(0); err != nil || *count == 0 {
		return nil
	}
	list := make([]extensionProperties, *count)
	if err := ask(pin(m, &list[0])); err != nil {
		return nil
	}
	for _, e := range list[:min(int(*count), len(list))] {
		all = append(all, textOf(e.name[:]))
	}
	return all
}

// textOf is the string before the first zero.
func textOf(bytes []byte) string {
	for i, b := range bytes {
		if b == 0 {
			return string(bytes[:i])
		}
	}
	return string(bytes)
}

// textAt is the string at an address that Vulkan gave.
func textAt(at uintptr) string {
	if at == 0 {
		return ""
	}
	var bytes []byte
	for {
		b := *(*byte)(foreign(at))
		if b == 0 {
			return string(bytes)
		}
		bytes = append(bytes, b)
		at++
	}
}

// foreign is an address that Vulkan gave, which lies outside Go's memory.
func foreign(at uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&at)) }
