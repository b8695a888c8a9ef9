package stopwatch

import (
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	kernel32 = windows.NewLazySystemDLL("kernel32.dll")
	counter  = kernel32.NewProc("QueryPerformanceCounter")
	// perSecond never changes while the system runs.
	perSecond = query(kernel32.NewProc("QueryPerformanceFrequency"))
)

// query calls one of two functions that never fail.
func query(proc *windows.LazyProc) (value int64) {
	_, _, _ = proc.Call(uintptr(unsafe.Pointer(&value)))
	return value
}

func now() time.Duration {
	ticks := query(counter)
	const second = int64(time.Second)
	return time.Duration(ticks/perSecond*second + ticks%perSecond*second/perSecond) // the product alone would overflow after hours
}
