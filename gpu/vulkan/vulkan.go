// Package vulkan is the few calls of Vulkan 1.1 that computing needs, without cgo: buffers, compute pipelines, command buffers, one queue. The
// system's library is opened at run time. It is written for one user, package gpu/device, and knows no networks.
//
//	instance, err := vulkan.Open(vulkan.Options{})
//	device, err := instance.Open(0, vulkan.DeviceOptions{})
//	pipeline, err := device.Pipeline(spirv, vulkan.Layout{Buffers: 2, Push: 4})
//	commands, err := device.Commands()
//	commands.Begin()
//	commands.Dispatch(pipeline, bindings, push, 64, 1, 1)
//	commands.End()
//	fence, err := device.Submit(commands)
//	err = fence.Wait(ctx)
//
// What a caller hands over is not checked beyond what keeps memory safe; the validation layer checks the rest (Options.Validation).
package vulkan

import (
	"runtime"
	"unsafe"
)

// Options is how Vulkan is opened.
type Options struct {
	// Library is the library to open; empty stands for the system's.
	Library string
	// Validation has Khronos' layer look at each call; what it says is in Instance.Messages. Without the layer Open fails.
	Validation bool

	fail func(name string) result // for tests: what a call returns in place of being made; 0: it is made
}

// Instance is Vulkan, opened.
type Instance struct {
	procs    *procs
	handle   uintptr
	physical []uintptr
	devices  []Info
	messages *messages
}

// version11 is Vulkan 1.1, which has all that is needed but for what is asked for as an extension.
const version11 = 1<<22 | 1<<12

// Open opens Vulkan and looks at the devices there are. The error is ErrUnavailable if there is no Vulkan 1.1 here, or no device, or a driver that fails.
func Open(o Options) (*Instance, error) {
	p, err := openProcs(o)
	if err != nil {
		return nil, err
	}
	i := &Instance{procs: p}
	if err := i.create(o); err != nil {
		i.Close()
		return nil, unavailable(err)
	}
	if err := i.enumerate(); err != nil {
		i.Close()
		return nil, unavailable(err)
	}
	return i, nil
}

func (i *Instance) create(o Options) error {
	var m memory
	defer m.Unpin()
	if version := i.procs.instanceVersion(&m); version < version11 {
		return errorf("Vulkan 1.1 is needed, and this is %d.%d", version>>22, version>>12&0x3ff)
	}
	info := instanceCreateInfo{
		sType: typeInstanceCreateInfo,
		app:   pin(&m, &applicationInfo{sType: typeApplicationInfo, name: m.text("classsr"), api: version11}),
	}
	var extensions []string
	if i.procs.hasExtension(&m, 0, portabilityEnumeration) { // MoltenVK is shown only to those who ask
		extensions = append(extensions, portabilityEnumeration)
		info.flags = enumeratePortability
	}
	if o.Validation {
		layers := []uintptr{m.text(validationLayer)}
		info.layerCount, info.layers = 1, pin(&m, &layers[0])
		extensions = append(extensions, debugUtils)
	}
	info.extensionCount, info.extensions = m.texts(extensions)
	if err := i.procs.do(createInstance, pin(&m, &info), 0, pin(&m, &i.handle)); err != nil {
		return err
	}
	if err := i.procs.resolve(i.handle, o.Validation); err != nil {
		return err
	}
	if o.Validation {
		return i.listen(&m)
	}
	return nil
}

// enumerate finds the devices that can compute.
func (i *Instance) enumerate() error {
	var m memory
	defer m.Unpin()
	count := new(uint32)
	if err := i.procs.do(enumeratePhysicalDevices, i.handle, pin(&m, count), 0); err != nil {
		return err
	}
	if *count > 0 {
		all := make([]uintptr, *count)
		if err := i.procs.do(enumeratePhysicalDevices, i.handle, pin(&m, count), pin(&m, &all[0])); err != nil {
			return err
		}
		for _, physical := range all[:min(int(*count), len(all))] {
			info := i.describe(physical)
			if info.API < version11 || info.family < 0 {
				continue
			}
			i.physical, i.devices = append(i.physical, physical), append(i.devices, info)
		}
	}
	if len(i.devices) == 0 {
		return errorf("there is no device that can compute by Vulkan 1.1")
	}
	return nil
}

// Devices are the devices there are, at least one.
func (i *Instance) Devices() []Info { return i.devices }

// Close ends it. Its devices must be closed before.
func (i *Instance) Close() {
	if i.handle == 0 {
		return
	}
	i.unlisten()
	i.procs.void(destroyInstance, i.handle, 0)
	i.handle = 0
}

// memory keeps what a call points to where it is, until it is unpinned.
type memory struct{ runtime.Pinner }

// pin gives the address of a value.
func pin[T any](m *memory, v *T) uintptr {
	m.Pin(v)
	return uintptr(unsafe.Pointer(v))
}

// text gives the address of a string with a zero at its end.
func (m *memory) text(s string) uintptr {
	bytes := append([]byte(s), 0)
	return pin(m, &bytes[0])
}

// texts gives the number of strings and where their addresses are.
func (m *memory) texts(all []string) (count uint32, at uintptr) {
	if len(all) == 0 {
		return 0, 0
	}
	addresses := make([]uintptr, len(all))
	for i, s := range all {
		addresses[i] = m.text(s)
	}
	return uint32(len(all)), pin(m, &addresses[0])
}
