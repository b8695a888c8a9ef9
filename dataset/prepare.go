package dataset

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"classsr"
	"classsr/fault"
	"classsr/imageio"
	"classsr/infer"
	"classsr/internal/atomicfile"
	"classsr/internal/par"
	"classsr/internal/sysmem"
)

// PrepareOptions are what Prepare is told.
type PrepareOptions struct {
	Settings
	Threads   int
	Overwrite bool
	// Memory bounds, in bytes, what all threads together hold of pictures; 0 means four fifths of the memory that the process may use. A
	// picture that takes more alone is left out.
	Memory int64
	// Model is the judge, nil for none, of which the full-width network judges; Settings.Judge is its name.
	Model *classsr.Model
	// Progress, if not nil, is told how many of all versions of the pictures are in the file, and how many patches they gave.
	Progress func(done, total, patches int)
	// Note, if not nil, is called with remarks for the user: that a run is resumed, or that a file cannot be read.
	Note func(text string)
}

// Summary says what is in a file.
type Summary struct {
	Settings   Settings  `json:"settings"`
	Pictures   int       `json:"pictures"` // that gave patches
	Patches    int       `json:"patches"`
	Thinned    int       `json:"thinned"`    // flat patches left out
	Thresholds []float64 `json:"thresholds"` // of the classes, in dB, falling
	Skipped    []Source  `json:"skipped"`    // files that could not be used
}

// Prepare cuts the pictures of folders into patches and writes them to a file. A file that cannot be read is noted and left out. What
// is done goes to path.partial as it is done; if that is there already, made from the same pictures with the same settings, the work
// goes on where it ended, so a run may be stopped (or killed) at any time. The bytes of the file depend on the pictures, the settings
// and the judge, not on threads, times and interruptions. An error says which file it is about; it is of kind fault.Busy if the file is
// being prepared already.
func Prepare(ctx context.Context, folders []string, path string, o PrepareOptions) (*Summary, error) {
	if o.Degradation != nil {
		o.Degradation.SetDefaults()
	}
	if err := o.Check(); err != nil {
		return nil, err
	}
	files, err := findFiles(folders)
	if err != nil {
		return nil, err
	}
	p := &preparation{PrepareOptions: o, files: files, partial: path + ".partial", memory: sysmem.Allowed(o.Memory)}
	if p.Note == nil {
		p.Note = func(string) {}
	}
	p.written = sync.NewCond(&p.mu)
	unlock, err := p.lock(path)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if _, err := os.Lstat(path); err == nil && !o.Overwrite {
		return nil, fault.New(fault.Conflict, "cannot write %s: %w", path, atomicfile.ErrExists)
	}
	if p.sources, err = p.look(ctx); err != nil {
		return nil, err
	}
	for _, s := range p.sources {
		if s.Error != "" {
			p.Note(s.Name + ": left out: " + s.Error)
		}
	}
	summary, err := p.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.partial, err)
	}
	if err := os.Rename(p.partial, path); err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", path, cause(err))
	}
	return summary, nil
}

// preparation is a run of Prepare.
type preparation struct {
	PrepareOptions
	files   []file
	sources []Source
	partial string
	out     *os.File
	offset  int64
	memory  int64 // that all jobs together may take
	room    *room

	mu      sync.Mutex
	written *sync.Cond // next has grown, or the run has failed
	next    int        // job to be written
	failed  bool
	entries []entry
	patches []patch
}

