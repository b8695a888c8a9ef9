package vulkan

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"
)

// numbers are the constants of this package by what C calls them.
var numbers = map[string]int64{
	"VK_STRUCTURE_TYPE_APPLICATION_INFO":                                         int64(typeApplicationInfo),
	"VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO":                                     int64(typeInstanceCreateInfo),
	"VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO":                                 int64(typeDeviceQueueCreateInfo),
	"VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO":                                       int64(typeDeviceCreateInfo),
	"VK_STRUCTURE_TYPE_SUBMIT_INFO":                                              int64(typeSubmitInfo),
	"VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO":                                     int64(typeMemoryAllocateInfo),
	"VK_STRUCTURE_TYPE_FENCE_CREATE_INFO":                                        int64(typeFenceCreateInfo),
	"VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO":                                   int64(typeQueryPoolCreateInfo),
	"VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO":                                       int64(typeBufferCreateInfo),
	"VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO":                                int64(typeShaderModuleCreateInfo),
	"VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO":                               int64(typePipelineCacheCreateInfo),
	"VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO":                        int64(typePipelineShaderStageCreateInfo),
	"VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO":                             int64(typeComputePipelineCreateInfo),
	"VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO":                              int64(typePipelineLayoutCreateInfo),
	"VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO":                        int64(typeDescriptorSetLayoutCreateInfo),
	"VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO":                              int64(typeDescriptorPoolCreateInfo),
	"VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO":                             int64(typeDescriptorSetAllocateInfo),
	"VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET":                                     int64(typeWriteDescriptorSet),
	"VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO":                                 int64(typeCommandPoolCreateInfo),
	"VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO":                             int64(typeCommandBufferAllocateInfo),
	"VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO":                                int64(typeCommandBufferBeginInfo),
	"VK_STRUCTURE_TYPE_MEMORY_BARRIER":                                           int64(typeMemoryBarrier),
	"VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2":                               int64(typePhysicalDeviceFeatures2),
	"VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2":                             int64(typePhysicalDeviceProperties2),
	"VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2":                      int64(typePhysicalDeviceMemoryProps2),
	"VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES":                            int64(typeIDProperties),
	"VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES":                   int64(type16BitStorageFeatures),
	"VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES":             int64(typeFloat16Int8Features),
	"VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES":                      int64(typeSubgroupProperties),
	"VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT":                    int64(typeDebugUtilsMessengerCreateInfo),
	"VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES":                 int64(typeMaintenance3Properties),
	"VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_8BIT_STORAGE_FEATURES":                    int64(type8BitStorageFeatures),
	"VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES":                        int64(typeDriverProperties),
	"VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_MEMORY_MODEL_FEATURES":             int64(typeMemoryModelFeatures),
	"VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES":         int64(typeSubgroupSizeControlProperties),
	"VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO": int64(typeRequiredSubgroupSizeCreateInfo),
	"VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES":           int64(typeSubgroupSizeControlFeatures),
	"VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT":             int64(typeMemoryBudgetProperties),
	"VK_ERROR_OUT_OF_HOST_MEMORY":                                                int64(OutOfHostMemory),
	"VK_ERROR_OUT_OF_DEVICE_MEMORY":                                              int64(OutOfDeviceMemory),
	"VK_ERROR_INITIALIZATION_FAILED":                                             int64(InitializationFailed),
	"VK_ERROR_DEVICE_LOST":                                                       int64(DeviceLost),
	"VK_ERROR_MEMORY_MAP_FAILED":                                                 int64(MapFailed),
	"VK_ERROR_LAYER_NOT_PRESENT":                                                 int64(LayerNotPresent),
	"VK_ERROR_EXTENSION_NOT_PRESENT":                                             int64(ExtensionNotPresent),
	"VK_ERROR_FEATURE_NOT_PRESENT":                                               int64(FeatureNotPresent),
	"VK_ERROR_INCOMPATIBLE_DRIVER":                                               int64(IncompatibleDriver),
	"VK_ERROR_TOO_MANY_OBJECTS":                                                  int64(TooManyObjects),
	"VK_ERROR_FRAGMENTED_POOL":                                                   int64(FragmentedPool),
	"VK_ERROR_OUT_OF_POOL_MEMORY":                                                int64(OutOfPoolMemory),
	"VK_NOT_READY":                                                               int64(NotReady),
	"VK_TIMEOUT":                                                                 int64(Timeout),
	"VK_INCOMPLETE":                                                              int64(Incomplete),
	"VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT": int64(bufferUsage),
	"VK_DESCRIPTOR_TYPE_STORAGE_BUFFER":                int64(descriptorStorageBuffer),
	"VK_SHADER_STAGE_COMPUTE_BIT":                      int64(stageCompute),
	"VK_QUERY_TYPE_TIMESTAMP":                          int64(queryTimestamp),
	"VK_PIPELINE_BIND_POINT_COMPUTE":                   int64(bindCompute),
	"VK_PIPELINE_STAGE_DRAW_INDIRECT_BIT":              int64(pipelineDrawIndirect),
	"VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT":             int64(pipelineComputeShader),
	"VK_PIPELINE_STAGE_TRANSFER_BIT":                   int64(pipelineTransfer),
	"VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT":             int64(pipelineBottom),
	"VK_PIPELINE_STAGE_HOST_BIT":                       int64(pipelineHost),
	"VK_ACCESS_INDIRECT_COMMAND_READ_BIT":              int64(accessIndirectRead),
	"VK_ACCESS_SHADER_READ_BIT":                        int64(accessShaderRead),
	"VK_ACCESS_SHADER_WRITE_BIT":                       int64(accessShaderWrite),
	"VK_ACCESS_TRANSFER_READ_BIT":                      int64(accessTransferRead),
	"VK_ACCESS_TRANSFER_WRITE_BIT":                     int64(accessTransferWrite),
	"VK_ACCESS_HOST_READ_BIT":                          int64(accessHostRead),
	"VK_QUEUE_GRAPHICS_BIT":                            int64(queueGraphics),
	"VK_QUEUE_COMPUTE_BIT":                             int64(queueCompute),
	"VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT":              int64(memoryDeviceLocal),
	"VK_MEMORY_HEAP_DEVICE_LOCAL_BIT":                  int64(memoryDeviceLocal),
	"VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT":              int64(memoryHostVisible),
	"VK_MEMORY_PROPERTY_HOST_COHERENT_BIT":             int64(memoryHostCoherent),
	"VK_MEMORY_PROPERTY_HOST_CACHED_BIT":               int64(memoryHostCached),
	"VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR": int64(instanceEnumeratePortability),
	"VK_API_VERSION_1_1":                               int64(version11),
	"VK_API_VERSION_1_3":                               int64(version13),
	"VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT":  int64(severityWarning),
	"VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT":    int64(severityError),
	"VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT":   int64(aboutValidation),
	"VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT":  int64(aboutSpeed),
	"VK_QUERY_RESULT_64_BIT":                           int64(results64),
	"VK_MAX_MEMORY_TYPES":                              int64(maxMemoryTypes),
	"VK_MAX_MEMORY_HEAPS":                              int64(maxMemoryHeaps),
	"VK_PHYSICAL_DEVICE_TYPE_OTHER":                    int64(slices.Index(kinds, Other)),
	"VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU":           int64(slices.Index(kinds, Integrated)),
	"VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU":             int64(slices.Index(kinds, Discrete)),
	"VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU":              int64(slices.Index(kinds, Virtual)),
	"VK_PHYSICAL_DEVICE_TYPE_CPU":                      int64(slices.Index(kinds, CPU)),
}

func TestNumbersAreThoseOfC(t *testing.T) {
	var body, want bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		fmt.Fprintf(&body, "printf(\"%s %%lld\\n\", (long long)(%s));\n", name, name)
		fmt.Fprintf(&want, "%s %d\n", name, numbers[name])
	}
	compareLines(t, inCProgram(t, body.String()), want.String())
}
