package vulkan

import (
	"runtime"
	"strings"
	"sync"

	"github.com/ebitengine/purego"
)

// libraries are the names under which Vulkan is looked for on a system.
var libraries = map[string][]string{
	"windows": {"vulkan-1.dll"},
	"darwin": {
		"libvulkan.dylib", "libvulkan.1.dylib", "libMoltenVK.dylib",
		"/opt/homebrew/lib/libvulkan.dylib", "/usr/local/lib/libvulkan.dylib", "/opt/homebrew/lib/libMoltenVK.dylib", "/usr/local/lib/libMoltenVK.dylib",
	},
}

// opened are the libraries that were opened, which stay so until the process ends: drivers leave threads and handlers behind.
var opened struct {
	sync.Mutex
	byName map[string]uintptr
}

// openLibrary opens the library of that name, or the system's for "", and gives its vkGetInstanceProcAddr.
func openLibrary(name string) (getInstanceProcAddr uintptr, err error) {
	candidates := []string{name}
	if name == "" {
		candidates = libraries[runtime.GOOS]
		if candidates == nil {
			candidates = []string{"libvulkan.so.1"}
		}
	}
	opened.Lock()
	defer opened.Unlock()
	var why []string
	for _, candidate := range candidates {
		handle, found := opened.byName[candidate]
		if !found {
			if handle, err = loadLibrary(candidate); err != nil {
				why = append(why, err.Error())
				continue
			}
			if opened.byName == nil {
				opened.byName = map[string]uintptr{}
			}
			opened.byName[candidate] = handle
		}
		if getInstanceProcAddr, err = librarySymbol(handle, "vkGetInstanceProcAddr"); err == nil && getInstanceProcAddr != 0 {
			return getInstanceProcAddr, nil
		}
		why = append(why, candidate+" is no library of Vulkan")
	}
	return 0, unavailable("Vulkan is not installed (%s)", strings.Join(why, "; "))
}

// find asks where the calls from first up to end are. owner is an instance or a device, or 0 for what is called without.
func (l *calls) find(getProcAddr, owner uintptr, first, end call) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	for c := first; c < end; c++ {
		l.address[c], _, _ = purego.SyscallN(getProcAddr, owner, text(&pin, names[c]))
		if l.address[c] == 0 && !optional[c] {
			return unavailable("the driver has no %s", names[c])
		}
	}
	return nil
}
