package gputest

import (
	"context"
	"io"
	"sync"

	"classsr/gpu/helper"
	"classsr/gpu/link"
	"classsr/internal/par"
)

// Version is that of helpers made by Start.
const Version = "test"

// Start gives what starts helpers in this process: gpu.Options.Start. version is usually Version.
func Start(b helper.Backend, version string) func() (*link.Process, error) {
	return func() (*link.Process, error) {
		fromParent, toHelper := io.Pipe()
		fromHelper, toParent := io.Pipe()
		ctx, cancel := context.WithCancel(context.Background())
		wait := par.Start(1, func(int) error {
			err := helper.Serve(ctx, fromParent, toParent, version, b)
			_ = toParent.Close()
			_ = fromParent.Close()
			return err
		})
		var once sync.Once
		kill := func() {
			once.Do(func() {
				cancel()
				_ = toParent.Close()
				_ = fromParent.Close()
				_ = fromHelper.Close()
			})
		}
		return &link.Process{From: fromHelper, To: toHelper, Kill: kill, Wait: func() error { kill(); return wait() }}, nil
	}
}
