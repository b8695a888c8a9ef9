package vulkan

import "unsafe"

// BufferKind is what a buffer is for.
type BufferKind int

const (
	// Local buffers are the device's own.
	Local BufferKind = iota
	// Upload buffers are written here and read by the device.
	Upload
	// Download buffers are written by the device and read here.
	Download
)

// Flags of types of memory.
const (
	deviceLocal  = 1
	hostVisible  = 2
	hostCoherent = 4
	hostCached   = 8
)

// wishes are the flags that memory should have, the best first.
var wishes = [...][]uint32{
	Local:    {deviceLocal, 0},
	Upload:   {hostVisible | hostCoherent},
	Download: {hostVisible | hostCoherent | hostCached, hostVisible | hostCoherent},
}

// Buffer is memory that shaders and copies use.
type Buffer struct {
	device         *Device
	handle, memory uintptr
	size           int64
	bytes          []byte // nil: it cannot be seen from here
}

// Buffer makes a buffer of so many bytes, at least one, filled with anything. The error is ErrOutOfMemory if there is not so much, or more than Info.MaxBuffer.
func (d *Device) Buffer(bytes int64, k BufferKind) (*Buffer, error) {
	if bytes > d.info.MaxBuffer {
		return nil, errorf("%w: a buffer of %d bytes, where %d are the most", ErrOutOfMemory, bytes, d.info.MaxBuffer)
	}
	b := &Buffer{device: d, size: bytes}
	if err := b.create(k); err != nil {
		b.Free()
		return nil, err
	}
	return b, nil
}

func (b *Buffer) create(k BufferKind) error {
	const copySource, copyTarget, storage, indirect = 1, 2, 0x20, 0x100
	var m memory
	defer m.Unpin()
	d := b.device
	info := &bufferCreateInfo{sType: typeBufferCreateInfo, size: uint64(b.size), usage: copySource | copyTarget | storage | indirect}
	if err := d.procs.do(createBuffer, d.handle, pin(&m, info), 0, pin(&m, &b.handle)); err != nil {
		return err
	}
	needs := &memoryRequirements{}
	d.procs.void(getBufferMemoryRequirements, d.handle, b.handle, pin(&m, needs))
	if err := b.allocate(&m, needs, k); err != nil {
		return err
	}
	if err := d.procs.do(bindBufferMemory, d.handle, b.handle, b.memory, 0); err != nil {
		return err
	}
	if k == Local {
		return nil
	}
	var at uintptr
	const whole = ^uintptr(0)
	if err := d.procs.do(mapMemory, d.handle, b.memory, 0, whole, 0, pin(&m, &at)); err != nil {
		return err
	}
	b.bytes = unsafe.Slice((*byte)(foreign(at)), b.size)
	return nil
}

// allocate takes memory of the best kind that there is.
func (b *Buffer) allocate(m *memory, needs *memoryRequirements, k BufferKind) error {
	d := b.device
	err := errorf("%w of the kind that buffers need", ErrOutOfMemory)
	types := d.info.memory.types[:min(d.info.memory.typeCount, uint32(len(d.info.memory.types)))]
	for _, wish := range wishes[k] {
		for i, t := range types {
			if needs.types>>i&1 == 0 || t.flags&wish != wish {
				continue
			}
			info := &memoryAllocateInfo{sType: typeMemoryAllocateInfo, size: needs.size, index: uint32(i)}
			if err = d.procs.do(allocateMemory, d.handle, pin(m, info), 0, pin(m, &b.memory)); err == nil {
				return nil
			}
			break // other types of the same wish lie in the same heap, as a rule
		}
	}
	return err
}

// Size is its size in bytes.
func (b *Buffer) Size() int64 { return b.size }

// Bytes is the memory of an Upload or Download buffer, valid until Free; nil for a Local one.
func (b *Buffer) Bytes() []byte { return b.bytes }

// Free gives it back. The device must not use it any more.
func (b *Buffer) Free() {
	d := b.device
	if b.handle != 0 {
		d.procs.void(destroyBuffer, d.handle, b.handle, 0)
	}
	if b.memory != 0 {
		d.procs.void(freeMemory, d.handle, b.memory, 0) // which unmaps it, too
	}
	b.handle, b.memory, b.bytes = 0, 0, nil
}
