package link

import "os"

// newTemporary makes a file in the folder for temporary files.
func newTemporary(bytes int64) (file *os.File, path string, remove bool, err error) {
	file, err = os.CreateTemp("", "classsr-gpu-*")
	if err != nil {
		return nil, "", false, err
	}
	if err = file.Truncate(bytes); err != nil {
		_ = file.Close()
		_ = os.Remove(file.Name())
		return nil, "", false, err
	}
	return file, file.Name(), true, nil
}
