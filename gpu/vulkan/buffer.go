package vulkan

import (
	"errors"
	"runtime"
	"unsafe"

	"classsr/fault"
)

// Buffer is memory that shaders and copies read and write.
type Buffer struct {
	d      *Device
	handle uint64
	memory uint64
	mapped unsafe.Pointer // C's; nil of a Local one
	size   int64
	takes  int64 // of the device's own memory
}

// Buffer makes a buffer of so many bytes, more than none. What is in it is not defined. It is ErrOutOfMemory where there is no room for it.
func (d *Device) Buffer(bytes int64, k BufferKind) (*Buffer, error) {
	if bytes <= 0 {
		panic("vulkan: a buffer needs bytes")
	}
	if err := d.usable(); err != nil {
		return nil, err
	}
	if uint64(bytes) > d.physical.largest {
		return nil, fault.New(fault.Unavailable, "%w: %d bytes at once are more than the driver gives", ErrOutOfMemory, bytes)
	}
	b := &Buffer{d: d, size: bytes}
	if err := b.make(k); err != nil {
		b.destroy()
		return nil, d.note(err)
	}
	d.mu.Lock()
	d.buffers[b] = true
	d.mu.Unlock()
	return b, nil
}

func (b *Buffer) make(k BufferKind) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	calls, device := &b.d.calls, b.d.handle
	info := bufferCreateInfo{header: header{sType: typeBufferCreateInfo}, size: uint64(b.size), usage: bufferUsage}
	var out struct {
		handle, memory uint64
		mapped         unsafe.Pointer
		needs          memoryRequirements
	}
	pin.Pin(&out)
	if err := calls.do(createBuffer, device, at(&pin, &info), 0, address(&out.handle)); err != nil {
		return err
	}
	b.handle = out.handle
	calls.tell(getBufferMemoryRequirements, device, uintptr(b.handle), address(&out.needs))
	types := b.d.physical.memory.types(k, out.needs.memoryTypeBits)
	err := unavailable("the device has no memory of the kind that is needed")
	for _, t := range types {
		allocate := memoryAllocateInfo{header: header{sType: typeMemoryAllocateInfo}, allocationSize: out.needs.size, memoryTypeIndex: t}
		if err = calls.do(allocateMemory, device, at(&pin, &allocate), 0, address(&out.memory)); !errors.Is(err, ErrOutOfMemory) {
			break
		}
	}
	if err != nil {
		return err
	}
	b.memory = out.memory
	if k == Local {
		b.takes = int64(out.needs.size)
		b.d.took(b.takes)
	}
	if err := calls.do(bindBufferMemory, device, uintptr(b.handle), uintptr(b.memory), 0); err != nil {
		return err
	}
	if k == Local {
		return nil
	}
	const whole = ^uintptr(0)
	err = calls.do(mapMemory, device, uintptr(b.memory), 0, whole, 0, address(&out.mapped))
	b.mapped = out.mapped
	return err
}

// Size gives the size that was asked for.
func (b *Buffer) Size() int64 { return b.size }

// Bytes gives what is in an Upload or Download buffer: the device sees what was written before Submit, and what it wrote is there after Wait.
// It is nil of a Local buffer, and must not be used after Free.
func (b *Buffer) Bytes() []byte {
	if b.mapped == nil {
		return nil
	}
	return unsafe.Slice((*byte)(b.mapped), b.size)
}

// Free gives the memory back, after all commands under way are through. A second call does nothing.
func (b *Buffer) Free() {
	b.d.mu.Lock()
	mine := b.d.buffers[b]
	delete(b.d.buffers, b)
	b.d.mu.Unlock()
	if !mine {
		return
	}
	if b.d.settle() {
		b.destroy()
		return
	}
	b.d.mu.Lock()
	b.d.buffers[b] = true // Close tries again
	b.d.mu.Unlock()
}

func (b *Buffer) destroy() {
	b.mapped = nil
	if b.handle != 0 {
		b.d.calls.tell(destroyBuffer, b.d.handle, uintptr(b.handle), 0)
	}
	if b.memory != 0 {
		b.d.calls.tell(freeMemory, b.d.handle, uintptr(b.memory), 0)
		b.d.taken.Add(-b.takes)
	}
	b.handle, b.memory = 0, 0
}
