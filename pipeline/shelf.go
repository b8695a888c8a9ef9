package pipeline

import (
	"container/list"
	"crypto/sha256"
	"sync"

	"github.com/dustin/go-humanize"

	"classsr"
	"classsr/fault"
	"classsr/gpu"
	"classsr/infer"
	"classsr/models"
	"classsr/weights"
)

// Shelf keeps models that are ready to run, built-in ones and those of Files, for all pictures of a process: to open one and pack its networks for the CPU takes up to 100 ms and 30 MB
// each time. It is safe for concurrent use. What was used longest ago goes when they take more memory than allowed; pictures that still work with it do so to
// their end. A nil Shelf keeps nothing.
type Shelf struct {
	// Files, if not nil, reads models in files by their SHA-256. What it gives has the name models.InFile, and an error of it is returned as it is. It is set before
	// the shelf is used.
	Files func(sum [sha256.Size]byte) (*weights.Model, error)

	most int64

	device     *gpu.Device // nil if there is none
	deviceAuto bool

	making sync.Mutex // held while something is made: only one at a time takes memory that is not counted yet

	mu    sync.Mutex // guards what follows
	kept  map[any]*list.Element
	order list.List // of *shelved, what was used last first
	bytes int64     // of all of them
}

// NewShelf makes a Shelf for so many bytes, about, which the caller sets aside (budget.Budget.Part). What was used last stays even if it alone takes more.
func NewShelf(bytes int64) *Shelf { return &Shelf{most: bytes, kept: map[any]*list.Element{}} }

// Use has pictures computed by a device (infer.Options.Device); nil changes nothing. It is called before anything else.
func (s *Shelf) Use(d *gpu.Device, auto bool) { s.device, s.deviceAuto = d, auto }

// Choice is NewChoice of models on the shelf, for one goroutine.
func (s *Shelf) Choice(c Choice, o classsr.Options) (*Models, error) {
	m, err := NewChoice(c, o)
	if err == nil {
		m.shelf = s
	}
	return m, err
}

// MostFile is how many bytes the file of a model may have for which a shelf of so many bytes has room, with its numbers in four bytes each.
func MostFile(shelf int64) int64 { return shelf/(openBytes+readyBytes)*bytesOfNumber + besideBytes }

// Named is NewModels of the built-in model of a name, or of one of Files, for one goroutine. denoise, if not nil, is how strongly it removes noise, 0 to 1. A name
// that no model has is an error of kind fault.Usage: paths are not opened. A model of Files that takes more memory than the shelf has is one of kind fault.TooLarge.
func (s *Shelf) Named(name string, denoise *float64, o classsr.Options) (*Models, error) {
	only, err := s.open(name, denoise)
	if err != nil {
		return nil, err
	}
	m := newModels(o)
	m.only, m.shelf, m.choice.Denoise = only, s, denoise
	_, err = m.upscaler(only, only.Scales()[0])
	return m, err
}

// Upscaler makes an Upscaler of the model of a name, by options of which Scale is one of the model's. denoise and errors are as of Named.
func (s *Shelf) Upscaler(name string, denoise *float64, o classsr.Options) (*classsr.Upscaler, error) {
	m, err := s.open(name, denoise)
	if err != nil {
		return nil, err
	}
	return s.upscaler(m, denoise, o)
}

func unknownModel(name string) error {
	return fault.New(fault.Usage, "there is no built-in model %q", name)
}

// modelKey names an opened model.
type modelKey struct {
	name    string
	denoise float64 // -1 where nothing is chosen
}

func keyOf(name string, denoise *float64) modelKey {
	if denoise == nil {
		return modelKey{name, -1}
	}
	return modelKey{name, *denoise}
}

// readyKey names a model that is ready to run: all that its networks depend on.
type readyKey struct {
	modelKey
	scale, branch int
	mode          infer.Mode
	router        string
	border        infer.Border
}

// open opens a model.
func (s *Shelf) open(name string, denoise *float64) (*classsr.Model, error) {
	_, builtin := models.Find(name)
	sum, inFile := models.FileSum(name)
	inFile = inFile && s != nil && s.Files != nil
	if !builtin && !inFile && name != classsr.Bicubic {
		return nil, unknownModel(name)
	}
	return fromShelf(s, keyOf(name, denoise), func() (*classsr.Model, int64, error) {
		open := func() (*classsr.Model, error) { return classsr.Open(name) }
		if inFile {
			open = func() (*classsr.Model, error) { return s.read(sum) }
		}
		m, err := open()
		if err == nil && denoise != nil {
			m, err = m.Denoised(*denoise)
		}
		return m, openBytes * parametersOf(m), err
	})
}

