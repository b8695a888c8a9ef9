package vulkan

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

// openLibrary opens Vulkan's library, and gives vkGetInstanceProcAddr. It stays open until the process ends. The system's is looked for where only administrators
// write.
func openLibrary(name string) (get uintptr, err error) {
	if name == "" {
		folder, err := windows.GetSystemDirectory()
		if err != nil {
			return 0, err
		}
		name = filepath.Join(folder, "vulkan-1.dll")
	}
	library, err := windows.LoadLibrary(name)
	if err != nil {
		return 0, err
	}
	return windows.GetProcAddress(library, "vkGetInstanceProcAddr")
}
