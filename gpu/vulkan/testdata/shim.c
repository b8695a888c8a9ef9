// A library of Vulkan in front of another one, for tests of what may happen to a device that computes well. The environment says what happens:
//
//	SHIM_REAL   the library that does the work
//	SHIM_HEAP   the memory that the device has, in bytes: no more is said, and no more is given
//	SHIM_ROOM   the memory that is given, if it is less than what is said
//	SHIM_FAILS  "NAME N RESULT": from call N of NAME on, counted from 1, it gives RESULT and does nothing
//	SHIM_KILLED at which call of vkQueueSubmit the process is killed
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vulkan/vulkan.h>

static PFN_vkGetInstanceProcAddr realInstance;
static PFN_vkGetDeviceProcAddr realDevice;
static PFN_vkGetPhysicalDeviceMemoryProperties2 realMemory;

static long long number(const char *name) { return getenv(name) ? atoll(getenv(name)) : 0; }

// fails counts a call, and tells whether it is to fail.
static int fails(const char *name, VkResult *result) {
	char which[100];
	static int calls;
	int from, gives;
	const char *asked = getenv("SHIM_FAILS");
	if (!asked || sscanf(asked, "%99s %d %d", which, &from, &gives) != 3 || strcmp(which, name) != 0) return 0;
	*result = gives;
	return ++calls >= from;
}

// Calls whose arguments are all numbers and pointers, six at most.
#define PASSES(name) \
	static VkResult (*real##name)(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t); \
	static VkResult name(uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e, uintptr_t f) { \
		VkResult r; \
		return fails("vk" #name, &r) ? r : real##name(a, b, c, d, e, f); }
PASSES(EnumeratePhysicalDevices)
PASSES(CreateDevice)
PASSES(CreateBuffer)
PASSES(BindBufferMemory)
PASSES(MapMemory)
PASSES(CreateShaderModule)
PASSES(CreateComputePipelines)
PASSES(AllocateDescriptorSets)
PASSES(AllocateCommandBuffers)
PASSES(BeginCommandBuffer)
PASSES(EndCommandBuffer)
PASSES(CreateFence)

// A device that is lost uses nothing any more, so the one behind this is waited for.
static PFN_vkWaitForFences realWaitForFences;
static VkResult WaitForFences(VkDevice d, uint32_t n, const VkFence *f, VkBool32 all, uint64_t timeout) {
	VkResult r;
	if (!fails("vkWaitForFences", &r)) return realWaitForFences(d, n, f, all, timeout);
	if (r == VK_ERROR_DEVICE_LOST) realWaitForFences(d, n, f, all, UINT64_MAX);
	return r;
}

static PFN_vkQueueSubmit realQueueSubmit;
static VkResult QueueSubmit(VkQueue q, uint32_t n, const VkSubmitInfo *i, VkFence f) {
	static int submissions;
	VkResult r;
	if (++submissions == number("SHIM_KILLED")) kill(getpid(), SIGKILL);
	return fails("vkQueueSubmit", &r) ? r : realQueueSubmit(q, n, i, f);
}

static void GetPhysicalDeviceMemoryProperties2(VkPhysicalDevice p, VkPhysicalDeviceMemoryProperties2 *m) {
	realMemory(p, m);
	VkDeviceSize heap = number("SHIM_HEAP");
	if (!heap) return;
	for (uint32_t i = 0; i < m->memoryProperties.memoryHeapCount; i++) m->memoryProperties.memoryHeaps[i].size = heap;
	for (VkBaseOutStructure *s = m->pNext; s; s = s->pNext)
		if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT)
			for (int i = 0; i < VK_MAX_MEMORY_HEAPS; i++) ((VkPhysicalDeviceMemoryBudgetPropertiesEXT *)s)->heapBudget[i] = heap;
}

#define MOST 4096
static struct { VkDeviceMemory memory; VkDeviceSize size; } given[MOST];
static VkDeviceSize total;
static PFN_vkAllocateMemory realAllocateMemory;
static PFN_vkFreeMemory realFreeMemory;

static VkResult AllocateMemory(VkDevice d, const VkMemoryAllocateInfo *i, const VkAllocationCallbacks *a, VkDeviceMemory *out) {
	VkDeviceSize room = number("SHIM_ROOM") ? number("SHIM_ROOM") : number("SHIM_HEAP");
	VkResult r;
	if (fails("vkAllocateMemory", &r)) return r;
	if (room && total + i->allocationSize > room) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
	if ((r = realAllocateMemory(d, i, a, out)) != VK_SUCCESS) return r;
	for (int k = 0; k < MOST; k++)
		if (!given[k].memory) {
			given[k].memory = *out;
			total += given[k].size = i->allocationSize;
			break;
		}
	return r;
}

static void FreeMemory(VkDevice d, VkDeviceMemory m, const VkAllocationCallbacks *a) {
	for (int k = 0; k < MOST; k++)
		if (m && given[k].memory == m) {
			total -= given[k].size;
			given[k].memory = 0;
		}
	realFreeMemory(d, m, a);
}

static PFN_vkVoidFunction GetDeviceProcAddr(VkDevice d, const char *name);

// instead gives what takes the place of a function of the library behind this one.
static PFN_vkVoidFunction instead(const char *name, PFN_vkVoidFunction function) {
	if (!function) return function;
#define TAKES(n) if (strcmp(name, "vk" #n) == 0) { real##n = (void *)function; return (PFN_vkVoidFunction)n; }
	TAKES(EnumeratePhysicalDevices) TAKES(CreateDevice) TAKES(CreateBuffer) TAKES(BindBufferMemory) TAKES(MapMemory) TAKES(CreateShaderModule)
	TAKES(CreateComputePipelines) TAKES(AllocateDescriptorSets) TAKES(AllocateCommandBuffers) TAKES(BeginCommandBuffer) TAKES(EndCommandBuffer)
	TAKES(CreateFence) TAKES(WaitForFences) TAKES(QueueSubmit) TAKES(AllocateMemory) TAKES(FreeMemory)
	if (strcmp(name, "vkGetPhysicalDeviceMemoryProperties2") == 0) {
		realMemory = (void *)function;
		return (PFN_vkVoidFunction)GetPhysicalDeviceMemoryProperties2;
	}
	if (strcmp(name, "vkGetDeviceProcAddr") == 0) {
		realDevice = (void *)function;
		return (PFN_vkVoidFunction)GetDeviceProcAddr;
	}
	return function;
}

static PFN_vkVoidFunction GetDeviceProcAddr(VkDevice d, const char *name) { return instead(name, realDevice(d, name)); }

PFN_vkVoidFunction vkGetInstanceProcAddr(VkInstance i, const char *name) {
	if (!realInstance) {
		void *library = dlopen(getenv("SHIM_REAL"), RTLD_NOW | RTLD_LOCAL);
		if (!library) return NULL;
		realInstance = (PFN_vkGetInstanceProcAddr)dlsym(library, "vkGetInstanceProcAddr");
	}
	return instead(name, realInstance(i, name));
}
