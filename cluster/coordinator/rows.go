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
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"classsr"
	"classsr/cluster/schedule"
	"classsr/cluster/wire"
	"classsr/fault"
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
	// worthMACs is from which arithmetic on a picture is divided: some seconds of a core.
	worthMACs = 300e9
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

// Takes implements pipeline.Elsewhere. Pictures are divided while there are other machines, if that is worth while and the disk has room for their rows.
func (r *Rows) Takes(up *classsr.Upscaler, c picture.Config) (rows int, bytes int64) {
	if r.c.Workers() == 0 || !up.Splits(c) || float64(up.FullMACs(c.Width, c.Height)) < worthMACs {
		return 0, 0
	}
	out := c
	out.Width, out.Height = c.Width*up.Scale(), c.Height*up.Scale()
	if wire.MostRows(out) < up.Scale() {
		return 0, 0
	}
	give, err := r.c.Store.Reserve(out.Bytes())
	if err != nil {
		r.c.Log.Warn("a picture is computed here: its rows from other machines have no room on the disk", "job", r.job, "error", err.Error())
		return 0, 0
	}
	r.room = append(r.room, give)
	return mostRows(c), min(bandBytes, out.Bytes())
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
	brief  []byte
	sum    wire.File // the brief's
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

	row  int // of the small picture: where NextRows goes on
	into *picture.Picture
}

