package coordinator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"classsr/cluster/queue"
	"classsr/cluster/schedule"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/server/problem"
)

// member is a worker that has joined.
type member struct {
	id     string
	owner  string // name of its token
	about  wire.About
	joined time.Time
	here   bool // it is in this process
	queue  queue.Giver
	beat   wire.Beat // the last
	heard  schedule.Time

	quarantined bool
	draining    bool // it gets nothing more
}

// able tells whether it can be given something.
func (m *member) able() bool { return !m.quarantined && !m.draining }

// Join takes a worker in, which has shown a token of that name. A worker of another version, or with other models, is refused by an error of kind fault.Conflict, one
// in quarantine by one of kind problem.Forbidden.
func (c *Coordinator) Join(ctx context.Context, owner string, about wire.About) (wire.Joined, error) {
	return c.join(ctx, &member{id: memberID(owner, about.Name), owner: owner, about: about, queue: c.queue})
}

// join takes in a member.
func (c *Coordinator) join(ctx context.Context, m *member) (wire.Joined, error) {
	switch {
	case m.queue == nil:
		return wire.Joined{}, fault.New(fault.NotFound, "this server takes no workers: start it with --cluster-listen")
	case m.about.Version != c.Version:
		return wire.Joined{}, fault.New(fault.Conflict, "this server is classsr %s, and the worker %s: install the same version on both", c.Version, m.about.Version)
	case m.about.Models != c.Models:
		return wire.Joined{}, fault.New(fault.Conflict, "the worker has other models than this server: install the same program on both")
	}
	c.mu.Lock()
	err := c.mayJoin(m)
	c.mu.Unlock()
	if err != nil {
		return wire.Joined{}, err
	}
	m.joined = time.Now()
	login, err := m.queue.Open(ctx, m.id)
	if err != nil {
		return wire.Joined{}, fault.Default(fault.Unavailable, err)
	}
	c.mu.Lock()
	m.heard = c.now()
	old := c.members[m.id]
	taken := c.schedule.Join(c.now(), schedule.Worker{
		ID: m.id, Speed: m.about.Speed, Memory: m.about.Memory, Here: m.here, Again: old != nil && old.sameProcess(m) && m.about.Process != "",
	})
	if taken {
		c.members[m.id] = m
		c.countOthers()
	}
	c.mu.Unlock()
	if !taken {
		_ = m.queue.Close(m.id) // it gets nothing anyway
		return wire.Joined{}, fault.New(problem.Forbidden, "%s gave wrong results twice and gets nothing more: see that its memory and its processor are sound, then give "+
			"`classsr cluster release %s`", m.about.Name, m.id)
	}
	c.Log.Info("a worker has joined", "worker", m.id, "cores", m.about.Cores, "kernel", m.about.Kernel, "speed", m.about.Speed)
	c.changed()
	c.wake()
	return wire.Joined{Worker: m.id, Epoch: c.epoch, Login: login, Beat: (c.Lease / beats).Seconds()}, nil
}

// mayJoin refuses a worker for which there is no place, by an error that may pass, with mu held.
func (c *Coordinator) mayJoin(m *member) error {
	others := 0
	for _, o := range c.members {
		if !o.here && o.id != m.id {
			others++
		}
	}
	old := c.members[m.id]
	switch silent := min(2*c.Lease/beats+2*time.Second, c.Lease); {
	case !m.here && others >= c.Most:
		return fault.New(fault.Busy, "%d workers help this server, and it takes no more: start it with a larger --cluster-workers", others)
	case old != nil && !old.quarantined && !old.sameProcess(m) && c.now()-old.heard < silent:
		return fault.New(fault.Busy, "another worker called %q works here by the same token: give this one another --name; if it is the one that ran before, it is taken in after %s",
			m.about.Name, silent)
	}
	return nil
}

// sameProcess tells whether two members are one that has joined twice.
func (m *member) sameProcess(o *member) bool { return m.about.Process == o.about.Process }

// memberID names a worker for queues and files: by its own name and, since another token's worker may have the same, a few digits.
func memberID(owner, name string) string {
	const most = 40
	plain := strings.Map(func(r rune) rune {
		if r < 128 && (r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z') {
			return r
		}
		return '-'
	}, name)
	sum := sha256.Sum256([]byte(owner + "/" + name))
	return plain[:min(len(plain), most)] + "-" + hex.EncodeToString(sum[:4])
}

