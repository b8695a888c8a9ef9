package infer

import (
	"sync"

	"classsr/budget"
	"classsr/fault"
	"classsr/internal/par"
)

// With is an Upscaler of the same networks with another goal, other threads and memory, and another Progress. What is packed for the CPU is shared, and so
// are lanes that are kept for the next picture, among Upscalers that draw on the same Shared budget; so it costs nothing to make one for a single picture. Options
// that would need other networks (Scale, Mode, Branch, Router, Border) stay as they are. It returns an error of kind fault.Usage as New does.
func (u *Upscaler) With(o Options) (*Upscaler, error) {
	o.Scale, o.Mode, o.Branch, o.Router, o.Border = u.options.Scale, u.options.Mode, u.options.Branch, u.options.Router, u.options.Border
	if err := o.check(); err != nil {
		return nil, err
	}
	other := &Upscaler{
		name: u.name, options: o, mode: u.mode, threads: par.Threads(o.Threads), kernel: u.kernel,
		method: u.method, denoise: u.denoise, full: u.full, speed: u.speed, budget: o.budget(), lanes: u.lanes,
	}
	if o.Shared == nil && o.Memory > 0 { // its budget goes with it, and so must its lanes
		other.lanes = &idleLanes{}
	}
	r, routes := u.method.(*routed)
	switch {
	case routes:
		goal, err := r.newGoal(o)
		if err != nil {
			return nil, fault.Default(fault.Usage, err)
		}
		other.method = &routed{classNetworks: r.classNetworks, goal: goal}
	case o.hasGoal():
		return nil, goalWithoutRouting(u.mode, u.name)
	}
	return other, nil
}

// idleLanes are lanes that nobody uses, kept for the next picture by the budgets that they are parked in. It is safe for concurrent use.
type idleLanes struct {
	mu   sync.Mutex
	idle map[*budget.Budget][]*budget.Parked
}

// take gives all that are parked in a budget.
func (l *idleLanes) take(b *budget.Budget) []*budget.Parked {
	l.mu.Lock()
	defer l.mu.Unlock()
	idle := l.idle[b]
	delete(l.idle, b)
	return idle
}

// mostIdle bounds the handles that are kept; the budget bounds the memory behind them.
const mostIdle = 64

// keep keeps lanes that are parked in a budget for the next picture.
func (l *idleLanes) keep(b *budget.Budget, idle []*budget.Parked) {
	if len(idle) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	all := append(l.idle[b], idle...)
	if l.idle == nil {
		l.idle = map[*budget.Budget][]*budget.Parked{}
	}
	l.idle[b] = all[max(len(all)-mostIdle, 0):]
}
