package vulkan

import (
	"errors"
	"fmt"

	"classsr/fault"
)

// Every error that comes of Vulkan is one of these (errors.Is), and says more.
var (
	// ErrUnavailable means that there is no Vulkan, no driver, no device, or none that can do what is asked: go on without.
	ErrUnavailable = errors.New("there is no GPU that can be used")
	// ErrOutOfMemory means that the device or its driver has no memory for it: ask for less.
	ErrOutOfMemory = errors.New("the GPU has not enough memory")
	// ErrDeviceLost means that the device failed, was taken away or does not answer: nothing can be done with it any more, close it.
	ErrDeviceLost = errors.New("the GPU was lost")
)

// Result is what a call of Vulkan gives (VkResult): 0 or more after success, less after failure.
type Result int32

// The results that this package tells apart from others, or tests give in place of calls.
const (
	Success              Result = 0
	NotReady             Result = 1
	Timeout              Result = 2
	Incomplete           Result = 5
	OutOfHostMemory      Result = -1
	OutOfDeviceMemory    Result = -2
	InitializationFailed Result = -3
	DeviceLost           Result = -4
	MapFailed            Result = -5
	LayerNotPresent      Result = -6
	ExtensionNotPresent  Result = -7
	FeatureNotPresent    Result = -8
	IncompatibleDriver   Result = -9
	TooManyObjects       Result = -10
	FragmentedPool       Result = -12
	OutOfPoolMemory      Result = -1000069000
)

// meanings are the results that happen, in words.
var meanings = map[Result]string{
	NotReady:             "it is not ready",
	Timeout:              "it took too long",
	Incomplete:           "the list changes all the time",
	OutOfHostMemory:      "the driver has not enough memory",
	OutOfDeviceMemory:    "the device has not enough memory",
	InitializationFailed: "the driver could not be started",
	DeviceLost:           "the device was lost",
	MapFailed:            "the device's memory cannot be reached",
	LayerNotPresent:      "a layer is not installed",
	ExtensionNotPresent:  "an extension is missing",
	FeatureNotPresent:    "a feature is missing",
	IncompatibleDriver:   "there is no driver that fits",
	TooManyObjects:       "there are too many objects",
	FragmentedPool:       "a pool of descriptors is fragmented",
	OutOfPoolMemory:      "a pool of descriptors is full",
}

// Error is a call of Vulkan that failed. It is one of ErrUnavailable, ErrOutOfMemory and ErrDeviceLost, too, and of kind fault.Unavailable.
type Error struct {
	Call   string // such as vkAllocateMemory
	Result Result // not Success
}

// Error gives the meaning and the call.
func (e *Error) Error() string {
	meaning := meanings[e.Result]
	if meaning == "" {
		meaning = "it failed"
	}
	return fmt.Sprintf("%v: %s (%s gave %d)", e.class(), meaning, e.Call, e.Result)
}

// Is tells whether target is what the error is one of.
func (e *Error) Is(target error) bool { return target == e.class() }

func (e *Error) class() error {
	switch e.Result {
	case OutOfHostMemory, OutOfDeviceMemory, MapFailed, TooManyObjects, FragmentedPool, OutOfPoolMemory:
		return ErrOutOfMemory
	case DeviceLost:
		return ErrDeviceLost
	}
	return ErrUnavailable
}

// failed makes an error of a call's result.
func failed(c call, r Result) error {
	return fault.As(fault.Unavailable, &Error{names[c], r})
}

// unavailable makes an error that says why there is nothing to use.
func unavailable(format string, args ...any) error {
	return fault.New(fault.Unavailable, "%w: %w", ErrUnavailable, fmt.Errorf(format, args...))
}
