package main

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// systemVersion is the operating system's name and version, as "Windows 10.0.19045".
func systemVersion() string {
	v := windows.RtlGetVersion()
	return fmt.Sprintf("Windows %d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber)
}
