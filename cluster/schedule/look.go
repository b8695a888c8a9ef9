package schedule

// Counts are what has happened so far.
type Counts struct {
	Given    int // units, second copies and moved rows too
	Again    int // units published again
	Copied   int // units of pictures given to a second worker
	Moved    int // units of rows taken from another worker
	Done     int // units whose result counted
	Twice    int // results that did not: the unit was over, or somebody else's
	Failed   int // failures that workers told
	Wrong    int // results that were not what their hash says
	Lost     int // workers
	Pictures int // whole pictures that are done
	Dead     int // tasks
}

// State is a copy of what there is.
type State struct {
	Counts
	Workers []WorkerState // in the order in which they joined
	Units   []UnitState   // by their first holder's place
	Tasks   int           // not over; pictures in rows count until they are removed
	Parked  int           // pieces that no machine that is there can do
	Waiting float64       // canonical seconds of what waits
	Seconds float64       // until everything is done, about; 0 without workers
	Target  Time
	Blind   bool
}

// WorkerState is what is known of a worker.
type WorkerState struct {
	Worker
	Learned     float64  // its speed as its results say
	Units       []string // that it holds
	Done        int
	Failed      int
	Wrong       int
	Draining    bool
	Quarantined bool
}

// UnitState is a unit that is given.
type UnitState struct {
	ID      string
	Holders []string
	Tasks   int
	Rows    [2]int
	Sent    int
	Cost    float64
}

// Look gives the state.
func (s *Scheduler) Look() State {
	out := State{Counts: s.count, Tasks: len(s.tasks), Parked: len(s.parked), Waiting: s.left(), Target: s.target, Blind: s.blind}
	left := s.left()
	for _, w := range s.crew {
		x := WorkerState{
			Worker: w.Worker, Learned: w.speed, Done: w.done, Failed: w.failed, Wrong: s.wrong[w.ID],
			Draining: w.draining, Quarantined: w.quarantined,
		}
		for _, h := range w.holds {
			x.Units = append(x.Units, h.unit.id)
			if h.unit.holders[0] == h {
				left += h.left
				out.Units = append(out.Units, h.unit.state())
			}
		}
		out.Workers = append(out.Workers, x)
	}
	if s.total > 0 {
		out.Seconds = left / s.total
	}
	return out
}

func (u *unit) state() UnitState {
	x := UnitState{ID: u.id, Tasks: len(u.tasks), Rows: u.rows, Sent: u.sent, Cost: u.cost}
	for _, h := range u.holders {
		x.Holders = append(x.Holders, h.worker.ID)
	}
	return x
}
