//go:build !linux

package server

// fileSystem is what is strange about the file system of a folder, or nothing; it is known on Linux only.
func fileSystem(string) string { return "" }
