package vulkan

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/ebitengine/purego"
)

// librariesOf are the names under which Vulkan is looked for on a system, the best ones first. On macOS they are Vulkan's loader, which knows where drivers are, and
// MoltenVK, which is such a driver and does without; both with their folders, since dyld would also look into the current one, beside pictures.
func librariesOf(system string) []string {
	switch system {
	case "windows":
		return []string{"vulkan-1.dll"}
	case "darwin":
		folders := []string{"/opt/homebrew/lib", "/usr/local/lib", "/opt/local/lib"}
		if own, err := os.Executable(); err == nil {
			folders = append(folders, filepath.ToSlash(filepath.Dir(own)))
		}
		if kit := os.Getenv("VULKAN_SDK"); path.IsAbs(kit) {
			folders = append([]string{path.Join(kit, "lib")}, folders...)
		}
		var all []string
		for _, name := range []string{"libvulkan.1.dylib", "libvulkan.dylib", "libMoltenVK.dylib"} {
			for _, folder := range folders {
				all = append(all, path.Join(folder, name))
			}
		}
		return all
	}
	return []string{"libvulkan.so.1"}
}

// opened are the libraries that were opened, which stay so until the process ends: drivers leave threads and handlers behind.
var opened struct {
	sync.Mutex
	byName map[string]uintptr
}

// openLibrary opens the library of that name, and gives its vkGetInstanceProcAddr.
func openLibrary(name string) (getInstanceProcAddr uintptr, err error) {
	opened.Lock()
	defer opened.Unlock()
	handle, found := opened.byName[name]
	if !found {
		if handle, err = loadLibrary(name); err != nil {
			return 0, err
		}
		if opened.byName == nil {
			opened.byName = map[string]uintptr{}
		}
		opened.byName[name] = handle
	}
	if getInstanceProcAddr, err = librarySymbol(handle, "vkGetInstanceProcAddr"); err != nil || getInstanceProcAddr == 0 {
		return 0, errors.New(name + " is no library of Vulkan")
	}
	return getInstanceProcAddr, nil
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
