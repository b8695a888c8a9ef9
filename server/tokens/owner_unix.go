//go:build unix

package tokens

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"classsr/fault"
)

// keepOwner gives a file or folder that was just written to whom it belonged before or, if it is new, to whom the folder around it belongs: the administrator
// changes tokens, but a server without rights reads them. Only the administrator can do that, and only they need it.
func keepOwner(path string, before fs.FileInfo) (err error) {
	if os.Geteuid() != 0 {
		return nil
	}
	if before == nil {
		if before, err = os.Stat(filepath.Dir(path)); err != nil {
			return err
		}
	}
	owner, ok := before.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	err = giveAway(path, int(owner.Uid), int(owner.Gid))
	if errors.Is(err, syscall.ELOOP) { // a link of the administrator's own, perhaps: what it points to stays root's
		return nil
	}
	if err != nil {
		return fault.As(fault.Unavailable, fmt.Errorf("%s is written, but cannot be given to its owner, a server's user perhaps: %w", path, err))
	}
	return nil
}

// giveAway changes the owner of what root has just written. That owner may have put something of root's in its place meanwhile, a link: such is left alone.
func giveAway(path string, user, group int) error {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return err
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() && (s.Nlink != 1 || !info.Mode().IsRegular()) {
		return fs.ErrExist
	}
	if int(s.Uid) == user && int(s.Gid) == group {
		return nil
	}
	return f.Chown(user, group)
}
