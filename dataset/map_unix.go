//go:build unix

package dataset

import (
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// mapping is the beginning of a file in memory. The system reads a page when it is first touched and counts it as the program's until
// it is given back; forgetBytes bounds that. Pages that are given back stay in the system's cache as long as it has room.
type mapping struct {
	data []byte
	read atomic.Int64 // bytes since pages were last given back
	// Readers hold it shared, so that nobody waits for pages that are given back while they are read.
	mu sync.RWMutex
}

// forgetBytes is how much is read before pages are given back.
const forgetBytes = 256 << 20

func newMapping(f *os.File, length int64) (*mapping, error) {
	if length == 0 || int64(int(length)) != length {
		return nil, errDamaged
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(length), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	// Patches are read in random order: reading ahead is in vain. A system that does not know this advice loses a little speed.
	_ = unix.Madvise(data, unix.MADV_RANDOM)
	return &mapping{data: data}, nil
}

// at gives the bytes of a part of the file; done must be called when they are no longer used.
func (m *mapping) at(offset int64, length int) (data []byte, done func(), err error) {
	if m.read.Add(int64(length)) > forgetBytes {
		m.forget()
	}
	m.mu.RLock()
	return m.data[offset : offset+int64(length)], m.mu.RUnlock, nil
}

// forget gives all pages back.
func (m *mapping) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.read.Load() > forgetBytes {
		_ = unix.Madvise(m.data, unix.MADV_DONTNEED) // without it the program merely seems larger
		m.read.Store(0)
	}
}

func (m *mapping) close() error { return unix.Munmap(m.data) }
