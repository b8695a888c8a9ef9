package gpu

import (
	"slices"
	"time"

	"classsr/gpu/link"
)

// idleRegion is shared memory that nobody uses at the moment. It stays for a while, since pictures often follow each other, and making and clearing it takes as long as a fast device takes for a band.
type idleRegion struct {
	*link.Region
	number int
	timer  *time.Timer // gives it up
}

const (
	// mostIdle is how many regions stay, as many as a picture has slots; of them none that is larger than largestIdle, in bytes, and none longer than idleFor.
	mostIdle    = 2
	largestIdle = 128 << 20
	idleFor     = 2 * time.Second
)

// reuse gives the smallest idle region of at least so many bytes; nil if there is none, or the helper has ended.
func (c *client) reuse(bytes int64) *idleRegion {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why != nil {
		return nil
	}
	var best *idleRegion
	for _, r := range c.idle {
		if size := len(r.Bytes); int64(size) >= bytes && (best == nil || size < len(best.Bytes)) {
			best = r
		}
	}
	if best == nil || !best.timer.Stop() { // or it is being given up
		return nil
	}
	c.remove(best)
	return best
}

// remove takes a region from the idle ones. c.mu is held.
func (c *client) remove(r *idleRegion) {
	c.idle = slices.DeleteFunc(c.idle, func(o *idleRegion) bool { return o == r })
}

// rest keeps a region for a while, or gives it up.
func (c *client) rest(region *link.Region, number int) {
	if len(region.Bytes) > largestIdle || c.reason() != nil {
		c.drop(region, number)
		return
	}
	r := &idleRegion{Region: region, number: number}
	c.mu.Lock()
	r.timer = time.AfterFunc(idleFor, func() {
		c.mu.Lock()
		c.remove(r)
		c.mu.Unlock()
		c.drop(r.Region, r.number)
	})
	c.idle = append(c.idle, r)
	oldest := c.idle[0]
	tooMany := len(c.idle) > mostIdle && oldest.timer.Stop() // or it is being given up
	if tooMany {
		c.remove(oldest)
	}
	c.mu.Unlock()
	if tooMany {
		c.drop(oldest.Region, oldest.number)
	}
}

// giveUpIdle gives all idle regions up, of a helper that has ended.
func (c *client) giveUpIdle() {
	c.mu.Lock()
	all := c.idle
	c.idle = nil
	c.mu.Unlock()
	for _, r := range all {
		if r.timer.Stop() {
			_ = r.Close() // it was only mapped
		}
	}
}
