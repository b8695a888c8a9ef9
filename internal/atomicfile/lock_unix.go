//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package atomicfile

import (
	"errors"
	"os"
	"syscall"
)

// locks says that a temporary file is locked as long as it is open, and may be renamed meanwhile.
const locks = true

// hold locks a file of our own. It reports false if another process has locked it. A file system that knows no locks is no obstacle: on
// it, nobody can find a file to be abandoned.
func hold(f *os.File) bool { return !errors.Is(lock(f), syscall.EWOULDBLOCK) }

func lock(f *os.File) error {
	for {
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// removeAbandoned removes the temporary file of that name unless somebody is writing it. It reports whether there was one.
func removeAbandoned(name string) bool {
	info, err := os.Lstat(name)
	if err != nil {
		return false
	}
	if !info.Mode().IsRegular() {
		return true
	}
	// Network file systems lock only what is open for writing.
	f, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return true
	}
	defer func() { _ = f.Close() }() // nothing was written
	// Locked, a file keeps its name; before, it may have lost it to another one.
	if lock(f) == nil && isAt(f, name) {
		_ = os.Remove(name) // who may not is none the worse
	}
	return true
}
