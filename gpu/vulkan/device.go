package vulkan

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// DeviceOptions are how a device is opened.
type DeviceOptions struct {
	// CacheDir is where compiled pipelines are kept for the next time; empty: nowhere. What is damaged there, or another device's, is ignored.
	CacheDir string
	// Patience is how long a device may take for what was submitted before it counts as lost; 0 means 30 seconds, and more for a processor.
	Patience time.Duration
}

// Device is an open device with one queue.
type Device struct {
	instance *Instance
	calls    calls
	physical *physicalDevice
	handle   uintptr
	queue    uintptr
	cache    pipelineCache
	patience time.Duration

	mu        sync.Mutex // of what follows, and of the queue
	buffers   map[*Buffer]bool
	commands  map[*Commands]bool
	pipelines []*Pipeline
	layouts   map[layoutKey]*pipelineLayout
	closed    bool

	lost  atomic.Pointer[error] // set once
	hung  atomic.Bool           // it does not answer, so that nothing of it may be destroyed
	heard atomic.Int64          // when it last completed something, in nanoseconds since start
	start time.Time

	taken, most atomic.Int64 // bytes of all Local buffers now, and at any time
}

// Open opens the device of that number in Devices.
func (i *Instance) Open(n int, o DeviceOptions) (*Device, error) {
	p := &i.physical[n]
	if p.info.Unusable != "" {
		return nil, unavailable("%s: %s", p.info.Name, p.info.Unusable)
	}
	d := &Device{
		instance: i, calls: i.calls, physical: p, patience: o.Patience, start: time.Now(),
		buffers: map[*Buffer]bool{}, commands: map[*Commands]bool{}, layouts: map[layoutKey]*pipelineLayout{},
	}
	if d.patience == 0 {
		const patience, ofProcessor = 30 * time.Second, 2 * time.Minute // which compiles shaders when they first run, and does other things besides
		if d.patience = patience; p.info.Kind == CPU {
			d.patience = ofProcessor
		}
	}
	if err := d.create(); err != nil {
		d.Close()
		return nil, err
	}
	if err := d.openCache(o.CacheDir); err != nil {
		d.Close()
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.devices = append(i.devices, d)
	return d, nil
}

// create makes the device with all features that this package knows of.
func (d *Device) create() error {
	var pin runtime.Pinner
	defer pin.Unpin()
	f := &features{}
	f.link(&pin, d.physical)
	d.calls.tell(getPhysicalDeviceFeatures2, d.physical.handle, at(&pin, &f.base))
	f.only(d.physical)
	priority := float32(1)
	queue := deviceQueueCreateInfo{
		header: header{sType: typeDeviceQueueCreateInfo}, queueFamilyIndex: d.physical.queueFamily, queueCount: 1, pQueuePriorities: at(&pin, &priority),
	}
	extensions := f.extensions
	const portability = "VK_KHR_portability_subset" // has to be asked for where it is
	if d.physical.extensions[portability] {
		extensions = append(extensions, portability)
	}
	info := deviceCreateInfo{
		header: header{sType: typeDeviceCreateInfo, pNext: at(&pin, &f.base)}, queueCreateInfoCount: 1, pQueueCreateInfos: at(&pin, &queue),
		enabledExtensionCount: uint32(len(extensions)), ppEnabledExtensionNames: texts(&pin, extensions),
	}
	var handle uintptr
	if err := d.calls.do(createDevice, d.physical.handle, at(&pin, &info), 0, at(&pin, &handle)); err != nil {
		return err
	}
	d.handle = handle
	if err := d.calls.find(d.calls.address[getDeviceProcAddr], d.handle, firstOfDevice, callCount); err != nil {
		return err
	}
	var q uintptr
	d.calls.tell(getDeviceQueue, d.handle, uintptr(d.physical.queueFamily), 0, at(&pin, &q))
	d.queue = q
	return nil
}

// only leaves those features asked for that shaders here may use.
func (f *features) only(p *physicalDevice) {
	f.base.features = physicalDeviceFeatures{shaderInt16: f.base.features.shaderInt16}
	f.storage16 = storage16Features{header: f.storage16.header, storageBuffer16BitAccess: f.storage16.storageBuffer16BitAccess}
	f.storage8 = storage8Features{header: f.storage8.header, storageBuffer8BitAccess: f.storage8.storageBuffer8BitAccess}
	if !p.info.CooperativeMatrix {
		f.matrices.cooperativeMatrix = 0
	}
	f.matrices = cooperativeMatrixFeatures{header: f.matrices.header, cooperativeMatrix: f.matrices.cooperativeMatrix}
	f.model = memoryModelFeatures{
		header: f.model.header, vulkanMemoryModel: f.model.vulkanMemoryModel, vulkanMemoryModelDeviceScope: f.model.vulkanMemoryModelDeviceScope,
	}
}

// Info gives what Instance.Devices does.
func (d *Device) Info() Info { return d.physical.info }

// Free asks how many bytes of Info.Heap this process may take now; 0: not known.
func (d *Device) Free() int64 {
	_, free := d.instance.memoryOf(d.physical)
	return free
}

// Most gives how many bytes all Local buffers together have had at most since the device was opened.
func (d *Device) Most() int64 { return d.most.Load() }

// took counts memory that a buffer has got.
func (d *Device) took(bytes int64) {
	now := d.taken.Add(bytes)
	for most := d.most.Load(); now > most && !d.most.CompareAndSwap(most, now); most = d.most.Load() {
	}
}

// usable gives an error if the device is lost or closed.
func (d *Device) usable() error {
	if lost := d.lost.Load(); lost != nil {
		return *lost
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return unavailable("the device was closed")
	}
	return nil
}

// note gives err, and remembers if it says that the device is lost.
func (d *Device) note(err error) error {
	if errors.Is(err, ErrDeviceLost) {
		lost := err // taken to the heap only here
		d.lost.CompareAndSwap(nil, &lost)
	}
	return err
}

// Close frees all that was made of the device, after what is under way is through, and keeps its compiled pipelines for the next time. If the
// device does not answer, its memory is left to the end of the process. A second call does nothing.
func (d *Device) Close() {
	d.mu.Lock()
	closed := d.closed
	d.closed = true
	d.mu.Unlock()
	if closed {
		return
	}
	if d.handle == 0 || !d.calls.has(destroyDevice) {
		return
	}
	stopped := d.settle() // or the driver had no memory for the answer
	if !stopped && !d.settle() {
		d.hung.Store(true)
		held.Store(d, true)
		return
	}
	_ = d.SaveCache() // what is missing is compiled again
	for c := range d.commands {
		c.destroy()
	}
	for b := range d.buffers {
		b.destroy()
	}
	for _, p := range d.pipelines {
		p.destroy()
	}
	for _, l := range d.layouts {
		l.destroy(d)
	}
	d.cache.destroy(d)
	d.commands, d.buffers, d.pipelines, d.layouts = nil, nil, nil, nil
	d.calls.tell(destroyDevice, d.handle, 0)
}
