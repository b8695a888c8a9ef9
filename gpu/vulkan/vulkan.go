// Package vulkan computes on GPUs by Vulkan 1.1 or later: devices, buffers, compute pipelines, recorded commands. It has no cgo: the system's
// library of Vulkan is opened when Open is called, by github.com/ebitengine/purego, so a program that imports this package needs the system's
// loader of shared libraries.
//
// A device and what is made of it may be used by several goroutines at once, but one Commands by one at a time. Errors are those of errors.go;
// what only a mistake in the program can do, such as binding more than a buffer has, panics. A driver that crashes ends the process: keep it in
// one of its own.
package vulkan

import (
	"errors"
	"runtime"
	"slices"
	"sync"
)

// Options are how Vulkan is opened. The zero value is right for use; the rest is for tests.
type Options struct {
	// Library is the library to open; empty is the system's.
	Library string
	// Validation has each call checked by the layer VK_LAYER_KHRONOS_validation, and whether there are barriers where commands use the same memory. It is an
	// error if the layer is not installed.
	Validation bool
	// Complain is called with the layer's warnings and errors, from whichever goroutine or thread makes the call; nil drops them.
	Complain func(message string)
	// Fail, if not nil, is asked before each call that has a result what it gives in place of being made; Success has it made. A wait that finds the device
	// lost waits until it is through all the same: a device that is lost uses nothing any more.
	Fail func(call string) Result
}

const (
	validationLayer       = "VK_LAYER_KHRONOS_validation"
	debugExtension        = "VK_EXT_debug_utils"
	featuresExtension     = "VK_EXT_validation_features"
	portabilityExtension  = "VK_KHR_portability_enumeration"
	version11, version13  = 1<<22 | 1<<12, 1<<22 | 3<<12
	mostLayers, mostNames = 1024, 4096
)

// Instance is Vulkan, opened.
type Instance struct {
	calls     calls
	handle    uintptr
	messenger uint64
	complaint uintptr // what tells the messenger's callback whose it is
	physical  []physicalDevice

	mu      sync.Mutex
	devices []*Device
	closed  bool
}

// held keeps open instances, and devices that do not answer, from being collected, since C knows parts of them by address.
var held sync.Map

// Open opens Vulkan and lists the devices. An error is ErrUnavailable (no library, no driver, no device, too old) or ErrOutOfMemory.
func Open(o Options) (*Instance, error) {
	if o.Library != "" {
		return openFirst([]string{o.Library}, o)
	}
	return openFirst(librariesOf(runtime.GOOS), o)
}

// openFirst opens the first library by which there are devices. If there is none, the first one that is there says why.
func openFirst(libraries []string, o Options) (*Instance, error) {
	var missing []string
	var failed error
	for _, library := range libraries {
		getInstanceProcAddr, err := openLibrary(library)
		if err != nil {
			missing = append(missing, err.Error())
			continue
		}
		i, err := openBy(getInstanceProcAddr, o)
		if err == nil || !errors.Is(err, ErrUnavailable) {
			return i, err
		}
		if failed == nil {
			failed = err
		}
	}
	if failed == nil {
		failed = unavailable("Vulkan is not installed (%s)", missing[0])
	}
	return nil, failed
}

func openBy(getInstanceProcAddr uintptr, o Options) (*Instance, error) {
	i := &Instance{calls: calls{fail: o.Fail}}
	if err := i.calls.find(getInstanceProcAddr, 0, 0, firstOfInstance); err != nil {
		return nil, err
	}
	held.Store(i, true)
	if err := i.open(getInstanceProcAddr, o); err != nil {
		i.Close()
		return nil, err
	}
	return i, nil
}

func (i *Instance) open(getInstanceProcAddr uintptr, o Options) error {
	if err := i.create(o); err != nil {
		return err
	}
	if err := i.calls.find(getInstanceProcAddr, i.handle, firstOfInstance, firstOfDevice); err != nil {
		return err
	}
	if o.Validation {
		if err := i.listen(); err != nil {
			return err
		}
	}
	return i.list()
}

// create makes the instance.
func (i *Instance) create(o Options) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	var version uint32
	if i.calls.has(enumerateInstanceVersion) {
		if err := i.calls.do(enumerateInstanceVersion, at(&pin, &version)); err != nil {
			return err
		}
	}
	if version < version11 {
		return unavailable("Vulkan here is older than 1.1: install a newer one")
	}
	offered, err := enumerate[extensionProperties](enumerateInstanceExtensionProperties, mostNames, func(count, items uintptr) Result {
		return i.calls.try(enumerateInstanceExtensionProperties, 0, count, items)
	})
	if err != nil {
		return err
	}
	var layers, extensions []string
	app := applicationInfo{header: header{sType: typeApplicationInfo}, pApplicationName: text(&pin, "classsr"), apiVersion: version13}
	info := instanceCreateInfo{header: header{sType: typeInstanceCreateInfo}, pApplicationInfo: at(&pin, &app)}
	if slices.ContainsFunc(offered, func(e extensionProperties) bool { return goText(e.extensionName[:]) == portabilityExtension }) {
		extensions = append(extensions, portabilityExtension)
		info.flags = instanceEnumeratePortability
	}
	if o.Validation {
		if err := i.hasValidation(); err != nil {
			return err
		}
		layers, extensions = append(layers, validationLayer), append(extensions, debugExtension, featuresExtension)
		i.complaint = hear(o.Complain)
		messenger := i.messengerInfo() // for what happens before there is a messenger, and after
		messenger.pNext = at(&pin, checkSynchronization(&pin))
		info.pNext = at(&pin, messenger)
	}
	info.enabledLayerCount, info.ppEnabledLayerNames = uint32(len(layers)), texts(&pin, layers)
	info.enabledExtensionCount, info.ppEnabledExtensionNames = uint32(len(extensions)), texts(&pin, extensions)
	var handle uintptr
	err = i.calls.do(createInstance, at(&pin, &info), 0, at(&pin, &handle))
	i.handle = handle
	return err
}

// Close closes all devices of it, and Vulkan.
func (i *Instance) Close() {
	i.mu.Lock()
	devices, closed := i.devices, i.closed
	i.devices, i.closed = nil, true
	i.mu.Unlock()
	if closed {
		return
	}
	hung := false
	for _, d := range devices {
		d.Close()
		hung = hung || d.hung.Load()
	}
	if i.handle != 0 && i.calls.has(destroyInstance) && !hung {
		if i.messenger != 0 {
			i.calls.tell(destroyDebugUtilsMessenger, i.handle, uintptr(i.messenger), 0)
		}
		i.calls.tell(destroyInstance, i.handle, 0)
	}
	unhear(i.complaint)
	held.Delete(i)
}

// goText gives the text before the first zero.
func goText(b []byte) string {
	if n := slices.Index(b, 0); n >= 0 {
		b = b[:n]
	}
	return string(b)
}
