//go:build unix

package main

import "golang.org/x/sys/unix"

// systemVersion is the operating system's name and version, as "Linux 6.1.0"; empty if it does not say.
func systemVersion() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}
