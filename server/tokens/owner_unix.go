//go:build unix

package tokens

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"classsr/fault"
)

// keepOwner gives a file to whom it belonged before or, if it is new, to whom its folder belongs: the administrator changes tokens, but a server without rights
// reads them. Only the administrator can do that, and only they need it.
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
	if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
		return fault.As(fault.Unavailable, fmt.Errorf("the tokens are written, but cannot be given to their owner, a server's user perhaps: %w", err))
	}
	return nil
}
