package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
)

// partial holds the names of the temporary files being written.
var partial = struct {
	sync.Mutex
	names map[string]bool
}{names: map[string]bool{}}

// createPartial makes a temporary file beside path, with the mode that the user's umask gives new files.
func createPartial(path string) (*os.File, error) {
	partial.Lock()
	defer partial.Unlock()
	for {
		name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%08x.partial", filepath.Base(path), rand.Uint32()))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			partial.names[name] = true
		}
		return f, err
	}
}

func forgetPartial(name string) {
	partial.Lock()
	defer partial.Unlock()
	delete(partial.names, name)
}

// Abandon removes the temporary files of all writes under way. A program calls it right before it exits without waiting for
// them.
func Abandon() {
	partial.Lock()
	defer partial.Unlock()
	for name := range partial.names {
		_ = os.Remove(name) // there is nobody left to tell
	}
	clear(partial.names)
}

// Writable returns an error if no file could be written at path now, so that long work is not started in vain.
func Writable(path string) error {
	f, err := createPartial(path)
	if err != nil {
		return describe(path, err)
	}
	defer forgetPartial(f.Name())
	_ = f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return describe(path, err)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return describe(path, &fs.PathError{Err: errIsFolder})
	}
	return nil
}
