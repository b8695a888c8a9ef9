package queue

import (
	"context"
	"slices"
	"sync"

	"classsr/cluster/wire"
	"classsr/fault"
)

// Memory is a Giver within a process: for the coordinator's own cores, and for tests.
type Memory struct {
	heard Heard

	mu     sync.Mutex
	places map[string]*place
}

// NewMemory makes a Giver without places.
func NewMemory(h Heard) *Memory { return &Memory{heard: h, places: map[string]*place{}} }

// place is where units of one worker wait.
type place struct {
	units []wire.Unit
	more  chan struct{} // something has changed
	told  func(wire.Tell)
	gone  bool
}

func newPlace() *place { return &place{more: make(chan struct{}, 1)} }

func (p *place) wake() {
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// Open implements Giver.
func (m *Memory) Open(_ context.Context, worker string) (Login, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.places[worker]; old != nil {
		old.gone = true
		old.wake()
	}
	m.places[worker] = newPlace()
	return Login{User: worker}, nil
}

// at gives a worker's place. To be called with mu held.
func (m *Memory) at(worker string) (*place, error) {
	p := m.places[worker]
	if p == nil {
		return nil, fault.New(fault.NotFound, "there is no worker %s", worker)
	}
	return p, nil
}

// Give implements Giver.
func (m *Memory) Give(_ context.Context, worker string, u wire.Unit) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, err := m.at(worker)
	if err != nil {
		return err
	}
	p.units = append(p.units, u)
	p.wake()
	return nil
}

// Tell implements Giver.
func (m *Memory) Tell(worker string, t wire.Tell) error {
	m.mu.Lock()
	p, err := m.at(worker)
	var told func(wire.Tell)
	if err == nil {
		told = p.told
	}
	m.mu.Unlock()
	if told != nil {
		told(t)
	}
	return err
}

// Close implements Giver.
func (m *Memory) Close(worker string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.places[worker]; p != nil {
		p.gone = true
		p.wake()
		delete(m.places, worker)
	}
	return nil
}

// Renew implements Giver.
func (m *Memory) Renew(_ context.Context, given func() map[string][]wire.Unit) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := given()
	for worker, p := range m.places {
		p.units = slices.Clone(all[worker])
		p.wake()
	}
	return nil
}

// Join gives the other end of a worker's place. told hears what the coordinator says, from any goroutine. A worker without a place is an error of kind fault.NotFound.
func (m *Memory) Join(worker string, told func(wire.Tell)) (Taker, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, err := m.at(worker)
	if err != nil {
		return nil, err
	}
	p.told = told
	return &taker{memory: m, place: p}, nil
}

// taker is a worker's end of a place in memory.
type taker struct {
	memory *Memory
	place  *place
}

func (t *taker) Next(ctx context.Context) (wire.Unit, Receipt, error) {
	for {
		u, ok, err := t.take()
		if ok || err != nil {
			return u, receipt{}, err
		}
		select {
		case <-ctx.Done():
			return wire.Unit{}, nil, ctx.Err()
		case <-t.place.more:
		}
	}
}

func (t *taker) take() (u wire.Unit, ok bool, err error) {
	t.memory.mu.Lock()
	defer t.memory.mu.Unlock()
	p := t.place
	switch {
	case p.gone:
		p.wake() // for others who wait
		return u, false, fault.New(fault.NotFound, "the worker has no place here any more: it has to join again")
	case len(p.units) == 0:
		return u, false, nil
	}
	u, p.units = p.units[0], p.units[1:]
	if len(p.units) > 0 {
		p.wake()
	}
	return u, true, nil
}

func (t *taker) Beat(b wire.Beat) error {
	if t.memory.heard.Beat != nil {
		t.memory.heard.Beat(b)
	}
	return nil
}

func (t *taker) Close() error { return nil }

// receipt is for units that are in memory, which do not come again.
type receipt struct{}

func (receipt) Working() error { return nil }
func (receipt) Done() error    { return nil }
