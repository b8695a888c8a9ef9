package vulkan

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"classsr/internal/testref"
)

// structures are all of structs.go and structs_work.go by their names in C. Vulkan's header may be too old to have the last ones.
var structures = map[string]any{
	"VkApplicationInfo": applicationInfo{}, "VkInstanceCreateInfo": instanceCreateInfo{}, "VkExtensionProperties": extensionProperties{},
	"VkLayerProperties": layerProperties{}, "VkDebugUtilsMessengerCreateInfoEXT": debugUtilsMessengerCreateInfo{},
	"VkValidationFeaturesEXT":              validationFeatures{},
	"VkDebugUtilsMessengerCallbackDataEXT": debugUtilsMessengerCallbackData{}, "VkPhysicalDeviceProperties": physicalDeviceProperties{},
	"VkPhysicalDeviceLimits": physicalDeviceLimits{}, "VkPhysicalDeviceProperties2": physicalDeviceProperties2{},
	"VkPhysicalDeviceIDProperties": idProperties{}, "VkPhysicalDeviceSubgroupProperties": subgroupProperties{},
	"VkPhysicalDeviceMaintenance3Properties": maintenance3Properties{}, "VkPhysicalDeviceDriverProperties": driverProperties{},
	"VkPhysicalDeviceSubgroupSizeControlProperties": subgroupSizeControlProperties{}, "VkPhysicalDeviceFeatures2": physicalDeviceFeatures2{},
	"VkPhysicalDeviceFeatures": physicalDeviceFeatures{}, "VkPhysicalDevice16BitStorageFeatures": storage16Features{},
	"VkPhysicalDevice8BitStorageFeatures": storage8Features{}, "VkPhysicalDeviceShaderFloat16Int8Features": float16Int8Features{},
	"VkPhysicalDeviceVulkanMemoryModelFeatures":   memoryModelFeatures{},
	"VkPhysicalDeviceSubgroupSizeControlFeatures": subgroupSizeControlFeatures{}, "VkQueueFamilyProperties": queueFamilyProperties{},
	"VkMemoryType": memoryType{}, "VkMemoryHeap": memoryHeap{}, "VkPhysicalDeviceMemoryBudgetPropertiesEXT": memoryBudgetProperties{},
	"VkDeviceQueueCreateInfo": deviceQueueCreateInfo{}, "VkDeviceCreateInfo": deviceCreateInfo{}, "VkBufferCreateInfo": bufferCreateInfo{},
	"VkMemoryRequirements": memoryRequirements{}, "VkMemoryAllocateInfo": memoryAllocateInfo{}, "VkShaderModuleCreateInfo": shaderModuleCreateInfo{},
	"VkDescriptorSetLayoutBinding": descriptorSetLayoutBinding{}, "VkDescriptorSetLayoutCreateInfo": descriptorSetLayoutCreateInfo{},
	"VkPushConstantRange": pushConstantRange{}, "VkPipelineLayoutCreateInfo": pipelineLayoutCreateInfo{},
	"VkPipelineCacheCreateInfo": pipelineCacheCreateInfo{}, "VkSpecializationMapEntry": specializationMapEntry{},
	"VkSpecializationInfo": specializationInfo{}, "VkPipelineShaderStageCreateInfo": pipelineShaderStageCreateInfo{},
	"VkPipelineShaderStageRequiredSubgroupSizeCreateInfo": requiredSubgroupSizeCreateInfo{},
	"VkComputePipelineCreateInfo":                         computePipelineCreateInfo{}, "VkDescriptorPoolCreateInfo": descriptorPoolCreateInfo{},
	"VkDescriptorSetAllocateInfo": descriptorSetAllocateInfo{}, "VkWriteDescriptorSet": writeDescriptorSet{},
	"VkQueryPoolCreateInfo": queryPoolCreateInfo{}, "VkFenceCreateInfo": fenceCreateInfo{}, "VkCommandPoolCreateInfo": commandPoolCreateInfo{},
	"VkCommandBufferAllocateInfo": commandBufferAllocateInfo{}, "VkCommandBufferBeginInfo": commandBufferBeginInfo{},
	"VkMemoryBarrier": memoryBarrier{}, "VkBufferCopy": bufferCopy{}, "VkSubmitInfo": submitInfo{},
	"VkDescriptorBufferInfo": descriptorBufferInfo{}, "VkDescriptorPoolSize": descriptorPoolSize{},
	"VkPhysicalDeviceMemoryProperties2":            physicalDeviceMemoryProperties2{},
	"VkPhysicalDeviceCooperativeMatrixFeaturesKHR": cooperativeMatrixFeatures{}, "VkCooperativeMatrixPropertiesKHR": cooperativeMatrixProperties{},
}

