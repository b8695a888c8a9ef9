package imageio

import (
	"bytes"
	"io"
)

// memoryFile is a file in memory.
type memoryFile struct{ bytes.Buffer }

func (f *memoryFile) WriteAt(p []byte, at int64) (int, error) { return copy(f.Bytes()[at:], p), nil }

// nowhere is a file that keeps nothing.
type nowhere struct{}

func (nowhere) Write(p []byte) (int, error)            { return len(p), nil }
func (nowhere) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

func (b *boundaries) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

// WriteAt changes what is there, which takes no room.
func (w *failingWriter) WriteAt(p []byte, _ int64) (int, error) {
	if w.failed {
		w.after++
	}
	return len(p), nil
}

func (shortWriter) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

var _ io.WriterAt = nowhere{}
