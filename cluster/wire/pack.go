package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"classsr/fault"
	"classsr/server/blobs"
)

// Pack is the header of a stream: what a unit's input or its result consists of. The files follow, one after the other.
//
//	4 bytes   length of the JSON, the lowest byte first
//	32 bytes  HighwayHash-256 of the JSON
//	          JSON, as Pack has it
//	          the files, as many bytes of each as its Bytes says
type Pack struct {
	Unit    string `json:"unit"`
	Attempt int    `json:"attempt"`
	Files   []File `json:"files"`
}

// Role says what a file is to its unit.
type Role string

// The roles: of what goes into a unit the first three, of what comes out the others, and Samples.
const (
	Picture Role = "picture" // as it was uploaded
	Brief   Role = "brief"   // what was decided about a picture that is computed in rows
	Samples Role = "rows"    // bands of rows, which have their own hashes
	Result  Role = "result"  // a picture's
	View    Role = "view"    // a result as a small JPEG
	Map     Role = "map"     // of a result's classes
)

// File is one file of a pack, or, if it has an Error, what took its place.
type File struct {
	Task  string    `json:"task"` // what it belongs to: the name of a job, mostly
	Role  Role      `json:"role"`
	Bytes int64     `json:"bytes,omitempty"`
	Sum   blobs.Sum `json:"sum,omitzero"` // SHA-256 of all roles but Samples

	// Of a Picture.
	Name   string            `json:"name,omitempty"`   // as it was uploaded, without folders
	Ending string            `json:"ending,omitempty"` // of the result, with its point; of a Result, too
	Order  map[string]string `json:"order,omitempty"`  // what is wanted of it, by the names of flags

	// Of Samples.
	From  int `json:"from,omitempty"` // rows From to Until-1 are to be computed, or were
	Until int `json:"until,omitempty"`
	Top   int `json:"top,omitempty"` // the first row that is there

	// Of a Result.
	Report  json.RawMessage `json:"report,omitempty"`
	Error   *Problem        `json:"error,omitempty"`
	Seconds float64         `json:"seconds,omitempty"` // that computing took
}

// Problem is an error that goes to another machine.
type Problem struct {
	Kind    fault.Kind `json:"kind"`
	Message string     `json:"message"`
	// Elsewhere says that the fault is not the picture's: another machine may do what this one could not.
	Elsewhere bool `json:"elsewhere,omitempty"`
}

// Limits of packs.
const (
	MostHeader  = 1 << 20 // bytes of JSON
	MostFiles   = 4096
	mostFields  = 64   // of an order
	mostProblem = 1024 // bytes of a message
	mostRow     = 1 << 31
)

// ProblemOf gives an error as it is sent, its text cut where it is very long.
func ProblemOf(err error, elsewhere bool) *Problem {
	text := strings.ToValidUTF8(err.Error(), "?")
	if len(text) > mostProblem {
		text = strings.ToValidUTF8(text[:mostProblem-3], "") + "..."
	}
	return &Problem{Kind: fault.KindOf(err), Message: text, Elsewhere: elsewhere}
}

// Err gives the error that was sent, with its kind.
func (p *Problem) Err() error { return fault.As(p.Kind, errors.New(p.Message)) }

// Size is the bytes of all files.
func (p Pack) Size() (size int64) {
	for _, f := range p.Files {
		size += f.Bytes
	}
	return size
}

// header gives the pack's head as it stands in the stream.
func (p Pack) header() ([]byte, error) {
	err := p.check()
	var text []byte
	if err == nil {
		text, err = json.Marshal(p)
	}
	if err == nil && len(text) > MostHeader {
		err = fmt.Errorf("its header has %d bytes, at most %d are sent", len(text), MostHeader)
	}
	if err != nil {
		return nil, fault.New(fault.Internal, "cannot send the files of unit %s: %w", short(p.Unit), err)
	}
	return append(head(text), text...), nil
}

// headBytes is what stands before the JSON of a pack.
const headBytes = 4 + hashBytes

// head is what stands before a header.
func head(text []byte) []byte {
	h := newHash()
	_, _ = h.Write(text) // hashes give no errors
	return h.Sum(binary.LittleEndian.AppendUint32(nil, uint32(len(text))))
}

