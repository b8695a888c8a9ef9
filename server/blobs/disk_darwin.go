package blobs

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// diskOf asks how large the disk of a folder is, and what users may still write to it.
func diskOf(folder string) (disk, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return disk{}, &fs.PathError{Op: "statfs", Path: folder, Err: err}
	}
	block := int64(s.Bsize)
	return disk{size: int64(s.Blocks) * block, free: int64(s.Bavail) * block}, nil
}