// segment is a band that is on the disk.
type segment struct {
	path        string
	offset      int64
	from, until int // rows of the small picture
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
		c: r.c, ctx: ctx, split: s, out: s.Out(), scale: brief.Scale, brief: text, news: make(chan struct{}, 1), watch: time.Now(),
		folder: filepath.Join(r.folder, fmt.Sprintf("%d-%s", r.passes, hex.EncodeToString(sum[:8]))),
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
	const second = 1e9 // nanoseconds
	cuts := e.split.Cuts()
	rows := &schedule.Rows{Cuts: cuts, Repeated: e.split.Repeated(), Memory: memoryOf(small, e.out)}
	for _, cut := range cuts {
		rows.Cost = append(rows.Cost, e.split.Cost(0, cut)/second)
	}
	for _, p := range e.pieces {
		rows.Done = append(rows.Done, [2]int{p.from, p.until})
	}
	c.mu.Lock()
	c.made++
	e.id = fmt.Sprintf("rows-%d", c.made)
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
func (e *enlarging) input(ctx context.Context, u *unit) (in input, err error) {
	e.splitting.Lock()
	defer e.splitting.Unlock()
	if e.closed {
		return in, errNotYours
	}
	from, until := u.Rows[0], u.Rows[1]
	top, seen, err := e.split.Seen(ctx, from, until)
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

// path is the file for what a worker sends of a unit. Other runs of the coordinator have other ones.
func (e *enlarging) path(u *unit, worker string) string {
	return filepath.Join(e.folder, fmt.Sprintf("%d.%s.%s.%s", u.Rows[0], e.c.epoch, u.ID, worker))
}

// recall finds what earlier runs have left. What cannot be used is removed.
func (e *enlarging) recall() error {
	entries, err := os.ReadDir(e.folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(e.folder, entry.Name())
		first, _, _ := strings.Cut(entry.Name(), ".")
		row, err := strconv.Atoi(first)
		if err != nil || row < 0 || e.recallFile(path, row) == 0 {
			_ = os.Remove(path) // else it only takes room until the job is over
		}
	}
	return nil
}

// recallFile takes in the bands of a file that are whole, and tells how many these are.
func (e *enlarging) recallFile(path string, row int) (bands int) {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }() // it was read only
	height, offset := e.out.Height/e.scale, int64(0)
	for {
		size, rows, err := wire.CheckBand(f, e.out)
		until := row + rows/e.scale
		if err != nil || rows%e.scale != 0 || until > height {
			return bands
		}
		e.insert(segment{path, offset, row, until})
		row, offset = until, offset+size
		bands++
	}
}

// insert takes in a band, with mu held or before anybody else knows of e.
func (e *enlarging) insert(s segment) {
	i, _ := slices.BinarySearchFunc(e.pieces, s.from, func(p segment, from int) int { return p.from - from })
	e.pieces = slices.Insert(e.pieces, i, s)
}

// appendRows takes bands that a worker sends, each of which counts when it is whole.
func (c *Coordinator) appendRows(u *unit, e *enlarging, r *result, q wire.Query, body io.Reader) error {
	from := &source{r: body}
	for {
		to := &counter{w: io.NewOffsetWriter(r.file, r.size)}
		form := e.out
		form.Height = min(form.Height, max(int(bandBytes/(e.out.Bytes()/int64(e.out.Height))), e.scale))
		size, rows, err := wire.CheckBand(io.TeeReader(from, to), form)
		if errors.Is(err, io.EOF) && to.n == 0 {
			break
		}
		c.Count.Bytes(0, to.n)
		until := r.rows + rows/e.scale
		switch {
		case from.broken != nil: // the connection: it comes again
			return from.broken
		case to.broken != nil:
			return disk(to.broken)
		case err != nil:
			return c.failed(u, q.Worker, schedule.Wrong, err)
		case rows%e.scale != 0 || until > u.Rows[1]:
			return c.failed(u, q.Worker, schedule.Wrong, fault.New(fault.Damaged, "rows that were not asked for"))
		}
		e.mu.Lock()
		e.insert(segment{r.path, r.size, r.rows, until})
		e.mu.Unlock()
		r.size, r.rows = r.size+size, until
		e.wake()
		c.mu.Lock()
		c.schedule.Progress(c.now(), u.ID, q.Worker, until)
		c.mu.Unlock()
	}
	if !q.Last {
		return nil
	}
	return c.settleRows(u, e, r, q)
}

// settleRows ends a unit of rows.
func (c *Coordinator) settleRows(u *unit, e *enlarging, r *result, q wire.Query) error {
	if until := c.untilOf(u); r.rows < until {
		return c.failed(u, q.Worker, schedule.Broken, fault.New(fault.Internal, "the worker ended before row %d of %d", r.rows, until))
	}
	e.mu.Lock()
	e.macs += q.MACs
	e.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.schedule.Done(c.now(), u.ID, q.Worker, time.Duration(q.Seconds*float64(time.Second))) {
		c.Count.Unit("twice", 0)
		return errNotYours
	}
	c.Count.Unit("done", q.Seconds)
	return nil
}

// source keeps why a body could not be read to its end.
type source struct {
	r      io.Reader
	broken error
}

func (s *source) Read(b []byte) (n int, err error) {
	if n, err = s.r.Read(b); err != nil && !errors.Is(err, io.EOF) {
		s.broken = err
	}
	return n, err
}

// counter counts what is written, and keeps why it could not be.
type counter struct {
	w      io.Writer
	n      int64
	broken error
}

func (c *counter) Write(b []byte) (n int, err error) {
	n, err = c.w.Write(b)
	c.n += int64(n)
	c.broken = err
	return n, err
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

// next finds the band that has the next row; none, if it is not there.
func (e *enlarging) next() (segment, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.pieces {
		if s.from <= e.row && e.row < s.until {
			return s, nil
		}
	}
	return segment{}, e.err
}

// read reads the rows of a band from the next row on.
func (e *enlarging) read(s segment) (*picture.Picture, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was read only
	if _, err := f.Seek(s.offset, io.SeekStart); err != nil {
		return nil, err
	}
	if e.into, err = wire.ReadBand(f, e.out, e.into); err != nil {
		return nil, err
	}
	if e.into.Height != (s.until-s.from)*e.scale {
		return nil, fault.New(fault.Damaged, "the band has changed")
	}
	return e.into.Band((e.row-s.from)*e.scale, e.into.Height), nil
}

// damaged has a band computed again that cannot be read.
func (e *enlarging) damaged(bad segment, err error) {
	e.c.Log.Warn("rows that had arrived cannot be read, and are computed again", "task", e.id, "from", bad.from, "until", bad.until, "error", err.Error())
	e.mu.Lock()
	e.pieces = slices.DeleteFunc(e.pieces, func(s segment) bool { return s == bad })
	e.mu.Unlock()
	e.c.mu.Lock()
	e.c.schedule.Damaged(e.c.now(), e.id, bad.from, bad.until)
	e.c.mu.Unlock()
	e.c.wake()
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
