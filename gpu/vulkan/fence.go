package vulkan

import (
	"context"
	"fmt"
	"time"

	"classsr/fault"
)

// Fence is the end of what was submitted.
type Fence struct {
	c      *Commands
	number uint64
}

// Submit has the device do the commands after those that were submitted before; it does not wait for them. Commands that are under way are
// waited for first.
func (d *Device) Submit(c *Commands) (*Fence, error) {
	if err := d.usable(); err != nil {
		return nil, err
	}
	if c.err != nil {
		return nil, c.err
	}
	if !c.ready {
		panic("vulkan: only commands that were ended can be submitted")
	}
	if err := c.through(); err != nil {
		return nil, err
	}
	c.waiting.Lock()
	defer c.waiting.Unlock()
	if c.used {
		if err := d.calls.do(resetFences, d.handle, 1, address(&c.scratch.fence)); err != nil {
			return nil, d.note(err)
		}
		c.used = false
	}
	d.mu.Lock()
	err := d.calls.do(queueSubmit, d.queue, 1, address(&c.scratch.submit), uintptr(c.fence))
	d.mu.Unlock()
	if err != nil {
		return nil, d.note(err)
	}
	c.number++
	c.pending, c.used, c.result, c.submitted = true, true, nil, time.Now()
	return &Fence{c, c.number}, nil
}

// Wait waits until all is through, or ctx is done: then it gives ctx's error, and the commands go on. A device that completes nothing for 30
// seconds (DeviceOptions.Patience) is lost.
func (f *Fence) Wait(ctx context.Context) error {
	return f.c.wait(ctx, f.number)
}

// through waits for what was submitted last.
func (c *Commands) through() error {
	c.waiting.Lock()
	number := c.number
	c.waiting.Unlock()
	return c.wait(context.Background(), number)
}

// wait waits for a submission, or for that of a later one, in slices in which others can wait as well.
func (c *Commands) wait(ctx context.Context, number uint64) error {
	for {
		through, err := c.waitSlice(number)
		if err != nil || through {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

func (c *Commands) waitSlice(number uint64) (through bool, err error) {
	c.waiting.Lock()
	defer c.waiting.Unlock()
	d := c.d
	if c.number > number {
		return true, nil
	}
	if !c.pending {
		return true, c.result
	}
	if d.hung.Load() {
		return false, *d.lost.Load()
	}
	const slice = 20 * time.Millisecond
	r := d.calls.try(waitForFences, d.handle, 1, address(&c.scratch.fence), 1, uintptr(slice))
	switch {
	case r == Success:
		c.pending = false
		d.heard.Store(int64(time.Since(d.start)))
		return true, nil
	case r == DeviceLost:
		c.pending, c.result = false, d.note(failed(waitForFences, r)) // it will not touch anything any more
		return false, c.result
	case r < 0:
		return false, failed(waitForFences, r)
	}
	since := min(time.Since(c.submitted), time.Since(d.start)-time.Duration(d.heard.Load()))
	if since > d.patience {
		err := fault.As(fault.Unavailable, fmt.Errorf("%w: %s has not answered for %v", ErrDeviceLost, d.physical.info.Name, d.patience))
		_ = d.note(err)
		d.hung.Store(true)
		return false, err
	}
	return false, nil
}

// settle waits for all that is under way, and tells whether the device has stopped using what was given to it.
func (d *Device) settle() bool {
	d.mu.Lock()
	all := make([]*Commands, 0, len(d.commands))
	for c := range d.commands {
		all = append(all, c)
	}
	d.mu.Unlock()
	stopped := true
	for _, c := range all {
		_ = c.through() // what it says is told to whoever waits for the fence
		c.waiting.Lock()
		stopped = stopped && !c.pending
		c.waiting.Unlock()
	}
	return stopped
}
