package worker

import (
	"errors"
	"io"
	"time"

	"classsr/cluster/wire"
	"classsr/fault"
)

// delivery is something that is sent of a unit.
type delivery struct {
	unit    *unit
	body    io.ReadSeeker // appended to the result; closed by close, if it can be
	last    bool          // it completes the unit
	seconds float64       // with last: that computing took
	macs    int64
	problem *wire.Problem // in place of all that: the unit cannot be done
	coding  byte          // of a band
}

// final tells whether nothing of the unit comes after it.
func (d *delivery) final() bool { return d.last || d.problem != nil }

func (d *delivery) close() error {
	if c, ok := d.body.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// pass passes a delivery on to be sent. It is false if the unit is to be forgotten. With a final one the unit is passed on, too, and ended.
func (s *session) pass(u *unit, d delivery) bool {
	select {
	case s.out <- d:
		return true
	case <-u.ctx.Done():
	}
	_ = d.close() // it is not wanted
	if d.final() {
		s.end(u)
	}
	return false
}

// send sends what comes of units.
func (s *session) send() {
	for d := range s.out {
		u := d.unit
		err := u.ctx.Err()
		if err == nil {
			err = s.deliver(d)
		}
		if err = errors.Join(err, d.close()); err != nil && u.ctx.Err() == nil {
			s.refused(u, err)
		}
		if d.final() {
			s.end(u)
		}
	}
}

func (s *session) deliver(d delivery) error {
	u := d.unit
	if d.problem != nil {
		s.Log.Warn("a unit could not be done", "unit", u.ID, "error", d.problem.Message)
		return s.Transport.Fail(u.ctx, u.ID, s.query(u), *d.problem)
	}
	if d.last {
		s.enter(u, wire.Sending)
	}
	size, err := d.body.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = d.body.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fault.As(fault.Unavailable, err)
	}
	q := s.query(u)
	q.Offset, q.Last, q.Seconds, q.MACs = u.at, d.last, d.seconds, d.macs
	begun := time.Now()
	until, err := s.Transport.Append(u.ctx, u.ID, q, d.body)
	if err != nil {
		return err
	}
	if !d.last { // of a band; what completes a unit may have to wait for a disk
		s.line.sent(size, time.Since(begun), d.coding)
	}
	if d.last {
		s.Log.Debug("a unit is done", "unit", u.ID, "kind", u.Kind, "seconds", d.seconds)
	}
	u.at += size
	if until > 0 {
		u.shorten(until)
	}
	return nil
}
