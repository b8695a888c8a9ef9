package atomicfile

import (
	"os"
	"time"
)

// locks is false: Windows removes no file that a program has open, which serves for a lock, but renames none either.
const locks = false

// atRest is how long nothing was written to a file that is taken for abandoned: longer than one is closed before it gets its name.
const atRest = time.Minute

func hold(*os.File) bool { return true }

// removeAbandoned removes the temporary file of that name unless somebody is writing it. It reports whether there was one.
func removeAbandoned(name string) bool {
	info, err := os.Lstat(name)
	if err != nil {
		return false
	}
	if info.Mode().IsRegular() && time.Since(info.ModTime()) > atRest {
		_ = os.Remove(name) // fails if it is open
	}
	return true
}
