package coordinator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"classsr"
	"classsr/cluster/schedule"
	"classsr/cluster/wire"
	"classsr/infer"
	"classsr/internal/atomicfile"
	"classsr/picture"
	"classsr/pipeline"
)

const (
	// slabBytes is how much of a picture goes to a worker at a time, at most.
	slabBytes = 128 << 20
	// bandBytes is how large bands may be that workers send, and what is reserved for one.
	bandBytes = 32 << 20
	// direct is for how many bands there is memory in any case that come in their order, and go to the encoder without the disk.
	direct = 2

	// endTime is how long a picture waits for the ends of its units when all its rows are there.
	endTime = 2 * time.Second

	second = 1e9 // nanoseconds
)

// Rows has rows of a job's large pictures computed elsewhere. It is for one run of the job, and must be ended. It implements pipeline.Elsewhere.
type Rows struct {
	c      *Coordinator
	job    string
	folder string
	passes int
	room   []func() // gives back room on the disk
}

// For gives what computes rows for a run of a job.
func (c *Coordinator) For(job string) *Rows {
	return &Rows{c: c, job: job, folder: filepath.Join(c.Folder, rowsFolder, job)}
}

// End ends it. What has arrived stays on the disk if the job will be begun again.
func (r *Rows) End(again bool) {
	for _, give := range r.room {
		give()
	}
	if again {
		return
	}
	if err := os.RemoveAll(r.folder); err != nil {
		r.c.Log.Warn("rows of a picture were not removed", "job", r.job, "error", err.Error())
	}
}

// Forget removes the rows that have arrived of a job's pictures. If there are none it is no error.
func (c *Coordinator) Forget(job string) error {
	return os.RemoveAll(filepath.Join(c.Folder, rowsFolder, job))
}

// Takes implements pipeline.Elsewhere. Pictures are divided while there are other machines, if that is worth while and the disk has room for their rows.
func (r *Rows) Takes(up *classsr.Upscaler, c picture.Config) (rows int, bytes int64) {
	if r.c.Workers() == 0 || !up.Splits(c) || float64(up.FullMACs(c.Width, c.Height)) < r.c.Worth {
		return 0, 0
	}
	out := c
	out.Width, out.Height = c.Width*up.Scale(), c.Height*up.Scale()
	if wire.MostRows(out) < up.Scale() {
		return 0, 0
	}
	give, err := r.c.Store.Reserve(c.Bytes() + out.Bytes())
	if err != nil {
		r.c.Log.Warn("a picture is computed here: its rows from other machines have no room on the disk", "job", r.job, "error", err.Error())
		return 0, 0
	}
	r.room = append(r.room, give)
	return mostRows(c), r.c.waitBytes(out) + mostOfBand(out)
}

// mostRows is how many rows of a picture go to a worker at a time.
func mostRows(c picture.Config) int {
	return int(min(max(slabBytes/(c.Bytes()/int64(c.Height)), 1), int64(c.Height)))
}

// enlarging is a picture of which rows are computed elsewhere, and arrive. It implements pipeline.Enlargement.
type enlarging struct {
	c      *Coordinator
	id     string          // of the task
	ctx    context.Context //nolint:containedctx // of the run that it is part of, as that of an infer.Enlargement
	out    picture.Config
	scale  int
	model  string
	brief  []byte
	folder string
	watch  time.Time

	splitting sync.Mutex // held while rows of the small picture are read
	split     *infer.Split
	closed    bool

	mu     sync.Mutex
	pieces []segment // what is there, by where it begins
	news   chan struct{}
	err    error // why no more comes
	macs   int64

	due    map[*result]bool // of which rows have come, and not yet that they are all
	memory waiting
	held   *picture.Picture // what NextRows gave last, if it was in memory

	row  int // of the small picture: where NextRows goes on
	into *picture.Picture
}

// segment is a band that is on the disk, or in memory.
type segment struct {
	path        string
	offset      int64
	rows        *picture.Picture // nil: it is on the disk
	from, until int              // rows of the small picture
}

// Enlarge implements pipeline.Elsewhere.
func (r *Rows) Enlarge(ctx context.Context, s *infer.Split) (pipeline.Enlargement, error) {
	e, err := r.enlarge(ctx, s)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return e, nil
}

func (r *Rows) enlarge(ctx context.Context, s *infer.Split) (*enlarging, error) {
	brief := s.Brief()
	text, err := json.Marshal(brief)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	r.passes++
	e := &enlarging{
		c: r.c, ctx: ctx, split: s, out: s.Out(), scale: brief.Scale, model: brief.Model, brief: text, news: make(chan struct{}, 1), due: map[*result]bool{}, watch: time.Now(),
		folder: filepath.Join(r.folder, fmt.Sprintf("%d-%s", r.passes, hex.EncodeToString(sum[:8]))),
	}
	e.memory.band = mostOfBand(e.out)
	if seconds := s.Cost(0, s.Cuts()[len(s.Cuts())-1]) / second; seconds < r.c.Kept {
		e.memory.most = r.c.waitBytes(e.out)
	}
	if err := os.MkdirAll(e.folder, 0o700); err != nil {
		return nil, disk(err)
	}
	if err := e.recall(); err != nil {
		return nil, disk(err)
	}
	return e, r.c.addRows(e, brief.Picture)
}

