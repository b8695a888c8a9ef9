package blobs

import (
	"io/fs"

	"golang.org/x/sys/windows"
)

// diskOf asks how large the disk of a folder is, and what this user may still write to it.
func diskOf(folder string) (disk, error) {
	name, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return disk{}, err
	}
	var free, size uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, &size, nil); err != nil {
		return disk{}, &fs.PathError{Op: "GetDiskFreeSpaceEx", Path: folder, Err: err}
	}
	return disk{size: int64(size), free: int64(free)}, nil
}
