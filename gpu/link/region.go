package link

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"unsafe"

	"classsr/fault"
)

// Region is memory that two processes share: a file that both have mapped. It begins at a multiple of a page.
type Region struct {
	Bytes []byte
	// Path is where the other process finds the file.
	Path string

	mapped []byte
	unmap  func([]byte) error
	file   *os.File
	remove bool
}

// MaxRegion bounds regions, in bytes.
const MaxRegion = 1 << 36

// NewRegion makes a region of so many bytes, which takes memory (or, where the system has no such files, space on a disk) as it is written to. It
// returns an error of kind fault.Unavailable if there is none.
func NewRegion(bytes int64) (*Region, error) {
	if bytes < 1 || bytes > MaxRegion {
		return nil, refused("a region of %d bytes", bytes)
	}
	file, path, remove, err := newFile(bytes)
	if err == nil {
		var r *Region
		if r, err = mapFile(file, bytes); err == nil {
			r.Path, r.remove = path, remove
			return r, nil
		}
		_ = file.Close()
		if remove {
			_ = os.Remove(path)
		}
	}
	return nil, fault.As(fault.Unavailable, fmt.Errorf("no memory to share with the GPU helper: %w", err))
}

// OpenRegion maps what another process has made by NewRegion. A file that is too small, or none, is an error of ErrRefused.
func OpenRegion(path string, bytes int64) (*Region, error) {
	if bytes < 1 || bytes > MaxRegion {
		return nil, refused("a region of %d bytes", bytes)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, refused("%w", err)
	}
	info, err := file.Stat()
	if err == nil && (!info.Mode().IsRegular() || info.Size() < bytes) {
		err = errors.New("it is no file, or too short")
	}
	var r *Region
	if err == nil {
		r, err = mapFile(file, bytes)
	}
	if err != nil {
		_ = file.Close()
		return nil, refused("%s: %w", path, err)
	}
	r.Path = path
	return r, nil
}

// mapFile maps a file, which it takes over.
func mapFile(file *os.File, bytes int64) (*Region, error) {
	mapped, unmap, err := mapInto(file, bytes)
	if err != nil {
		return nil, err
	}
	return &Region{Bytes: mapped[:bytes:bytes], mapped: mapped, unmap: unmap, file: file}, nil
}

// Close unmaps the file, which nobody must read or write any more. Whoever made it removes it, too.
func (r *Region) Close() error {
	if r.mapped == nil {
		return nil
	}
	err := errors.Join(r.unmap(r.mapped), r.file.Close())
	if r.remove {
		err = errors.Join(err, os.Remove(r.Path))
	}
	r.Bytes, r.mapped = nil, nil
	return err
}

// Guard calls f, which reads or writes the region, and gives an error of ErrLost if the file was made shorter by somebody, in place of the signal that ends a
// process. Goroutines that f starts are not guarded.
func (r *Region) Guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		var at interface{ Addr() uintptr }
		e, ok := p.(error)
		if !ok || !errors.As(e, &at) || !r.has(at.Addr()) {
			panic(p)
		}
		err = fmt.Errorf("%w: the file that is shared with the GPU helper was made shorter", ErrLost)
	}()
	return f()
}

// has tells whether an address lies in the mapped file.
func (r *Region) has(address uintptr) bool {
	if len(r.mapped) == 0 {
		return false
	}
	begin := uintptr(unsafe.Pointer(&r.mapped[0]))
	return address >= begin && address-begin < uintptr(len(r.mapped))
}

// Floats is memory as float32. It must begin at a multiple of four.
func Floats(b []byte) []float32 {
	if len(b) < 4 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&b[0])), len(b)/4)
}

// Words is memory as numbers of 16 bits, in the machine's order. It must begin at a multiple of two.
func Words(b []byte) []uint16 {
	if len(b) < 2 {
		return nil
	}
	return unsafe.Slice((*uint16)(unsafe.Pointer(&b[0])), len(b)/2)
}
