// A library of Vulkan with one device that computes nothing, for tests of what goes wrong. Each call that can fail is counted, and one of them
// fails as it was told to. What was made is counted, too, so that a test sees what was not given back, or twice.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>

static int calls, failing, missing, lookups, live, mistakes, absurd, hanging;
static VkResult failure;

// stub_arm has the n-th call from now on fail (0: none), and the n-th function that is looked up missing (0: none).
void stub_arm(int n, int result, int lookup) { calls = lookups = live = mistakes = absurd = hanging = 0; failing = n; failure = result; missing = lookup; }
// stub_behave makes lists of two thousand million things, and fences that are never signalled.
void stub_behave(int lists, int fences) { absurd = lists; hanging = fences; }
// In a program that cannot call it, the environment says what stub_arm would be told: STUB_FAILS="CALL RESULT LOOKUP".
__attribute__((constructor)) static void arm(void) {
	const char *fails = getenv("STUB_FAILS");
	int n = 0, result = 0, lookup = 0;
	if (fails && sscanf(fails, "%d %d %d", &n, &result, &lookup) == 3) stub_arm(n, result, lookup);
}
// count counts a call. Where STUB_COUNTS names a file, it has how many there were, and how many lookups.
static int count(void) {
	calls++;
	FILE *f = getenv("STUB_COUNTS") ? fopen(getenv("STUB_COUNTS"), "w") : NULL;
	if (f) {
		fprintf(f, "%d %d", calls, lookups);
		fclose(f);
	}
	return calls;
}
int stub_calls(void) { return calls; }
int stub_lookups(void) { return lookups; }
int stub_live(void) { return live; }
int stub_mistakes(void) { return mistakes; }

#define COUNT() do { if (count() == failing) return failure; } while (0)

struct thing { uint64_t magic, size; char memory[]; };
static const uint64_t alive = 0x6c69766576756cULL;

static void *make(uint64_t size) {
	struct thing *t = calloc(1, sizeof *t + size);
	if (!t) abort();
	t->magic = alive;
	t->size = size;
	live++;
	return t;
}

static void unmake(void *p) {
	struct thing *t = p;
	if (!t) return;
	if (t->magic != alive) { mistakes++; return; }
	t->magic = 0; // it is not freed, so that a second time is noticed
	live--;
}

// SIZE_OF is how large a thing is: buffers and memory have a size.
#define SIZE_OF(info) _Generic(info, const VkBufferCreateInfo *: ((const VkBufferCreateInfo *)info)->size, \
	const VkMemoryAllocateInfo *: ((const VkMemoryAllocateInfo *)info)->allocationSize, default: 0)
#define MAKES(name, info, handle) \
	static VkResult name(VkDevice d, const info *i, const VkAllocationCallbacks *a, handle *out) { \
		COUNT(); *out = (handle)make(SIZE_OF(i)); return VK_SUCCESS; } \
	static void un##name(VkDevice d, handle h, const VkAllocationCallbacks *a) { unmake((void *)h); }
MAKES(Buffer, VkBufferCreateInfo, VkBuffer)
MAKES(Memory, VkMemoryAllocateInfo, VkDeviceMemory)
MAKES(ShaderModule, VkShaderModuleCreateInfo, VkShaderModule)
MAKES(DescriptorSetLayout, VkDescriptorSetLayoutCreateInfo, VkDescriptorSetLayout)
MAKES(PipelineLayout, VkPipelineLayoutCreateInfo, VkPipelineLayout)
MAKES(PipelineCache, VkPipelineCacheCreateInfo, VkPipelineCache)
MAKES(DescriptorPool, VkDescriptorPoolCreateInfo, VkDescriptorPool)
MAKES(QueryPool, VkQueryPoolCreateInfo, VkQueryPool)
MAKES(Fence, VkFenceCreateInfo, VkFence)
MAKES(CommandPool, VkCommandPoolCreateInfo, VkCommandPool)

static VkResult CreateInstance(const VkInstanceCreateInfo *i, const VkAllocationCallbacks *a, VkInstance *out) {
	COUNT();
	*out = make(0);
	return VK_SUCCESS;
}
static void DestroyInstance(VkInstance i, const VkAllocationCallbacks *a) { unmake(i); }
static VkResult CreateDevice(VkPhysicalDevice p, const VkDeviceCreateInfo *i, const VkAllocationCallbacks *a, VkDevice *out) {
	COUNT();
	*out = make(0);
	return VK_SUCCESS;
}
static void DestroyDevice(VkDevice d, const VkAllocationCallbacks *a) { unmake(d); }
static VkResult CreateComputePipelines(VkDevice d, VkPipelineCache c, uint32_t n, const VkComputePipelineCreateInfo *i, const VkAllocationCallbacks *a, VkPipeline *out) {
	COUNT();
	*out = (VkPipeline)make(0);
	return VK_SUCCESS;
}
static void DestroyPipeline(VkDevice d, VkPipeline p, const VkAllocationCallbacks *a) { unmake((void *)p); }

