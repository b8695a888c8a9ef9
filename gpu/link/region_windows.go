package link

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

func mapInto(file *os.File, bytes int64) (mapped []byte, unmap func([]byte) error, err error) {
	mapping, err := windows.CreateFileMapping(windows.Handle(file.Fd()), nil, windows.PAGE_READWRITE, uint32(bytes>>32), uint32(bytes), nil)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = windows.CloseHandle(mapping) }() // views keep it
	address, err := windows.MapViewOfFile(mapping, windows.FILE_MAP_READ|windows.FILE_MAP_WRITE, 0, 0, uintptr(bytes))
	if err != nil {
		return nil, nil, err
	}
	// The address is the system's, not one of Go's memory that could move.
	mapped = unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&address))), bytes)
	return mapped, func([]byte) error { return windows.UnmapViewOfFile(address) }, nil
}
