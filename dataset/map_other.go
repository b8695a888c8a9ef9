//go:build !unix

package dataset

import "os"

// mapping reads parts of a file where files cannot be mapped into memory in one way.
type mapping struct{ file *os.File }

func newMapping(f *os.File, _ int64) (*mapping, error) {
	file, err := os.Open(f.Name())
	return &mapping{file}, err
}

// at gives the bytes of a part of the file; done must be called when they are no longer used.
func (m *mapping) at(offset int64, length int) (data []byte, done func(), err error) {
	data = make([]byte, length)
	_, err = m.file.ReadAt(data, offset)
	return data, func() {}, err
}

func (m *mapping) close() error { return m.file.Close() }
