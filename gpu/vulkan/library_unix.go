//go:build unix

package vulkan

import (
	"errors"
	"runtime"

	"github.com/ebitengine/purego"
)

// openLibrary opens Vulkan's library, and gives vkGetInstanceProcAddr. It stays open until the process ends: drivers do not always survive being closed.
func openLibrary(name string) (get uintptr, err error) {
	candidates := []string{name}
	switch {
	case name != "":
	case runtime.GOOS == "darwin":
		candidates = []string{"libvulkan.dylib", "libvulkan.1.dylib", "libMoltenVK.dylib"}
	default:
		candidates = []string{"libvulkan.so.1", "libvulkan.so"}
	}
	var failures []error
	for _, c := range candidates {
		library, err := purego.Dlopen(c, purego.RTLD_NOW|purego.RTLD_LOCAL)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		return purego.Dlsym(library, "vkGetInstanceProcAddr")
	}
	return 0, errors.Join(failures...)
}
