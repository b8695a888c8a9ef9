package vulkan

import (
	"sync"
	"time"
)

// DeviceOptions is how a device is opened.
type DeviceOptions struct {
	// CacheDir is the folder that keeps pipelines from one time to the next; empty: none are kept.
	CacheDir string
	// Patience is how long a submission may take before the device counts as lost; 0 means 30 seconds, and 10 minutes for one that computes on the processor.
	Patience time.Duration
}

// Device is a device with one queue. Its methods may be called by several goroutines; those of what it makes may not.
type Device struct {
	instance *Instance
	procs    *procs
	info     Info
	patience time.Duration
	handle   uintptr
	queue    uintptr
	cache    uintptr
	cacheDir string

	submitting sync.Mutex // a queue is for one at a time
	mu         sync.Mutex
	pipelines  []*Pipeline
}

// Open opens device n of Devices. The error is ErrUnavailable if it cannot be opened.
func (i *Instance) Open(n int, o DeviceOptions) (*Device, error) {
	d := &Device{instance: i, procs: i.procs, info: i.devices[n], patience: o.Patience, cacheDir: o.CacheDir}
	if d.patience <= 0 {
		d.patience = 30 * time.Second
		if d.info.Kind == CPU {
			d.patience = 10 * time.Minute
		}
	}
	if err := d.create(i.physical[n]); err != nil {
		return nil, unavailable(err)
	}
	if err := d.openCache(); err != nil {
		d.Close()
		return nil, unavailable(err)
	}
	return d, nil
}

func (d *Device) create(physical uintptr) error {
	var m memory
	defer m.Unpin()
	storage16, storage8, float16 := &storage16Features{}, &storage8Features{}, &float16Features{}
	if d.info.Storage16 {
		storage16.storage = 1
	}
	if d.info.Storage8 {
		storage8.storage = 1
	}
	if d.info.Float16 {
		float16.float16 = 1
	}
	if d.info.Int8 {
		float16.int8 = 1
	}
	priority := float32(1)
	create := &deviceCreateInfo{
		sType: typeDeviceCreateInfo, next: d.info.chain(&m, storage16, storage8, float16, nil), queueCount: 1,
		queues: pin(&m, &deviceQueueCreateInfo{sType: typeDeviceQueueCreateInfo, family: uint32(d.info.family), count: 1, priorities: pin(&m, &priority)}),
	}
	var extensions []string
	for _, e := range []string{portabilitySubset, storage8Extension, float16Extension} {
		if d.info.has(e) {
			extensions = append(extensions, e)
		}
	}
	create.extensionCount, create.extensions = m.texts(extensions)
	if err := d.procs.do(createDevice, physical, pin(&m, create), 0, pin(&m, &d.handle)); err != nil {
		return err
	}
	d.procs.void(getDeviceQueue, d.handle, uintptr(d.info.family), 0, pin(&m, &d.queue))
	return nil
}

// Info is what is known of the device.
func (d *Device) Info() Info { return d.info }

// Close ends all that was made with the device, but for buffers and commands, which must be freed before. It waits until the device has done what it was given.
func (d *Device) Close() {
	if d.handle == 0 {
		return
	}
	d.procs.call(deviceWaitIdle, d.handle) // if it is lost there is nothing to wait for
	d.closeCache()
	for _, p := range d.pipelines {
		p.free(d)
	}
	d.procs.void(destroyDevice, d.handle, 0)
	d.handle, d.pipelines = 0, nil
}
