// Package wire is what goes between the machines of a cluster: messages of a few hundred bytes, packs of files, bands of rows.
//
// A message (Unit, Beat, Tell, About) says who is to do what, and who lives. A pack is a stream of a header and files with their sums: what goes into a unit of
// work and what comes out of it. A band is some rows of a picture with their hash: a large picture's samples come as one band after the other.
//
// Nothing that was sent is believed. Whatever can come from another machine is checked against limits before memory is taken for it, every byte is covered by
// a hash or a check, and errors about it are of kind fault.Damaged or fault.TooLarge. Reading takes little memory beside what it gives: see ReadPack and
// ReadBand. The package knows nothing of how things are sent.
package wire

// Kind says what a unit is.
type Kind string

const (
	// Pictures is a unit of whole pictures: files in, files out.
	Pictures Kind = "pictures"
	// Rows is a unit of some rows of one large picture: samples in, samples out.
	Rows Kind = "rows"
)

// Unit is what is published: a reference to work that is fetched elsewhere. As JSON it has at most MostUnit bytes.
type Unit struct {
	ID      string  `json:"id"`
	Epoch   string  `json:"epoch"`   // of the coordinator: another one for each start of it
	Attempt int     `json:"attempt"` // how often it was given before
	Kind    Kind    `json:"kind"`
	Bytes   int64   `json:"bytes"`   // of its input
	Seconds float64 `json:"seconds"` // that it is expected to take
}

// Stage is how far a worker has come with a unit.
type Stage string

// The stages, in their order.
const (
	Waiting   Stage = "waiting"
	Fetching  Stage = "fetching"
	Computing Stage = "computing"
	Sending   Stage = "sending"
)

// Held is a unit that a worker has.
type Held struct {
	Unit    string  `json:"unit"`
	Attempt int     `json:"attempt"`
	Stage   Stage   `json:"stage"`
	Share   float64 `json:"share"` // of it that is computed, 0..1
}

// Beat is what a worker says every few seconds, and when something changed: which units it has, what it does.
type Beat struct {
	Worker   string             `json:"worker"`
	Epoch    string             `json:"epoch"`
	Seq      int                `json:"seq"` // counts its beats
	Has      []Held             `json:"has,omitempty"`
	Draining bool               `json:"draining,omitempty"` // it ends when it has done what it computes
	Waiting  float64            `json:"waiting,omitempty"`  // seconds of work that it has before it
	RSS      int64              `json:"rss,omitempty"`      // bytes of memory that it takes
	Speeds   map[string]float64 `json:"speeds,omitempty"`   // by model: canonical seconds of work done in a second
}

// Tell is what the coordinator says to a worker.
type Tell struct {
	Drop  []string       `json:"drop,omitempty"`  // units that it is to forget
	Until map[string]int `json:"until,omitempty"` // by unit: the row before which it ends now, earlier than it was given
	Join  bool           `json:"join,omitempty"`  // it is to join again
	Drain bool           `json:"drain,omitempty"` // it is to end when it has done what it computes
}

// Limits of messages.
const (
	MostUnit    = 512      // bytes of a Unit as JSON
	MostMessage = 16 << 10 // bytes of a Beat or a Tell as JSON
	mostName    = 64
	mostText    = 256
)
