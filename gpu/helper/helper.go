// Package helper is the other end of package link: the loop of a process that has GPUs, or something else that computes bands of pictures
// (Backend), and does what classsr asks.
//
// What classsr asks is checked first, so that a mistake there becomes an error and no crash. A request that panics is answered with link.ErrLost,
// since nobody knows then in which state the device is.
package helper

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"sync"

	"classsr/engine"
	"classsr/gpu/link"
	"classsr/internal/par"
	"classsr/route"
	"classsr/weights"
)

// Backend knows the devices of this machine.
type Backend interface {
	// Devices describes all of them. Their numbers are what Open is told. An error of link.ErrUnavailable says why there are none.
	Devices() ([]link.Device, error)
	// Open readies one for work.
	Open(o link.Open) (Device, error)
}

// Device is a device that is ready.
type Device interface {
	// Load uploads networks. They are not changed afterwards.
	Load(networks []weights.Network) (Model, error)
	// Close frees the device, whose models were closed before.
	Close()
}

// Model is networks on a device. Its methods may be called by several goroutines at once, but Close by one after all others.
type Model interface {
	// Pace is told how many multiply-accumulates a second the device does, about, before all else, so that nothing keeps it busy for too long at a time.
	Pace(macsPerSecond float64)
	// Bytes is the memory of the device that bands take which are computed together; what lies in their region need not be there.
	Bytes(bands []*Band) int64
	// Run computes bands together. Errors are those of package link: after ErrOutOfMemory fewer or smaller ones may go well.
	Run(ctx context.Context, bands []*Band) (link.Work, error)
	Close()
}

// Band is a link.Band with what lies in its region.
type Band struct {
	Parts  []Part
	Blend  *route.Blend
	Result image.Rectangle // of the enlarged picture, in its pixels
	Format link.Format
	Out    []byte // where the result comes, as large as Format says
}

// Part is a link.Part with its input.
type Part struct {
	Network int
	Window  image.Point
	Core    image.Rectangle
	Mask    engine.Mask // nil: all of it
	Reads   image.Rectangle
	Input   []float32 // planes of Reads, one after the other
}

// atOnce is how many bands may be under way: one is computed while another comes and a third one goes.
const atOnce = 3

// Serve says hello, and does what it is asked until in ends or speaks of another version, which is an error. It closes what was opened before it returns.
func Serve(ctx context.Context, in io.Reader, out io.Writer, version string, b Backend) error {
	s := &server{backend: b, out: out, hello: link.Hello{Protocol: link.Protocol, Version: version}, regions: map[int]*region{}, models: map[int]*model{}}
	if err := link.Write(out, s.hello); err != nil {
		return err
	}
	var other link.Hello
	if err := link.Read(in, link.MaxReply, &other); err != nil {
		return err
	}
	if err := s.hello.Check(other); err != nil {
		return err
	}
	bands := make(chan *link.Request)
	wait := par.Start(atOnce, func(int) error {
		for r := range bands {
			s.answer(ctx, r)
		}
		return nil
	})
	err := s.listen(ctx, in, bands)
	close(bands)
	if waitErr := wait(); err == nil {
		err = waitErr
	}
	s.close()
	return err
}

// server is what was opened, and what is under way.
type server struct {
	backend Backend
	hello   link.Hello

	writing sync.Mutex
	out     io.Writer

	mu      sync.Mutex // guards the maps
	device  Device
	regions map[int]*region
	models  map[int]*model
	made    int // models
}

// region is memory that bands may be using.
type region struct {
	*link.Region
	using sync.WaitGroup
}

// model is a model that bands may be using.
type model struct {
	Model
	networks []weights.Network
	channels int
	using    sync.WaitGroup
}

// listen takes requests. Bands are handed on, all else is done at once.
func (s *server) listen(ctx context.Context, in io.Reader, bands chan<- *link.Request) error {
	for {
		r := new(link.Request)
		switch err := link.Read(in, link.MaxRequest, r); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if r.Run == nil {
			s.answer(ctx, r)
			continue
		}
		select {
		case bands <- r:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// answer does what is asked and says what came of it. That nobody listens any more shows when the next request is read.
func (s *server) answer(ctx context.Context, r *link.Request) {
	reply := &link.Reply{}
	if err := s.try(ctx, r, reply); err != nil {
		reply = &link.Reply{Error: link.Failed(err)}
	}
	reply.ID = r.ID
	s.writing.Lock()
	defer s.writing.Unlock()
	_ = link.Write(s.out, reply)
}

// try makes an error of a panic.
func (s *server) try(ctx context.Context, r *link.Request, reply *link.Reply) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: a mistake in the GPU helper: %v", link.ErrLost, p)
		}
	}()
	return s.do(ctx, r, reply)
}

func (s *server) do(ctx context.Context, r *link.Request, reply *link.Reply) (err error) {
	switch {
	case r.List:
		reply.Devices, err = s.backend.Devices()
		return err
	case r.Open != nil:
		return s.open(*r.Open)
	case r.Load != nil:
		reply.Model, err = s.load(r.Load)
		return err
	case r.Unload != 0:
		return s.unload(r.Unload)
	case r.Map != nil:
		return s.mapRegion(r.Map)
	case r.Unmap != 0:
		return s.unmap(r.Unmap)
	case r.Bytes != nil:
		reply.Bytes, err = s.bytes(r.Bytes)
		return err
	case r.Run != nil:
		reply.Work, err = s.run(ctx, r.Run)
		return err
	}
	return fmt.Errorf("%w: a request for nothing", link.ErrRefused)
}