func (p *preparation) run(ctx context.Context) (*Summary, error) {
	if err := p.resume(); err != nil {
		return nil, err
	}
	defer func() { _ = p.out.Close() }() // after a failure; finish closes it and looks
	first := p.next
	p.room = newRoom(p.memory, first)
	jobs := p.jobs() - first
	threads := min(par.Threads(p.Threads), jobs)
	cutters := make([]cutter, threads)
	for i := range cutters {
		cutters[i] = cutter{Settings: p.Settings, model: p.Model}
		if p.Model == nil {
			continue
		}
		var err error
		if cutters[i].judge, err = p.Model.Upscaler(classsr.Options{Scale: p.Scale, Mode: classsr.ModeFull, Border: infer.BorderZero, Threads: 1}); err != nil {
			return nil, err
		}
	}
	err := par.Do(ctx, threads, jobs, func(worker, i int) (err error) {
		done := false
		defer func() {
			if !done || err != nil { // or it has panicked, and those that wait for its turn to pass would wait for ever
				p.fail()
			}
		}()
		err = p.job(ctx, cutters[worker], first+i)
		done = true
		return err
	})
	if err != nil {
		return nil, err
	}
	return p.finish()
}

// resume opens the file of an earlier run behind its last complete entry, or makes a new one.
func (p *preparation) resume() error {
	text, err := json.Marshal(header{p.Settings, p.sources})
	if err != nil {
		return err
	}
	if p.out, err = os.OpenFile(p.partial, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return cause(err)
	}
	p.read(text)
	if p.next > 0 {
		p.Note(fmt.Sprintf("continuing after %d of %d steps of an earlier run", p.next, p.jobs()))
	}
	if p.offset == 0 { // nothing that can be used
		p.offset = int64(len(fileMagic))
		if _, err := p.out.WriteAt([]byte(fileMagic), 0); err != nil {
			return cause(err)
		}
		if err := p.append(record{text: text}); err != nil {
			return cause(err)
		}
	}
	return cause(p.out.Truncate(p.offset))
}

// read takes what can be used of an earlier run: entries in their order, up to one that is damaged or cut.
func (p *preparation) read(text []byte) {
	info, err := p.out.Stat()
	if err != nil {
		return
	}
	in := io.NewSectionReader(p.out, 0, info.Size())
	magic := make([]byte, len(fileMagic))
	if _, err := io.ReadFull(in, magic); err != nil || string(magic) != fileMagic {
		return
	}
	at := int64(len(magic))
	for i := -1; ; i++ {
		rec, err := readRecord(in, info.Size()-at)
		switch {
		case err != nil:
			return
		case i < 0 && !bytes.Equal(rec.text, text): // made of other pictures, or otherwise
			return
		case i >= 0 && p.take(rec, at, i) != nil:
			return
		}
		at += rec.size()
		p.offset = at
	}
}

// take adds the entry of a record at an offset, which must be that of a job.
func (p *preparation) take(rec record, at int64, job int) error {
	var e entry
	if err := json.Unmarshal(rec.text, &e); err != nil {
		return err
	}
	if err := e.check(); err != nil {
		return err
	}
	if job >= p.jobs() {
		return errCut
	}
	columns, rows := e.tiles()
	tiles := columns * rows * tileBytes(p.Scale)
	if source, v := p.version(job); e.Source != source || e.Factor != v.factor || e.Variant != v.variant ||
		len(rec.payload) != tiles+e.Patches*entrySize {
		return errCut
	}
	if e.Offset = 0; tiles > 0 {
		e.Offset = at + recordSize + int64(len(rec.text))
	}
	e.TileSums = tileSums(rec.payload[:tiles], tileBytes(p.Scale))
	for table := rec.payload[tiles:]; len(table) > 0; table = table[entrySize:] {
		line := readPatch(table)
		line.entry = int32(len(p.entries))
		p.patches = append(p.patches, line)
	}
	p.entries = append(p.entries, e)
	p.next = job + 1
	return nil
}

// jobs is the number of versions of all pictures.
func (p *preparation) jobs() int { return len(p.files) * len(p.Factors) * p.variants() }

// version is what a job makes, and the source that it makes it of.
func (p *preparation) version(job int) (source int, v version) {
	variants := p.variants()
	sizes := job / variants
	source = sizes / len(p.Factors)
	return source, version{p.sources[source].SHA256, p.Factors[sizes%len(p.Factors)], job % variants}
}