// parsePack reads the JSON of a header.
func parsePack(text []byte) (Pack, error) {
	var p struct {
		Unit    string `json:"unit"`
		Attempt int    `json:"attempt"`
		Files   files  `json:"files"`
	}
	if err := strictly(text, &p); err != nil {
		return Pack{}, err
	}
	pack := Pack{p.Unit, p.Attempt, p.Files}
	return pack, pack.check()
}

// files are counted while they are read: a header of empty ones would take a hundred times its own size.
type files []File

// UnmarshalJSON implements json.Unmarshaler.
func (f *files) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	switch t, err := d.Token(); {
	case err == nil && t == nil: // null, as a pack without files has
		return nil
	case err != nil || t != json.Delim('['):
		return errors.New("its files are no list")
	}
	for d.More() {
		if len(*f) == MostFiles {
			return fault.New(fault.TooLarge, "it has more than %d files", MostFiles)
		}
		var one File
		if err := d.Decode(&one); err != nil {
			return err
		}
		*f = append(*f, one)
	}
	return nil
}

func (p Pack) check() error {
	if len(p.Files) > MostFiles {
		return fault.New(fault.TooLarge, "it has %d files, at most %d are allowed", len(p.Files), MostFiles)
	}
	if p.Attempt < 0 {
		return fmt.Errorf("there is no attempt %d", p.Attempt)
	}
	if err := checkName("unit", p.Unit); err != nil {
		return err
	}
	room := int64(math.MaxInt64)
	for i, f := range p.Files {
		err := f.check()
		if err == nil && f.Bytes > room {
			err = errors.New("no disk has so many bytes")
		}
		if err != nil {
			return fmt.Errorf("file %d: %w", i+1, err)
		}
		room -= f.Bytes
	}
	return nil
}

func (f File) check() error {
	switch f.Role {
	case Picture, Brief, Samples, Result, View, Map:
	default:
		return fmt.Errorf("it has the role %q, which there is not", short(string(f.Role)))
	}
	if f.Bytes < 0 || !positive(f.Seconds) {
		return errors.New("a number of it is negative")
	}
	if f.From < 0 || f.Until < f.From || f.Until >= mostRow || f.Top < 0 || f.Top > f.From {
		return fmt.Errorf("rows %d to %d, beginning at %d, cannot be", f.From, f.Until, f.Top)
	}
	if f.Error != nil {
		if err := f.Error.check(); err != nil {
			return err
		}
		if f.Bytes != 0 || f.Sum != (blobs.Sum{}) {
			return errors.New("it has both content and an error")
		}
	} else if (f.Role == Samples) != (f.Sum == blobs.Sum{}) {
		return errors.New("its sum is missing, or it is of rows and has one")
	}
	return errors.Join(checkName("task", f.Task), f.checkTexts())
}

func (f File) checkTexts() error {
	if f.Ending != "" && (len(f.Ending) > 16 || f.Ending[0] != '.' || strings.Contains(f.Ending, "..") || !named(strings.ReplaceAll(f.Ending, ".", "-"))) {
		return fmt.Errorf("%q is no ending of a file's name", short(f.Ending))
	}
	if strings.ContainsAny(f.Name, `/\`) {
		return fmt.Errorf("its name has folders: %q", short(f.Name))
	}
	if len(f.Order) > mostFields {
		return fmt.Errorf("its order has %d fields, at most %d are allowed", len(f.Order), mostFields)
	}
	for name, value := range f.Order {
		if err := errors.Join(checkName("option", name), checkText(short(name), value)); err != nil {
			return err
		}
	}
	return checkText("name", f.Name)
}

func (p *Problem) check() error {
	switch p.Kind {
	case fault.Usage, fault.Unsupported, fault.Damaged, fault.TooLarge, fault.Busy, fault.Unauthorized, fault.NotFound, fault.Conflict, fault.Unavailable, fault.Internal:
	default:
		return fmt.Errorf("its error has the kind %q, which there is not", short(string(p.Kind)))
	}
	if p.Message == "" || len(p.Message) > mostProblem {
		return fmt.Errorf("its error has a message of %d bytes, 1 to %d are allowed", len(p.Message), mostProblem)
	}
	return nil
}
