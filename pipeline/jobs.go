package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
)

// Std as the name of an input or output stands for standard input or standard output.
const Std = "-"

// Job is a picture to enlarge: the path of its file and that of the result. Std in place of a path is a standard stream.
type Job struct {
	Input  string `json:"input"`
	Output string `json:"output"`
	// Page is the number of the page or frame, from 1 on, where all of a file with several are enlarged; else 0.
	Page int `json:"page,omitempty"`
}

// Picture is what is enlarged, as people call it.
func (j Job) Picture() string {
	name := j.Input
	if name == Std {
		name = "standard input"
	}
	if j.Page > 0 {
		name += fmt.Sprintf(", page %d", j.Page)
	}
	return name
}

// String says what becomes what.
func (j Job) String() string {
	if j.Output == Std {
		return j.Picture() + " -> standard output"
	}
	return j.Picture() + " -> " + j.Output
}

// IsFolder tells whether a folder exists at this path.
func IsFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Exists tells whether a file, folder or link exists at this path.
func Exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// SameFile tells whether two paths lead to the same existing file.
func SameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// SamePath tells whether two paths are the same but for the way they are written (a/../b and b); an empty b is never the same.
func SamePath(a, b string) bool { return b != "" && filepath.Clean(a) == filepath.Clean(b) }
