package coordinator

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"classsr/cluster/schedule"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/picture"
)

// path is the file for what a worker sends of a unit. Other runs of the coordinator have other ones.
func (e *enlarging) path(u *unit, worker string) string {
	return filepath.Join(e.folder, fmt.Sprintf("%d.%s.%s.%s.%d", u.Rows[0], e.c.epoch, u.ID, worker, u.begun))
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
		e.insert(segment{path: path, offset: offset, from: row, until: until})
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
		s, rows, err := e.receive(from, r)
		if errors.Is(err, io.EOF) && from.n == 0 {
			e.giveBack(s.rows)
			break
		}
		c.Count.Bytes(0, from.n)
		s.until = r.rows + rows/e.scale
		switch {
		case err == nil && (rows%e.scale != 0 || s.until > u.Rows[1]):
			err = c.failed(u, q.Worker, schedule.Wrong, fault.New(fault.Damaged, "rows that were not asked for"))
		case from.broken != nil: // the connection: it comes again
			err = from.broken
		case s.broken != nil:
			err = disk(s.broken)
		case err != nil:
			err = c.failed(u, q.Worker, schedule.Wrong, err)
		}
		if err != nil {
			e.giveBack(s.rows)
			return err
		}
		e.mu.Lock()
		e.insert(s.segment)
		e.due[r] = true
		e.mu.Unlock()
		r.size, r.rows = r.size+from.n, s.until
		from.n = 0
		e.wake()
		c.mu.Lock()
		c.schedule.Progress(c.now(), u.ID, q.Worker, s.until)
		c.mu.Unlock()
	}
	if !q.Last {
		return nil
	}
	return c.settleRows(u, e, r, q)
}

// settleRows ends a unit of rows.
func (c *Coordinator) settleRows(u *unit, e *enlarging, r *result, q wire.Query) error {
	defer e.ended(r)
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

// received is a band that has come, and why it could not be written, if that is so.
type received struct {
	segment
	broken error
}

// receive reads a band, into memory or onto the disk, and tells how many rows of the result it has.
func (e *enlarging) receive(from *source, r *result) (received, int, error) {
	form := bandForm(e.out)
	s := received{segment: segment{from: r.rows}}
	if s.rows = e.memoryFor(r.rows); s.rows != nil { // the file has a hole there
		_, err := wire.ReadBand(from, form, s.rows)
		e.mu.Lock()
		e.memory.filled(s.rows)
		e.mu.Unlock()
		return s, s.rows.Height, err
	}
	s.path, s.offset = r.path, r.size
	to := &writing{w: io.NewOffsetWriter(r.file, r.size)}
	_, rows, err := wire.CheckBand(io.TeeReader(from, to), form)
	s.broken = to.broken
	return s, rows, err
}

// ended notes that nothing comes of a result any more.
func (e *enlarging) ended(r *result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.due, r)
}

// source counts what is read, and keeps why a body could not be read to its end.
type source struct {
	r      io.Reader
	n      int64
	broken error
}

func (s *source) Read(b []byte) (n int, err error) {
	n, err = s.r.Read(b)
	s.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		s.broken = err
	}
	return n, err
}

// writing keeps why something could not be written.
type writing struct {
	w      io.Writer
	broken error
}

func (w *writing) Write(b []byte) (n int, err error) {
	n, err = w.w.Write(b)
	w.broken = err
	return n, err
}

// next takes the band that has the next row; none, if it is not there.
func (e *enlarging) next() (found segment, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.held != nil {
		e.memory.giveBack(e.held)
		e.held = nil
	}
	for i := 0; i < len(e.pieces); i++ {
		s := e.pieces[i]
		has := s.from <= e.row && e.row < s.until
		switch {
		case has && found.until == 0:
			found, e.held = s, s.rows
		case s.rows != nil && (s.until <= e.row || has): // the same rows came from somebody else
			e.memory.giveBack(s.rows)
		default:
			continue
		}
		if s.rows != nil {
			e.pieces = slices.Delete(e.pieces, i, i+1)
			i--
		}
	}
	if found.until > 0 {
		return found, nil
	}
	return segment{}, e.err
}

// read gives the rows of a band from the next row on.
func (e *enlarging) read(s segment) (*picture.Picture, error) {
	if s.rows != nil {
		return s.rows.Band((e.row-s.from)*e.scale, s.rows.Height), nil
	}
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
