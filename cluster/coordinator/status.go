package coordinator

import "time"

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
	Done    int       `json:"done"`
	Failed  int       `json:"failed"`
	Wrong   int       `json:"wrong"`
	Joined  time.Time `json:"joined"`
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
	for _, w := range look.Workers {
		m := c.members[w.ID]
		if m == nil {
			continue
		}
		x := WorkerStatus{
			ID: w.ID, Name: m.about.Name, State: "idle", Here: m.here, Version: m.about.Version, Kernel: m.about.Kernel, CPU: m.about.CPU, System: m.about.System,
			Cores: m.about.Cores, Memory: m.about.Memory, RSS: m.beat.RSS, Speed: w.Learned, Units: w.Units, Done: w.Done, Failed: w.Failed, Wrong: w.Wrong, Joined: m.joined,
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
