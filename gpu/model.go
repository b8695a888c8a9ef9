package gpu

import (
	"context"
	"errors"
	"time"

	"classsr/gpu/link"
)

// Model is networks on a device.
type Model struct {
	device *Device
	client *client
	key    any
	number int
	users  int // guarded by device.mu
}

// Release says that one user less needs it.
func (m *Model) Release() {
	m.device.mu.Lock()
	defer m.device.mu.Unlock()
	m.users--
}

// Bytes is what bands that are computed together take of the device's memory, and others that come before and after them at the same time.
func (m *Model) Bytes(ctx context.Context, bands ...link.Band) (int64, error) {
	r := &link.Request{Bytes: &link.Bands{Model: m.number, Bands: bands}}
	reply, err := m.client.call(ctx, m.client.limits.Open, "say how much memory it takes", r)
	if err != nil {
		m.client.lost(err)
		return 0, err
	}
	return max(reply.Bytes, 0), nil
}

// Reserve waits until so many bytes of the device's memory are free, at most Device.Memory, and takes them until release is called.
func (m *Model) Reserve(ctx context.Context, bytes int64) (release func(), err error) {
	d := m.device
	bytes = max(min(bytes, d.memory), 0)
	if err := d.room.Acquire(ctx, bytes); err != nil {
		return nil, err
	}
	return func() { d.room.Release(bytes) }, nil
}

// Slot is memory that is shared with the helper, for one band at a time, or those that are computed together. It must be closed.
type Slot struct {
	*link.Region
	Bytes  []byte // as many as were asked for; the region may have more
	model  *Model
	number int
	busy   bool // the helper may still be at work in it
}

// Slot makes a slot of so many bytes.
func (m *Model) Slot(ctx context.Context, bytes int64) (*Slot, error) {
	if r := m.client.reuse(bytes); r != nil {
		return &Slot{Region: r.Region, Bytes: r.Bytes[:bytes:bytes], model: m, number: r.number}, nil
	}
	r, number, err := m.client.region(ctx, bytes)
	if err != nil {
		m.client.lost(err)
		return nil, err
	}
	return &Slot{Region: r, Bytes: r.Bytes, model: m, number: number}, nil
}

// slack is how many times as long as by estimate a band may take, besides what every band may: others are before it, and the device may be busy with something else.
const slack = 10

// Run computes bands together (link.Bands) whose inputs lie in the slot, and whose results will lie there, too, and gives what they took of the device. They take so many seconds by estimate (Device.Seconds),
// and count as hung after many times that and Limits.Band. Errors are ctx's, after which the slot must only be closed, or one of
// package link: after link.ErrOutOfMemory fewer or smaller bands may go well; after link.ErrLost nothing will before the next Load.
func (s *Slot) Run(ctx context.Context, seconds float64, bands ...link.Band) (link.Work, error) {
	r := &link.Request{Run: &link.Bands{Model: s.model.number, Region: s.number, Bands: bands}}
	c := s.model.client
	const longest = 3600 // however wrong the estimate is
	limit := c.limits.Band + time.Duration(slack*max(min(seconds, longest), 0)*float64(time.Second))
	reply, err := c.call(ctx, limit, "compute a band", r)
	s.busy = ctx.Err() != nil
	switch {
	case errors.Is(err, link.ErrOutOfMemory):
		s.model.device.unloadIdle(c)
	case err != nil:
		c.lost(err)
	case reply.Work != nil:
		return *reply.Work, nil
	}
	return link.Work{}, err
}

// unloadIdle makes room on the device.
func (d *Device) unloadIdle(c *client) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.client == c && d.unload(c) {
	}
}

// Close gives the memory back, or keeps it for a moment for whoever needs a slot next.
func (s *Slot) Close() {
	if s.busy {
		s.model.client.drop(s.Region, s.number)
		return
	}
	s.model.client.rest(s.Region, s.number)
}