// inC are the fields that C has elsewhere or under another name.
var inC = map[string]string{
	"VkDescriptorBufferInfo.size":                       "range", // a word of Go's
	"VkDescriptorPoolSize.descriptorType":               "type",
	"VkPhysicalDeviceMemoryProperties2.memoryTypeCount": "memoryProperties.memoryTypeCount",
	"VkPhysicalDeviceMemoryProperties2.memoryTypes":     "memoryProperties.memoryTypes",
	"VkPhysicalDeviceMemoryProperties2.memoryHeapCount": "memoryProperties.memoryHeapCount",
	"VkPhysicalDeviceMemoryProperties2.memoryHeaps":     "memoryProperties.memoryHeaps",
	"VkPhysicalDeviceFeatures2.features":                "features",
	"VkCooperativeMatrixPropertiesKHR.m":                "MSize",
	"VkCooperativeMatrixPropertiesKHR.n":                "NSize",
	"VkCooperativeMatrixPropertiesKHR.k":                "KSize",
	"VkCooperativeMatrixPropertiesKHR.a":                "AType",
	"VkCooperativeMatrixPropertiesKHR.b":                "BType",
	"VkCooperativeMatrixPropertiesKHR.c":                "CType",
	"VkCooperativeMatrixPropertiesKHR.result":           "ResultType",
}

// compile runs gcc on a file that wants Vulkan's header; the test is skipped where one of them is missing.
func compile(t *testing.T, args ...string) {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		testref.Missing(t, "there is no gcc: install Debian's gcc")
	}
	check := exec.Command(gcc, "-E", "-")
	check.Stdin = bytes.NewReader([]byte("#include <vulkan/vulkan.h>\n"))
	if check.Run() != nil {
		testref.Missing(t, "there is no header of Vulkan: install Debian's libvulkan-dev")
	}
	if out, err := exec.Command(gcc, append([]string{"-Wall", "-Werror"}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestStructuresLieAsInC(t *testing.T) {
	var program, want bytes.Buffer
	later := "KHR"
	for _, name := range slices.Sorted(maps.Keys(structures)) {
		kind := reflect.TypeOf(structures[name])
		place := func(field string, offset, size uintptr) {
			if to := inC[name+"."+field]; to != "" {
				field = to
			}
			fmt.Fprintf(&program, "printf(\"%s.%s %%zu %%zu\\n\", offsetof(%s, %s), sizeof(((%s *)0)->%s));\n", name, field, name, field, name, field)
			fmt.Fprintf(&want, "%s.%s %d %d\n", name, field, offset, size)
		}
		isLater := len(name) > len(later) && name[len(name)-len(later):] == later
		if isLater {
			program.WriteString("#ifdef VK_KHR_cooperative_matrix\n")
		}
		body := want.Len()
		for i := range kind.NumField() {
			f := kind.Field(i)
			switch {
			case f.Name == "header":
				place("sType", 0, 4)
				place("pNext", 8, 8)
			case f.Name != "_":
				place(f.Name, f.Offset, f.Type.Size())
			}
		}
		fmt.Fprintf(&program, "printf(\"%s %%zu\\n\", sizeof(%s));\n", name, name)
		fmt.Fprintf(&want, "%s %d\n", name, kind.Size())
		if isLater { // an old header says what we say
			program.WriteString("#else\n")
			for line := range bytes.Lines(want.Bytes()[body:]) {
				fmt.Fprintf(&program, "puts(\"%s\");\n", bytes.TrimSpace(line))
			}
			program.WriteString("#endif\n")
		}
	}
	compareLines(t, inCProgram(t, program.String()), want.String())
}

// inCProgram runs statements in C, with Vulkan's header, and gives what they print.
func inCProgram(t *testing.T, statements string) string {
	t.Helper()
	dir := t.TempDir()
	source, binary := filepath.Join(dir, "program.c"), filepath.Join(dir, "program")
	text := "#include <stddef.h>\n#include <stdio.h>\n#include <vulkan/vulkan.h>\nint main(void) {\n" + statements + "}\n"
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	compile(t, "-o", binary, source)
	out, err := exec.Command(binary).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func compareLines(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	if len(g) != len(w) {
		t.Fatalf("C has %d lines, want %d", len(g), len(w))
	}
	for i := range w {
		if g[i] != w[i] {
			t.Errorf("C has %s, Go %s", g[i], w[i])
		}
	}
}

// TestEveryStructureIsCompared looks for structures that are missing in the list above.
func TestEveryStructureIsCompared(t *testing.T) {
	listed := map[string]bool{"header": true}
	for _, s := range structures {
		listed[reflect.TypeOf(s).Name()] = true
	}
	for _, name := range []string{"structs.go", "structs_work.go"} {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`(?m)^type (\w+) struct`).FindAllSubmatch(source, -1) {
			if !listed[string(match[1])] {
				t.Errorf("%s is not compared with C", match[1])
			}
		}
	}
}