// job makes one version of one picture and writes it when its turn comes.
func (p *preparation) job(ctx context.Context, c cutter, i int) error {
	source, v := p.version(i)
	e, tiles, patches := entry{Factor: v.factor, Variant: v.variant}, []byte(nil), []patch(nil)
	defer p.room.keep(i, 0)
	if p.sources[source].Error == "" {
		decoded, err := imageio.DecodeFile(p.files[source].path, imageio.Limits{Accept: func(found imageio.Config) error {
			p.room.take(i, max(found.DecodeBytes, c.bytes(found, v.factor)))
			return nil
		}})
		if err == nil {
			e, tiles, patches, err = c.cut(ctx, decoded.Picture, v)
		}
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			e = entry{Factor: v.factor, Variant: v.variant, Error: withoutPath(err).Error()}
		}
	}
	p.room.keep(i, int64(len(tiles)))
	e.Source = source
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	for _, line := range patches {
		tiles = line.append(tiles)
	}
	return p.write(i, record{text, tiles})
}

// write appends the record of a job after those of all earlier ones.
func (p *preparation) write(job int, rec record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.next != job && !p.failed {
		p.written.Wait()
	}
	if p.failed {
		return nil // who failed says so
	}
	at := p.offset
	if err := p.append(rec); err != nil {
		return fmt.Errorf("%w; what is done is kept, and the same command continues from there", cause(err))
	}
	if err := p.take(rec, at, job); err != nil {
		return err
	}
	if e := p.entries[job]; e.Error != "" && e.Factor == p.Factors[0] && e.Variant == 0 {
		p.Note(p.sources[e.Source].Name + ": left out: " + e.Error)
	}
	if p.Progress != nil {
		p.Progress(p.next, p.jobs(), len(p.patches))
	}
	p.written.Broadcast()
	return nil
}

func (p *preparation) fail() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = true
	p.written.Broadcast()
	p.room.close()
}

// append writes a record at the end.
func (p *preparation) append(rec record) error {
	if err := rec.write(io.NewOffsetWriter(p.out, p.offset)); err != nil {
		return err
	}
	p.offset += rec.size()
	return nil
}

// finish writes the end of the file.
func (p *preparation) finish() (*Summary, error) {
	m := metadata{header: header{p.Settings, p.sources}, Entries: p.entries}
	for i, e := range p.entries {
		if s := &m.Sources[e.Source]; e.Error != "" && s.Error == "" {
			s.Error = e.Error
		}
		m.Entries[i].Error = ""
	}
	if len(p.patches) == 0 {
		return nil, fault.New(fault.Usage, "no patches: no picture could be read that has at least %[1]dx%[1]d pixels", p.Patch*p.Scale)
	}
	if p.Model != nil {
		m.Thresholds = thresholds(p.patches, p.Classes)
	}
	if err := writeEnd(io.NewOffsetWriter(p.out, p.offset), p.offset, p.patches, m); err != nil {
		return nil, cause(err)
	}
	if err := p.out.Sync(); err != nil {
		return nil, cause(err)
	}
	return m.summary(len(p.patches)), cause(p.out.Close())
}

func (m *metadata) summary(patches int) *Summary {
	s := &Summary{Settings: m.Settings, Patches: patches, Thresholds: m.Thresholds, Skipped: []Source{}}
	used := map[int]bool{}
	for _, e := range m.Entries {
		s.Thinned += e.Thinned
		used[e.Source] = used[e.Source] || e.Patches > 0
	}
	for i, source := range m.Sources {
		switch {
		case used[i]:
			s.Pictures++
		case source.Error == "":
			source.Error = fmt.Sprintf("smaller than a patch of %[1]dx%[1]d pixels", m.Settings.Patch*m.Settings.Scale)
			fallthrough
		default:
			s.Skipped = append(s.Skipped, source)
		}
	}
	return s
}

// withoutPath leaves out the path that package imageio puts before its errors.
func withoutPath(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return cause(inner)
	}
	return err
}

// cause leaves out the operation and path that the os package puts before its cause.
func cause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
