//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package atomicfile

import "os"

// locks is false: nothing tells an abandoned file from one that is being written.
const locks = false

func hold(*os.File) bool { return true }

// removeAbandoned leaves the temporary file of that name. It reports whether there is one.
func removeAbandoned(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
