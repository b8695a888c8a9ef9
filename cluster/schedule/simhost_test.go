package schedule

import (
	"math"
	"slices"
	"time"
)

// join starts a host's process.
func (m *sim) join(h *host) {
	h.up, h.hung, h.queue, h.doing, h.sending, h.since = true, false, nil, nil, nil, m.now
	h.life++
	m.register(h)
	m.beats(h, h.life)
	if !m.faults {
		return
	}
	life := h.life
	m.at(m.now+m.some(time.Hour), func() { // it vanishes, and is there again after five minutes
		if h.life == life {
			h.up = false
			h.life++
			h.present += m.now - h.since
			m.at(m.now+5*time.Minute, func() { m.join(h) })
		}
	})
	m.at(m.now+m.some(2*time.Hour), func() { // it is stopped for two minutes
		if h.life == life {
			h.hung = true
			m.at(m.now+2*time.Minute, func() {
				if h.life == life {
					h.hung = false
					m.next(h)
				}
			})
		}
	})
}

// some is a time of this mean, as of things that happen at any moment.
func (m *sim) some(mean Time) Time { return Time(m.r.ExpFloat64() * float64(mean)) }

// register joins with a speed that is not measured well.
func (m *sim) register(h *host) {
	m.s.Join(m.now, Worker{ID: h.id, Speed: h.speed * math.Exp(m.r.NormFloat64()*0.2)})
}

// beats tells every five seconds that a host lives. One that was taken for lost drops what it has and joins again.
func (m *sim) beats(h *host, life int) {
	m.at(m.now+Time(m.r.Float64()*5e9), func() { m.beatOf(h, life) })
}

func (m *sim) beatOf(h *host, life int) {
	if !h.up || h.life != life {
		return
	}
	if !h.hung {
		m.messages++
		var has []Held
		if h.doing != nil {
			share := 0.0
			if h.doing.Rows == [2]int{} {
				share = min(float64(m.now-h.begun)/float64(max(h.doing.Expected, 1)), 0.9)
			}
			has = append(has, Held{Unit: h.doing.ID, Begun: true, Share: share})
		}
		for _, u := range h.sending {
			has = append(has, Held{Unit: u.ID, Begun: true, Share: 1})
		}
		for _, u := range h.queue {
			has = append(has, Held{Unit: u.ID})
		}
		if !m.s.Beat(m.now, h.id, has) {
			h.queue, h.doing, h.sending = nil, nil, nil
			m.register(h)
		}
		m.pump()
	}
	m.at(m.now+5*time.Second, func() { m.beatOf(h, life) })
}

// next has a host that does nothing begin with what it has.
func (m *sim) next(h *host) {
	if h.doing != nil || !h.up || h.hung || len(h.queue) == 0 {
		return
	}
	h.doing, h.queue = h.queue[0], h.queue[1:]
	h.row, h.spent = h.doing.Rows[0], 0
	m.compute(h)
}

// compute has a host do a unit of pictures, or a band of rows.
func (m *sim) compute(h *host) {
	u, life := h.doing, h.life
	cost := u.Cost
	if rows := u.Rows[1] - u.Rows[0]; rows > 0 {
		cost *= min(float64(band)/float64(rows), 1)
	}
	took := Time(cost / h.speed * math.Exp(m.r.NormFloat64()*0.15) * 1e9)
	h.begun = m.now
	var ends func()
	ends = func() {
		switch {
		case !h.up || h.life != life || h.doing != u:
			return
		case h.hung:
			m.at(m.now+5*time.Second, ends)
			return
		}
		h.worked += took
		h.spent += took
		if u.Rows != [2]int{} {
			m.sendBand(h, u)
			return
		}
		spent := h.spent
		h.doing, h.sending = nil, append(h.sending, u)
		m.messages += 4
		m.serve(m.service*2/3, func() { m.arrived(h, u, spent) })
		m.next(h)
	}
	m.at(m.now+took, ends)
}

// sendBand sends rows, and goes on with the next ones.
func (m *sim) sendBand(h *host, u *Unit) {
	h.row = min(h.row+band, u.Rows[1])
	row, last := h.row, h.row >= u.Rows[1]
	spent := h.spent
	m.messages += 2
	m.serve(m.service/10, func() {
		m.s.Progress(m.now, u.ID, h.id, row)
		if last {
			m.arrived(h, u, spent)
		}
		if t := m.s.tasks[u.Tasks[0]]; t != nil && t.area.done.has(0, m.rows) { // whoever waits for the rows has them all
			m.s.Remove(m.now, t.ID)
			m.over++
			m.pump()
		}
	})
	if last {
		h.doing, h.sending = nil, append(h.sending, u)
		m.next(h)
		return
	}
	m.compute(h)
}

// arrived takes a result at the coordinator.
func (m *sim) arrived(h *host, u *Unit, spent Time) {
	h.sending = slices.DeleteFunc(h.sending, func(x *Unit) bool { return x == u })
	_, yours := m.s.Yours(u.ID, h.id)
	switch chance := m.r.Float64(); {
	case yours && (h.rotten || m.faults && chance < 1e-4):
		m.s.Failed(m.now, u.ID, h.id, "", Wrong, "another hash")
	case yours && m.faults && chance < 1e-3:
		m.s.Failed(m.now, u.ID, h.id, u.Tasks[0], Broken, "connection")
		if u.Rows == [2]int{} {
			m.over += len(u.Tasks) - 1
			m.s.Done(m.now, u.ID, h.id, spent)
		}
	default:
		first := m.s.Done(m.now, u.ID, h.id, spent)
		if first && u.Rows == [2]int{} {
			m.over += len(u.Tasks)
		}
	}
	m.pump()
}
