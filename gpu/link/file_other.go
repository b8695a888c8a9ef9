//go:build !linux

package link

import "os"

func newFile(bytes int64) (file *os.File, path string, remove bool, err error) {
	return newTemporary(bytes)
}
