package schedule

import "time"

// Time is a moment since the coordinator began, by a clock that never jumps.
type Time = time.Duration

// Never is what Wake gives when nothing will be to do until something happens.
const Never = Time(1<<63 - 1)

// Options are the scheduler's bounds. What is zero has the value named.
type Options struct {
	Lease Time // a worker that is silent so long is lost; 30 s
	Beat  Time // how often workers tell that they live; 5 s

	Target  Time // what a unit of pictures takes its worker, about; 4 s
	Longest Time // Target grows up to this while the coordinator is behind; 60 s

	Depth      int   // units that a worker holds at most; 2
	Batch      int   // pictures of a unit, at most; 64, and up to eight times as many while Target is longer
	BatchBytes int64 // bytes of a unit's pictures, at most, unless it is a single one; 64 MB
	BatchHead  int64 // bytes of what tells of them, the same; 1 MB

	Tries  int // a picture that failed so often, alone in a unit, is dead; 3
	Wrongs int // a worker that gave so many wrong results is quarantined; 2
}

func (o Options) filled() Options {
	fill(&o.Lease, 30*time.Second)
	fill(&o.Beat, 5*time.Second)
	fill(&o.Target, 4*time.Second)
	fill(&o.Longest, max(time.Minute, o.Target))
	fill(&o.Depth, 2)
	fill(&o.Batch, 64)
	fill(&o.BatchBytes, 64<<20)
	fill(&o.BatchHead, 1<<20)
	fill(&o.Tries, 3)
	fill(&o.Wrongs, 2)
	return o
}

func fill[T int | int64 | Time](x *T, value T) {
	if *x <= 0 {
		*x = value
	}
}

// Worker is what the scheduler has to know of a machine.
type Worker struct {
	ID     string  // never empty
	Speed  float64 // canonical seconds of work that it does in a second, as it has measured; what is not above 0 counts as 1
	Memory int64   // bytes that computing may take; 0: anything fits
	Again  bool    // it is the process of that name that is there already: nothing has vanished
	Here   bool    // it is the coordinator's own process, so it has work even while the coordinator is cut off
}

// Task is a picture that is to be computed.
type Task struct {
	ID     string  // never empty
	Cost   float64 // canonical seconds, not below 0; of rows it is told by Rows
	Bytes  int64   // of the input
	Head   int64   // bytes of what tells of it, or of what came of it
	Memory int64   // bytes that computing a whole picture takes
	Rows   *Rows   // nil: it is computed whole
	Apart  bool    // not in the coordinator's own process, which may have ended with it
}

// Rows tell how a picture can be cut. They are not changed by the scheduler, and must not be by others.
type Rows struct {
	Cuts     []int                // rows at which it can be cut, rising; the last one is its height
	Cost     []float64            // canonical seconds of all rows until each of Cuts, rising
	Repeated float64              // how many rows' work each unit adds
	Done     [][2]int             // rows that are at the coordinator already, from and until
	Memory   func(rows int) int64 // bytes that computing so many rows takes, rising; nil: none
}

// Unit is what is given to a worker: some whole pictures, or rows of one.
type Unit struct {
	ID       string
	Attempt  int      // from 1; another one each time that the unit is published
	Tasks    []string // never none; one if it is rows
	Rows     [2]int   // from and until; zero: whole pictures
	Cost     float64  // canonical seconds
	Expected Time     // what computing is expected to take this worker
}

// Held is a unit that a worker says it has.
type Held struct {
	Unit  string
	Begun bool    // it is computed, or was, and its result is sent
	Share float64 // of its work that is done, 0 to 1
}

// Why says what went wrong with a unit or a picture.
type Why string

const (
	// Picture is the picture's own fault: it would fail on any machine.
	Picture Why = "picture"
	// Elsewhere means that this machine cannot do it: it has too little memory, for instance.
	Elsewhere Why = "elsewhere"
	// Broken means that something failed that may work the next time, like a connection or a disk.
	Broken Why = "broken"
	// Wrong means that the result was not what its hash says; the machine's fault.
	Wrong Why = "wrong"
	// Vanished means that the machine was lost, or began anew, while it computed this.
	Vanished Why = "vanished"
	// TooLarge means that no machine has the memory for it. Only Dead has it.
	TooLarge Why = "too_large"
)

// Failure is one of the things that went wrong with a task.
type Failure struct {
	Worker string
	Why    Why
	Says   string // what the worker said, for people
	At     Time
}

// mostFailures is how many a task remembers, the last ones.
const mostFailures = 8

// ActionKind says what is to be done.
type ActionKind string

const (
	// Give means: publish Unit for Worker.
	Give ActionKind = "give"
	// Again means: Worker lives, but does not get its Unit. Make its consumer anew and publish Unit again, under its new Attempt.
	Again ActionKind = "again"
	// Drop means: tell Worker that Unit is not its any more. Only Unit's ID is sure to be of use.
	Drop ActionKind = "drop"
	// Shorten means: tell Worker that its Unit ends earlier, at Rows[1].
	Shorten ActionKind = "shorten"
	// Dead means: Task has failed for good, as Why and Failures say. It is forgotten here; it can be added again.
	Dead ActionKind = "dead"
	// Quarantined means: Worker gave wrong results and gets nothing until Release.
	Quarantined ActionKind = "quarantined"
	// Lost means: Worker is taken for gone. If it comes back it has to join again.
	Lost ActionKind = "lost"
)

// Action is something that the coordinator is to do. Fields that its kind does not name are zero.
type Action struct {
	Kind     ActionKind
	Worker   string
	Unit     *Unit // a copy
	Task     string
	Why      Why
	Failures []Failure // the last eight
}
