package coordinator

import (
	"time"

	"classsr/cluster/schedule"
	"classsr/cluster/wire"
)

// Status is what people are told of a cluster.
type Status struct {
	Workers []WorkerStatus `json:"workers"`
	Units   int            `json:"units"`           // that workers have
	Tasks   int            `json:"tasks"`           // pictures that wait or are computed
	Seconds float64        `json:"seconds"`         // until all of these are done, about
	Done    int            `json:"done"`            // units since the server began
	Failed  int            `json:"failed"`          // and that failed
	Wrong   int            `json:"wrong"`           // of these, that gave what their hash does not say
	Lost    int            `json:"lost"`            // workers that vanished
	Blind   bool           `json:"blind,omitempty"` // the queue is cut off
}

// WorkerStatus is one machine.
type WorkerStatus struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	State   string    `json:"state"` // working, idle, draining, quarantined
	Here    bool      `json:"here,omitempty"`
	Version string    `json:"version"`
	Kernel  string    `json:"kernel"`
	CPU     string    `json:"cpu"`
	System  string    `json:"system"`
	Cores   int       `json:"cores"`
	Memory  int64     `json:"memory"`        // bytes that it may use
	RSS     int64     `json:"rss,omitempty"` // and uses
	Speed   float64   `json:"speed"`         // canonical seconds of work a second, as its results say
	Units   []string  `json:"units"`
	Doing   []Doing   `json:"doing"` // of these, what is known
	Done    int       `json:"done"`
	Failed  int       `json:"failed"`
	Wrong   int       `json:"wrong"`
	Joined  time.Time `json:"joined"`
}

// Doing is what a machine does for a unit.
type Doing struct {
	Unit     string     `json:"unit"`
	Pictures int        `json:"pictures"` // 0: the unit is rows of a large one
	Stage    wire.Stage `json:"stage"`    // "" until the machine has said that it has it
	Share    float64    `json:"share"`    // that is computed, 0 to 1
}

// Status gives the state of the cluster.
func (c *Coordinator) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	look := c.schedule.Look()
	s := Status{
		Workers: []WorkerStatus{}, Units: len(look.Units), Tasks: look.Tasks, Seconds: look.Seconds, Done: look.Done, Failed: look.Failed, Wrong: look.Wrong,
		Lost: look.Lost, Blind: look.Blind,
	}
	units := map[string]schedule.UnitState{}
	for _, u := range look.Units {
		units[u.ID] = u
	}
	for _, w := range look.Workers {
		m := c.members[w.ID]
		if m == nil {
			continue
		}
		x := WorkerStatus{
			ID: w.ID, Name: m.about.Name, State: "idle", Here: m.here, Version: m.about.Version, Kernel: m.about.Kernel, CPU: m.about.CPU, System: m.about.System,
			Cores: m.about.Cores, Memory: m.about.Memory, RSS: m.beat.RSS, Speed: w.Learned, Units: w.Units, Doing: m.doing(w.Units, units), Done: w.Done, Failed: w.Failed, Wrong: w.Wrong, Joined: m.joined,
		}
		switch {
		case w.Quarantined:
			x.State = "quarantined"
		case w.Draining:
			x.State = "draining"
		case len(w.Units) > 0:
			x.State = "working"
		}
		if x.Units == nil {
			x.Units = []string{}
		}
		s.Workers = append(s.Workers, x)
	}
	return s
}

// doing tells what a member does for its units.
func (m *member) doing(ids []string, units map[string]schedule.UnitState) []Doing {
	all := make([]Doing, len(ids))
	for i, id := range ids {
		all[i].Unit = id
		if u := units[id]; u.Rows[1] == 0 {
			all[i].Pictures = u.Tasks
		}
		for _, h := range m.beat.Has {
			if h.Unit == id {
				all[i].Stage, all[i].Share = h.Stage, h.Share
			}
		}
	}
	return all
}
