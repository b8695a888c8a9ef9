package vulkan

import (
	"runtime"
	"slices"
	"unsafe"

	"github.com/ebitengine/purego"
)

// call numbers the calls of Vulkan that this package makes.
type call int

// What is asked before there is an instance.
const (
	enumerateInstanceVersion call = iota
	enumerateInstanceExtensionProperties
	enumerateInstanceLayerProperties
	createInstance
	// Of an instance.
	destroyInstance
	createDebugUtilsMessenger
	destroyDebugUtilsMessenger
	enumeratePhysicalDevices
	enumerateDeviceExtensionProperties
	getPhysicalDeviceProperties
	getPhysicalDeviceProperties2
	getPhysicalDeviceFeatures2
	getPhysicalDeviceMemoryProperties2
	getPhysicalDeviceQueueFamilyProperties
	getPhysicalDeviceCooperativeMatrixProperties
	createDevice
	getDeviceProcAddr
	// Of a device.
	destroyDevice
	getDeviceQueue
	queueSubmit
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
	createQueryPool
	destroyQueryPool
	getQueryPoolResults
	createFence
	destroyFence
	resetFences
	waitForFences
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
	callCount
)

const (
	firstOfInstance = destroyInstance
	firstOfDevice   = destroyDevice
)

var names = [callCount]string{
	"vkEnumerateInstanceVersion", "vkEnumerateInstanceExtensionProperties", "vkEnumerateInstanceLayerProperties", "vkCreateInstance",
	"vkDestroyInstance", "vkCreateDebugUtilsMessengerEXT", "vkDestroyDebugUtilsMessengerEXT", "vkEnumeratePhysicalDevices",
	"vkEnumerateDeviceExtensionProperties", "vkGetPhysicalDeviceProperties", "vkGetPhysicalDeviceProperties2", "vkGetPhysicalDeviceFeatures2",
	"vkGetPhysicalDeviceMemoryProperties2", "vkGetPhysicalDeviceQueueFamilyProperties", "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR",
	"vkCreateDevice", "vkGetDeviceProcAddr",
	"vkDestroyDevice", "vkGetDeviceQueue", "vkQueueSubmit", "vkCreateBuffer", "vkDestroyBuffer", "vkGetBufferMemoryRequirements",
	"vkAllocateMemory", "vkFreeMemory", "vkBindBufferMemory", "vkMapMemory", "vkCreateShaderModule", "vkDestroyShaderModule",
	"vkCreateDescriptorSetLayout", "vkDestroyDescriptorSetLayout", "vkCreatePipelineLayout", "vkDestroyPipelineLayout", "vkCreatePipelineCache",
	"vkDestroyPipelineCache", "vkGetPipelineCacheData", "vkCreateComputePipelines", "vkDestroyPipeline", "vkCreateDescriptorPool",
	"vkDestroyDescriptorPool", "vkResetDescriptorPool", "vkAllocateDescriptorSets", "vkUpdateDescriptorSets", "vkCreateQueryPool",
	"vkDestroyQueryPool", "vkGetQueryPoolResults", "vkCreateFence", "vkDestroyFence", "vkResetFences", "vkWaitForFences", "vkCreateCommandPool",
	"vkDestroyCommandPool", "vkResetCommandPool", "vkAllocateCommandBuffers", "vkBeginCommandBuffer", "vkEndCommandBuffer", "vkCmdBindPipeline",
	"vkCmdBindDescriptorSets", "vkCmdPushConstants", "vkCmdDispatch", "vkCmdDispatchIndirect", "vkCmdPipelineBarrier", "vkCmdCopyBuffer",
	"vkCmdResetQueryPool", "vkCmdWriteTimestamp",
}

// optional are calls that a library may lack; whoever makes them asks first (calls.has).
var optional = map[call]bool{
	enumerateInstanceVersion: true, createDebugUtilsMessenger: true, destroyDebugUtilsMessenger: true, getPhysicalDeviceCooperativeMatrixProperties: true,
}

// calls is where the calls of an instance, or of a device, are. Pointers among the arguments are those that at, list and text give, or into
// memory that is pinned for longer.
type calls struct {
	address [callCount]uintptr
	fail    func(call string) Result // Options.Fail
}

func (l *calls) has(c call) bool { return l.address[c] != 0 }

// try makes a call that gives a result.
func (l *calls) try(c call, args ...uintptr) Result {
	if l.fail != nil {
		if r := l.fail(names[c]); r != Success {
			if c == waitForFences && r == DeviceLost {
				l.outlast(args)
			}
			return r
		}
	}
	r, _, _ := purego.SyscallN(l.address[c], args...)
	return Result(int32(r)) // the upper half is not defined
}

// outlast makes vkWaitForFences wait as long as it takes.
func (l *calls) outlast(args []uintptr) {
	const timeout = 4
	args = slices.Clone(args)
	args[timeout] = ^uintptr(0)
	purego.SyscallN(l.address[waitForFences], args...)
}

// do is try, and makes an error of what is no success.
func (l *calls) do(c call, args ...uintptr) error {
	if r := l.try(c, args...); r < 0 {
		return failed(c, r)
	}
	return nil
}

// tell makes a call that gives nothing.
func (l *calls) tell(c call, args ...uintptr) { purego.SyscallN(l.address[c], args...) }

// at gives the address of v for C, which may keep and write it until pin is unpinned.
func at[T any](pin *runtime.Pinner, v *T) uintptr {
	pin.Pin(v)
	return address(v)
}

// list is at for a list; 0 for an empty one.
func list[T any](pin *runtime.Pinner, v []T) uintptr {
	if len(v) == 0 {
		return 0
	}
	return at(pin, &v[0])
}

// text is at for a copy of s that ends with a zero.
func text(pin *runtime.Pinner, s string) uintptr {
	return list(pin, append([]byte(s), 0))
}

// texts is at for a list of texts.
func texts(pin *runtime.Pinner, all []string) uintptr {
	var addresses []uintptr
	for _, s := range all {
		addresses = append(addresses, text(pin, s))
	}
	return list(pin, addresses)
}

// address gives the address of what is pinned already.
func address[T any](v *T) uintptr { return uintptr(unsafe.Pointer(v)) }

// enumerate gives a list that C writes where it is told to, at most most long: ask gets the addresses of its length and of the list, or 0.
func enumerate[T any](c call, most uint32, ask func(count, items uintptr) Result) ([]T, error) {
	var empty T
	return enumerateInto(c, most, empty, ask)
}

// enumerateInto is enumerate with what C is to find in the list.
func enumerateInto[T any](c call, most uint32, before T, ask func(count, items uintptr) Result) ([]T, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	const tries = 4 // the list may get longer in between
	for range tries {
		var n uint32
		if r := ask(at(&pin, &n), 0); r < 0 {
			return nil, failed(c, r)
		}
		n = min(n, most)
		items := slices.Repeat([]T{before}, int(n))
		if n == 0 {
			return items, nil
		}
		r := ask(at(&pin, &n), list(&pin, items))
		if r < 0 {
			return nil, failed(c, r)
		}
		if r != Incomplete || n == most {
			return items[:min(int(n), len(items))], nil
		}
	}
	return nil, failed(c, Incomplete)
}