// addRows puts a picture in line of which rows are to be computed.
func (c *Coordinator) addRows(e *enlarging, small picture.Config) error {
	cuts := e.split.Cuts()
	rows := &schedule.Rows{Cuts: cuts, Repeated: e.split.Repeated(), Memory: memoryOf(small, e.out)}
	for _, cut := range cuts {
		rows.Cost = append(rows.Cost, e.split.Cost(0, cut)/second)
	}
	for _, p := range e.pieces {
		rows.Done = append(rows.Done, [2]int{p.from, p.until})
	}
	c.mu.Lock()
	c.numbered++
	e.id = fmt.Sprintf("rows-%d", c.numbered)
	c.mu.Unlock()
	return c.add(e.id, e, schedule.Task{ID: e.id, Bytes: small.Bytes(), Rows: rows})
}

// memoryOf is about what a worker takes for so many rows: those that it gets, bands of the result, and some for networks. More rows than go at a time fit nowhere.
func memoryOf(small, out picture.Config) func(rows int) int64 {
	const networks = 48 << 20
	most, row := mostRows(small), small.Bytes()/int64(small.Height)
	return func(rows int) int64 {
		if rows > most {
			return math.MaxInt64
		}
		return int64(rows)*row + min(2*bandBytes, out.Bytes()) + networks
	}
}

// input is what a worker needs to compute some rows.
func (e *enlarging) input(u *unit) (in input, err error) {
	e.splitting.Lock()
	defer e.splitting.Unlock()
	if e.closed {
		return in, errNotYours
	}
	from, until := u.Rows[0], u.Rows[1]
	top, seen, err := e.split.Seen(e.ctx, from, until)
	if err != nil {
		return in, err
	}
	sum := sha256.Sum256(e.brief)
	brief, samples := e.c.path(u.ID+".brief"), e.c.path(u.ID+".rows")
	in.own = []string{brief, samples}
	if err := atomicfile.WritePrivate(brief, e.brief); err != nil {
		return in, disk(err)
	}
	size, err := writeSamples(samples, seen)
	if err != nil {
		return in, disk(err)
	}
	in.files = in.own
	in.pack = wire.Pack{Unit: u.ID, Files: []wire.File{
		{Task: e.id, Role: wire.Brief, Bytes: int64(len(e.brief)), Sum: sum},
		{Task: e.id, Role: wire.Samples, Bytes: size, From: from, Until: until, Top: top},
	}}
	return in, nil
}

// writeSamples writes rows to a file, as bands.
func writeSamples(path string, rows *picture.Picture) (size int64, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	c := rows.Config()
	const few = 1 << 20 // bytes of a band: enough for its samples to be alike
	each := max(int(few/(c.Bytes()/int64(c.Height))), 1)
	var band []byte
	for top := 0; top < rows.Height; top += each {
		band = wire.AppendBand(band[:0], rows.Band(top, min(top+each, rows.Height)), wire.S2)
		if _, err := f.Write(band); err != nil {
			return 0, err
		}
		size += int64(len(band))
	}
	return size, nil
}

// wake tells NextRows that something has come.
func (e *enlarging) wake() {
	select {
	case e.news <- struct{}{}:
	default:
	}
}

// die implements task.
func (e *enlarging) die(err error) {
	e.mu.Lock()
	e.err = err
	e.mu.Unlock()
	e.wake()
}

// Config implements picture.RowSource.
func (e *enlarging) Config() picture.Config { return e.out }

// NextRows implements picture.RowSource. It waits until the next rows have come.
func (e *enlarging) NextRows() (*picture.Picture, error) {
	if e.row == e.out.Height/e.scale {
		e.awaitEnds()
		return nil, io.EOF
	}
	for {
		s, err := e.next()
		if err != nil {
			return nil, err
		}
		if s.until > 0 {
			rows, err := e.read(s)
			if err == nil {
				e.row = s.until
				return rows, nil
			}
			e.damaged(s, err)
			continue
		}
		select {
		case <-e.news:
		case <-e.ctx.Done():
			return nil, e.ctx.Err()
		}
	}
}

// awaitEnds waits until those whose rows are there have told what these took, which is not much later. Who has died in between does not.
func (e *enlarging) awaitEnds() {
	const often = 5 * time.Millisecond
	over, ticker := time.Now().Add(endTime), time.NewTicker(often)
	defer ticker.Stop()
	for e.isDue() && e.ctx.Err() == nil && time.Now().Before(over) {
		<-ticker.C
	}
}

// isDue tells whether anybody has still to say what rows took that are there.
func (e *enlarging) isDue() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for r := range e.due {
		if !r.over.Load() {
			return true
		}
	}
	return false
}

// Report implements pipeline.Enlargement.
func (e *enlarging) Report() classsr.Report {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.split.Report(e.macs, time.Since(e.watch).Seconds())
}

// Close implements pipeline.Enlargement.
func (e *enlarging) Close() error {
	e.c.remove(e.id)
	e.splitting.Lock()
	defer e.splitting.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	return e.split.Close()
}