static VkResult EnumerateInstanceVersion(uint32_t *v) { COUNT(); *v = VK_API_VERSION_1_3; return VK_SUCCESS; }

// listed fills a list with zeros, or says how long it would be.
static VkResult listed(uint32_t has, uint32_t *n, void *items, size_t size) {
	COUNT();
	if (absurd) has = 2000000000;
	if (!items) { *n = has; return VK_SUCCESS; }
	VkResult r = *n < has ? VK_INCOMPLETE : VK_SUCCESS;
	if (*n > has) *n = has;
	memset(items, 0, *n * size);
	return r;
}
static VkResult EnumerateInstanceExtensionProperties(const char *l, uint32_t *n, VkExtensionProperties *p) { return listed(1, n, p, sizeof *p); }
static VkResult EnumerateInstanceLayerProperties(uint32_t *n, VkLayerProperties *p) { return listed(0, n, p, sizeof *p); }
static VkResult EnumerateDeviceExtensionProperties(VkPhysicalDevice d, const char *l, uint32_t *n, VkExtensionProperties *p) { return listed(1, n, p, sizeof *p); }
static VkResult EnumeratePhysicalDevices(VkInstance i, uint32_t *n, VkPhysicalDevice *p) { return listed(1, n, p, sizeof *p); }

static void GetPhysicalDeviceProperties(VkPhysicalDevice d, VkPhysicalDeviceProperties *p) {
	memset(p, 0, sizeof *p);
	p->apiVersion = VK_API_VERSION_1_1;
	strcpy(p->deviceName, "stub");
	p->deviceType = 77; // there is none such
	p->limits.maxStorageBufferRange = 1 << 27;
	p->limits.maxPushConstantsSize = 128;
	p->limits.maxPerStageDescriptorStorageBuffers = 8;
	p->limits.timestampPeriod = 1;
	for (int i = 0; i < 3; i++) p->limits.maxComputeWorkGroupCount[i] = 65535;
}
static void GetPhysicalDeviceProperties2(VkPhysicalDevice d, VkPhysicalDeviceProperties2 *p) {
	GetPhysicalDeviceProperties(d, &p->properties);
	for (VkBaseOutStructure *s = p->pNext; s; s = s->pNext)
		if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES)
			((VkPhysicalDeviceMaintenance3Properties *)s)->maxMemoryAllocationSize = 1 << 30;
}
static void GetPhysicalDeviceFeatures2(VkPhysicalDevice d, VkPhysicalDeviceFeatures2 *f) {}
static void GetPhysicalDeviceMemoryProperties2(VkPhysicalDevice d, VkPhysicalDeviceMemoryProperties2 *m) {
	m->memoryProperties.memoryTypeCount = absurd ? 2000000000 : 1;
	m->memoryProperties.memoryTypes[0].propertyFlags = 15;
	m->memoryProperties.memoryHeapCount = absurd ? 2000000000 : 1;
	m->memoryProperties.memoryHeaps[0] = (VkMemoryHeap){300 << 20, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT};
}
static void GetPhysicalDeviceQueueFamilyProperties(VkPhysicalDevice d, uint32_t *n, VkQueueFamilyProperties *p) {
	*n = absurd ? *n : 1;
	p[0] = (VkQueueFamilyProperties){VK_QUEUE_COMPUTE_BIT, 1, 64};
}
static void GetDeviceQueue(VkDevice d, uint32_t f, uint32_t n, VkQueue *q) { *q = (VkQueue)d; }
static void GetBufferMemoryRequirements(VkDevice d, VkBuffer b, VkMemoryRequirements *r) {
	*r = (VkMemoryRequirements){(((struct thing *)b)->size + 4095) / 4096 * 4096, 16, 1};
}
static VkResult BindBufferMemory(VkDevice d, VkBuffer b, VkDeviceMemory m, VkDeviceSize o) { COUNT(); return VK_SUCCESS; }
static VkResult MapMemory(VkDevice d, VkDeviceMemory m, VkDeviceSize o, VkDeviceSize n, VkMemoryMapFlags f, void **out) {
	COUNT();
	*out = ((struct thing *)m)->memory;
	return VK_SUCCESS;
}
static VkResult GetPipelineCacheData(VkDevice d, VkPipelineCache c, size_t *n, void *out) {
	COUNT();
	if (out) memset(out, 0, *n);
	else *n = 100;
	return VK_SUCCESS;
}
static VkResult ResetDescriptorPool(VkDevice d, VkDescriptorPool p, VkDescriptorPoolResetFlags f) { COUNT(); return VK_SUCCESS; }
static VkResult AllocateDescriptorSets(VkDevice d, const VkDescriptorSetAllocateInfo *i, VkDescriptorSet *s) { COUNT(); *s = (VkDescriptorSet)i; return VK_SUCCESS; }
static VkResult GetQueryPoolResults(VkDevice d, VkQueryPool p, uint32_t first, uint32_t n, size_t size, void *out, VkDeviceSize stride, VkQueryResultFlags f) {
	COUNT();
	*(uint64_t *)out = 1000 + 1000 * first;
	return VK_SUCCESS;
}
static VkResult ResetFences(VkDevice d, uint32_t n, const VkFence *f) { COUNT(); return VK_SUCCESS; }
static VkResult WaitForFences(VkDevice d, uint32_t n, const VkFence *f, VkBool32 all, uint64_t ns) { COUNT(); return hanging ? VK_TIMEOUT : VK_SUCCESS; }
static VkResult ResetCommandPool(VkDevice d, VkCommandPool p, VkCommandPoolResetFlags f) { COUNT(); return VK_SUCCESS; }
static VkResult AllocateCommandBuffers(VkDevice d, const VkCommandBufferAllocateInfo *i, VkCommandBuffer *c) { COUNT(); *c = (VkCommandBuffer)d; return VK_SUCCESS; }
static VkResult BeginCommandBuffer(VkCommandBuffer c, const VkCommandBufferBeginInfo *i) { COUNT(); return VK_SUCCESS; }
static VkResult EndCommandBuffer(VkCommandBuffer c) { COUNT(); return VK_SUCCESS; }
static VkResult QueueSubmit(VkQueue q, uint32_t n, const VkSubmitInfo *i, VkFence f) { COUNT(); return VK_SUCCESS; }
static void nothing(void) {}

