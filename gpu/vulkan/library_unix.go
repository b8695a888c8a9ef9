//go:build !windows

package vulkan

import "github.com/ebitengine/purego"

func loadLibrary(name string) (uintptr, error) {
	return purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
}

func librarySymbol(library uintptr, name string) (uintptr, error) {
	return purego.Dlsym(library, name)
}
