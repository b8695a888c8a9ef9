package vulkan

import (
	"errors"
	"fmt"
)

// Errors of devices, for errors.Is.
var (
	// ErrUnavailable: there is no Vulkan here, no device, or one that cannot be opened.
	ErrUnavailable = errors.New("there is no GPU that can be used")
	// ErrOutOfMemory: the device or the driver has not that much memory. Less may do.
	ErrOutOfMemory = errors.New("the GPU has not enough memory")
	// ErrDeviceLost: the device does not answer any more. Nothing that was made with it is of use.
	ErrDeviceLost = errors.New("the GPU does not answer any more")
)

// result is what a call returns.
type result int32

const (
	success                result = 0
	notReady               result = 1
	timeout                result = 2
	incomplete             result = 5
	errorOutOfHostMemory   result = -1
	errorOutOfDeviceMemory result = -2
	errorDeviceLost        result = -4
	errorOutOfPoolMemory   result = -1000069000
)

// failed is the error of a call.
type failed struct {
	call   string
	result result
}

func (f failed) Error() string { return fmt.Sprintf("%s gave %d", f.call, int32(f.result)) }

// Is tells what kind of error it is.
func (f failed) Is(kind error) bool {
	switch f.result {
	case errorOutOfHostMemory, errorOutOfDeviceMemory, errorOutOfPoolMemory:
		return kind == ErrOutOfMemory
	case errorDeviceLost:
		return kind == ErrDeviceLost
	}
	return false
}

func errorf(format string, values ...any) error { return fmt.Errorf(format, values...) }

// unavailable makes an error one of kind ErrUnavailable.
func unavailable(err error) error {
	if errors.Is(err, ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