// beat takes what a worker says each few seconds.
func (c *Coordinator) beat(b wire.Beat) {
	c.mu.Lock()
	m := c.members[b.Worker]
	known := m != nil && b.Epoch == c.epoch && c.heard(m, b)
	deaf := known && m.draining && !b.Draining
	c.mu.Unlock()
	c.wake()
	switch {
	case deaf: // it did not hear that it is to end
		_ = m.queue.Tell(b.Worker, wire.Tell{Drain: true}) // or it is told at the next beat
	case known:
	case m != nil:
		_ = m.queue.Tell(b.Worker, wire.Tell{Join: true}) // or it notices by what it is answered
	case c.queue != nil:
		_ = c.queue.Tell(b.Worker, wire.Tell{Join: true})
	}
}

// heard takes a beat of a member, with mu held. It gives false if the worker is to join again.
func (c *Coordinator) heard(m *member, b wire.Beat) (known bool) {
	now := c.now()
	m.beat, m.heard = b, now
	if b.Draining {
		c.drain(m)
	}
	has := make([]schedule.Held, len(b.Has))
	for i, h := range b.Has {
		has[i] = schedule.Held{Unit: h.Unit, Begun: h.Stage == wire.Computing || h.Stage == wire.Sending, Share: h.Share}
		if u := c.units[h.Unit]; u != nil {
			c.progress(u, h.Share)
		}
	}
	known = c.schedule.Beat(now, m.id, has)
	if known && b.Draining && len(b.Has) == 0 {
		c.leave(m)
	}
	return known
}

// leave lets a worker go that has ended, with mu held.
func (c *Coordinator) leave(m *member) {
	c.schedule.Leave(c.now(), m.id)
	delete(c.members, m.id)
	c.left = append(c.left, m)
	c.countOthers()
	c.Log.Info("a worker has left", "worker", m.id)
	c.changed()
}

// Leave lets a worker go that has joined by a token of that name. What it has goes to others. One that is not there is an error of kind fault.NotFound.
func (c *Coordinator) Leave(owner, worker string) error {
	if err := c.owns(owner, worker); err != nil {
		return noWorker(worker)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.members[worker]; m != nil {
		c.leave(m)
	}
	c.wake()
	return nil
}

// keepOut takes the places of workers whose tokens hold no longer: they join again, and are refused.
func (c *Coordinator) keepOut(ctx context.Context) {
	ticker := time.NewTicker(lookPause)
	defer ticker.Stop()
	for c.Allowed != nil {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, m := range c.everybody() {
			if m.here || c.Allowed(m.owner) {
				continue
			}
			c.Log.Warn("the token of a worker holds no longer", "worker", m.id, "token", m.owner)
			c.mu.Lock()
			if c.members[m.id] == m {
				c.leave(m)
			}
			c.mu.Unlock()
			c.wake()
		}
	}
}

// everybody lists the members.
func (c *Coordinator) everybody() []*member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Values(c.members))
}

// Workers is how many other machines can be given something. It never waits.
func (c *Coordinator) Workers() int { return int(c.there.Load()) }

// countOthers counts them, with mu held.
func (c *Coordinator) countOthers() {
	n := int32(0)
	for _, m := range c.members {
		if !m.here && m.able() {
			n++
		}
	}
	if before := c.there.Swap(n); (before == 0) == (n == 0) {
		return
	}
	var err error
	if n > 0 {
		err = os.WriteFile(c.marker(), nil, 0o600)
	} else {
		err = os.Remove(c.marker())
	}
	if err != nil { // then the next start waits in vain, or does not wait
		c.Log.Debug("it was not noted whether there are workers", "error", err.Error())
	}
}

// Release ends the quarantine of a worker, Drain lets one end its work. One that is not there is an error of kind fault.NotFound.
func (c *Coordinator) Release(worker string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, there := c.members[worker]
	switch {
	case c.schedule.Release(c.now(), worker): // it may have gone since
		delete(c.members, worker)
		return nil
	case there:
		return fault.New(fault.Conflict, "%s is not in quarantine: there is nothing to be released", worker)
	}
	return noWorker(worker)
}

// Drain tells a worker to end when it has done what it computes.
func (c *Coordinator) Drain(worker string) error {
	c.mu.Lock()
	m := c.members[worker]
	if m != nil && !m.here {
		c.drain(m)
	}
	c.mu.Unlock()
	if m == nil || m.here {
		return noWorker(worker)
	}
	return m.queue.Tell(worker, wire.Tell{Drain: true})
}

// drain gives a worker nothing more, with mu held.
func (c *Coordinator) drain(m *member) {
	if m.draining {
		return
	}
	m.draining = true
	c.schedule.Drain(c.now(), m.id)
	c.countOthers()
	c.changed()
}

func noWorker(worker string) error {
	return fault.New(fault.NotFound, "there is no worker %q: `classsr cluster status` lists them", worker)
}
