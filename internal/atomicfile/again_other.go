//go:build !windows

package atomicfile

func again(do func() error) error { return do() }