static PFN_vkVoidFunction GetDeviceProcAddr(VkDevice d, const char *name);

static const struct { const char *name; void *function; } functions[] = {
#define IS(n) {"vk" #n, n}
#define PAIR(n) {"vkCreate" #n, n}, {"vkDestroy" #n, un##n}
	IS(CreateInstance), IS(DestroyInstance), IS(CreateDevice), IS(DestroyDevice), IS(CreateComputePipelines), IS(DestroyPipeline),
	IS(EnumerateInstanceVersion), IS(EnumerateInstanceExtensionProperties), IS(EnumerateInstanceLayerProperties), IS(EnumeratePhysicalDevices),
	IS(EnumerateDeviceExtensionProperties), IS(GetPhysicalDeviceProperties), IS(GetPhysicalDeviceProperties2), IS(GetPhysicalDeviceFeatures2),
	IS(GetPhysicalDeviceMemoryProperties2), IS(GetPhysicalDeviceQueueFamilyProperties), IS(GetDeviceProcAddr), IS(GetDeviceQueue),
	IS(GetBufferMemoryRequirements), IS(BindBufferMemory), IS(MapMemory), IS(GetPipelineCacheData), IS(ResetDescriptorPool),
	IS(AllocateDescriptorSets), IS(GetQueryPoolResults), IS(ResetFences), IS(WaitForFences), IS(ResetCommandPool), IS(AllocateCommandBuffers),
	IS(BeginCommandBuffer), IS(EndCommandBuffer), IS(QueueSubmit),
	PAIR(Buffer), PAIR(ShaderModule), PAIR(DescriptorSetLayout), PAIR(PipelineLayout), PAIR(PipelineCache), PAIR(DescriptorPool), PAIR(QueryPool),
	PAIR(Fence), PAIR(CommandPool), {"vkAllocateMemory", Memory}, {"vkFreeMemory", unMemory}, {"vkUpdateDescriptorSets", nothing},
};

PFN_vkVoidFunction vkGetInstanceProcAddr(VkInstance i, const char *name) {
	if (++lookups == missing) return NULL;
	if (strncmp(name, "vkCmd", 5) == 0) return nothing;
	for (size_t f = 0; f < sizeof functions / sizeof *functions; f++)
		if (strcmp(functions[f].name, name) == 0) return (PFN_vkVoidFunction)functions[f].function;
	return NULL;
}

static PFN_vkVoidFunction GetDeviceProcAddr(VkDevice d, const char *name) { return vkGetInstanceProcAddr(NULL, name); }