// read reads a model in a file, if there is room for it.
func (s *Shelf) read(sum [sha256.Size]byte) (*classsr.Model, error) {
	file, err := s.Files(sum)
	if err != nil {
		return nil, err
	}
	m := classsr.ModelOf(file)
	need := besideBytes + (openBytes+readyBytes)*parametersOf(m)
	if file.Weak != nil {
		need += openBytes * parametersOf(classsr.ModelOf(weights.Single(file.Weak.Spec, file.Weak.Params)))
	}
	if need > s.most {
		return nil, fault.New(fault.TooLarge, "the model %s takes %s of memory, and %s are set aside for models here: allow more memory",
			m.Name(), humanize.Bytes(uint64(need)), humanize.Bytes(uint64(s.most)))
	}
	return m, nil
}

// upscaler gives an Upscaler of a model, which open has opened with that denoise.
func (s *Shelf) upscaler(m *classsr.Model, denoise *float64, o classsr.Options) (*classsr.Upscaler, error) {
	if s == nil {
		return m.Upscaler(o)
	}
	key := readyKey{keyOf(m.Name(), denoise), o.Scale, o.Branch, o.Mode, o.Router, o.Border}
	up, err := fromShelf(s, key, func() (*classsr.Upscaler, int64, error) {
		up, err := m.Upscaler(classsr.Options{Scale: o.Scale, Branch: o.Branch, Mode: o.Mode, Router: o.Router, Border: o.Border})
		return up, besideBytes + readyBytes*parametersOf(m), err
	})
	if err != nil {
		return nil, err
	}
	if s.device != nil {
		o.Device, o.DeviceAuto = s.device, s.deviceAuto
	}
	return up.With(o)
}

// Bytes that a model takes for each of its parameters, opened, and once more ready to run, where convolutions keep theirs transformed; and besides. They were
// measured of all built-in models, of which each takes less.
const (
	openBytes   = 8
	readyBytes  = 20
	besideBytes = 1 << 20
	// bytesOfNumber is what a parameter takes in a file, if not half of that.
	bytesOfNumber = 4
)

// parametersOf is how many parameters a model has.
func parametersOf(m *classsr.Model) int64 {
	if m == nil || m.Weights() == nil {
		return 0
	}
	n := 0
	for _, b := range m.Weights().Branches {
		for _, p := range b.Params {
			n += len(p.Data)
		}
	}
	return int64(n)
}

// shelved is something on the shelf. what, bytes and err are there when once is done.
type shelved struct {
	key     any
	once    sync.Once
	what    any
	bytes   int64
	err     error
	counted bool // bytes are part of the shelf's
}

// fromShelf gives what has a key, which is made if it is not there: by one goroutine, for which the others wait. What cannot be made does not stay.
func fromShelf[T any](s *Shelf, key any, create func() (T, int64, error)) (T, error) {
	if s == nil {
		what, _, err := create()
		return what, err
	}
	e := s.find(key)
	e.once.Do(func() {
		e.err = fault.New(fault.Internal, "a model was not made") // if create panics
		s.making.Lock()
		defer s.making.Unlock()
		defer s.made(e)
		what, bytes, err := create()
		e.what, e.bytes, e.err = what, max(bytes, 1), err
	})
	what, _ := e.what.(T)
	return what, e.err
}

// find gives what has a key, and puts it in front.
func (s *Shelf) find(key any) *shelved {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.kept[key]; at != nil {
		s.order.MoveToFront(at)
		return at.Value.(*shelved)
	}
	e := &shelved{key: key}
	s.kept[key] = s.order.PushFront(e)
	return e
}

// made counts what was made, and lets go what there is no room for.
func (s *Shelf) made(e *shelved) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.err != nil {
		s.order.Remove(s.kept[e.key])
		delete(s.kept, e.key)
		return
	}
	s.bytes += e.bytes
	e.counted = true
	for at := s.order.Back(); at != nil && s.bytes > s.most; {
		last := at.Value.(*shelved)
		at = at.Prev()
		if last.counted && last != e { // what is being made has its turn later
			s.bytes -= last.bytes
			s.order.Remove(s.kept[last.key])
			delete(s.kept, last.key)
		}
	}
}
