package gpu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"classsr/gpu/link"
	"classsr/internal/par"
)

// Limits say how long the helper may take to answer before it counts as hung.
type Limits struct {
	Hello, Open, Load, Band time.Duration
}

// usualLimits are generous: drivers compile shaders, and a band of a slow device may take seconds.
var usualLimits = Limits{Hello: 20 * time.Second, Open: 60 * time.Second, Load: 120 * time.Second, Band: 60 * time.Second}

// client is a helper that runs, and the requests that it has not answered yet. It is safe for concurrent use.
type client struct {
	process *link.Process
	limits  Limits
	wait    func() error

	writing sync.Mutex

	mu      sync.Mutex // guards what follows
	pending map[uint64]chan *link.Reply
	last    uint64
	regions int           // numbers that were given
	idle    []*idleRegion // the one that has been idle for the longest time first
	ended   chan struct{} // closed when it ends
	why     error         // it ended
}

// connect says hello to a helper of this version. If that fails, the helper is ended.
func connect(p *link.Process, version string, l Limits) (*client, error) {
	c := &client{process: p, limits: l, pending: map[uint64]chan *link.Reply{}, ended: make(chan struct{})}
	own := link.Hello{Protocol: link.Protocol, Version: version}
	hung := c.limit(l.Hello, "start")
	var other link.Hello
	err := link.Read(p.From, link.MaxReply, &other)
	if err == nil {
		err = own.Check(other)
	} else {
		err = fmt.Errorf("it says no hello (%w)", err)
	}
	if err == nil {
		err = link.Write(p.To, own)
	}
	hung.Stop()
	if err != nil {
		c.fail(fmt.Errorf("%w: the GPU helper is not used: %w", link.ErrUnavailable, err))
		_ = p.Wait() // it was ended
		return nil, c.why
	}
	c.wait = par.Start(1, func(int) error { c.listen(); return nil })
	return c, nil
}

// limit ends the helper if what is asked takes longer.
func (c *client) limit(d time.Duration, what string) *time.Timer {
	return time.AfterFunc(d, func() {
		c.fail(fmt.Errorf("%w: the GPU helper did not %s within %v, and was ended", link.ErrLost, what, d))
	})
}

// end has nobody wait for the helper any more, for this reason if it is the first one, which it tells.
func (c *client) end(why error) (first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if first = c.why == nil; first {
		c.why = why
		close(c.ended)
	}
	return first
}

// fail ends the helper at once, for this reason if it is the first one.
func (c *client) fail(why error) {
	if c.end(why) {
		c.process.Kill()
		_ = c.process.To.Close()
	}
}

// listen hands on replies until the helper ends.
func (c *client) listen() {
	for {
		r := new(link.Reply)
		err := link.Read(c.process.From, link.MaxReply, r)
		if err == nil && !c.hand(r) {
			err = fmt.Errorf("a reply to request %d, which nobody made", r.ID)
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, io.EOF) {
			c.fail(fmt.Errorf("%w: the GPU helper says what makes no sense: %w", link.ErrLost, err))
		}
		if ended := c.process.Wait(); ended != nil {
			err = ended
		}
		c.fail(fmt.Errorf("%w: the GPU helper ended (%w)", link.ErrLost, err))
		return
	}
}

// hand gives a reply to whoever waits for it.
func (c *client) hand(r *link.Reply) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	to := c.pending[r.ID]
	delete(c.pending, r.ID)
	if to != nil {
		to <- r // there is room for one
	}
	return to != nil
}

// call makes a request, which the helper has so long to answer. It returns ctx's error as soon as ctx is done: the helper does it nevertheless.
func (c *client) call(ctx context.Context, limit time.Duration, what string, r *link.Request) (*link.Reply, error) {
	answer := make(chan *link.Reply, 1)
	c.mu.Lock()
	if c.why != nil {
		defer c.mu.Unlock()
		return nil, c.why
	}
	c.last++
	r.ID = c.last
	c.pending[r.ID] = answer
	c.mu.Unlock()
	hung := c.limit(limit, what)
	defer hung.Stop()
	c.writing.Lock()
	err := link.Write(c.process.To, r)
	c.writing.Unlock()
	if err != nil {
		c.fail(fmt.Errorf("%w: the GPU helper listens no more: %w", link.ErrLost, err))
	}
	select {
	case reply := <-answer:
		return reply, reply.Error.Err()
	case <-c.ended:
		return nil, c.reason()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// reason is why it ended; nil if it has not.
func (c *client) reason() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.why
}

// region makes memory that is shared with the helper, under a new number.
func (c *client) region(ctx context.Context, bytes int64) (*link.Region, int, error) {
	r, err := link.NewRegion(bytes)
	if err != nil {
		return nil, 0, err
	}
	c.mu.Lock()
	c.regions++
	number := c.regions
	c.mu.Unlock()
	if _, err = c.call(ctx, c.limits.Open, "share memory", &link.Request{Map: &link.Map{Region: number, Path: r.Path, Size: bytes}}); err != nil {
		_ = r.Close()
		return nil, 0, err
	}
	return r, number, nil
}

// drop gives a region up. Whether the helper still hears of it does not matter.
func (c *client) drop(r *link.Region, number int) {
	_, _ = c.call(context.Background(), c.limits.Band, "give memory back", &link.Request{Unmap: number})
	_ = r.Close()
}

// patience is how long the helper may take to end by itself: it keeps what drivers made of shaders then.
const patience = 2 * time.Second

// close ends the helper. What is under way ends with link.ErrLost.
func (c *client) close() {
	c.end(fmt.Errorf("%w: closed", link.ErrLost))
	late := time.AfterFunc(patience, c.process.Kill)
	defer late.Stop()
	_ = c.process.To.Close() // which it sees
	_ = c.wait()
	c.giveUpIdle()
}
