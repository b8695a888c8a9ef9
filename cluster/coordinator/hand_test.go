package coordinator

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"classsr"
	"classsr/cluster/queue"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/infer"
	"classsr/picture"
	"classsr/server/blobs"
)

// shelf is a Store in a folder.
type shelf struct{ folder string }

func (s shelf) Picture(sum blobs.Sum) string     { return filepath.Join(s.folder, sum.String()) }
func (s shelf) Result(job, ending string) string { return filepath.Join(s.folder, job+ending) }
func (s shelf) Reserve(int64) (func(), error)    { return func() {}, nil }
func (s shelf) put(t *testing.T, text string) blobs.Sum {
	t.Helper()
	sum := sumOf(text)
	if err := os.WriteFile(s.Picture(sum), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return sum
}

func sumOf(text string) blobs.Sum { return sha256.Sum256([]byte(text)) }

// bench is a coordinator that runs, with a queue in memory.
type bench struct {
	*Coordinator
	shelf
	places *places
}

// places is a queue in memory. before, if there is one, is called when the queue is about to be made anew.
type places struct {
	*queue.Memory
	before atomic.Pointer[func()]
}

func (p *places) Renew(ctx context.Context, given func() map[string][]wire.Unit) error {
	if before := p.before.Load(); before != nil {
		(*before)()
	}
	return p.Memory.Renew(ctx, given)
}

const version = "1.2.3"

// start runs a coordinator in a folder until the test ends, or stop is called.
func start(t *testing.T, folder string, lease time.Duration) (b *bench, stop func()) {
	t.Helper()
	s := shelf{folder: t.TempDir()}
	c, err := New(Options{Folder: folder, Store: s, Version: version, Models: blobs.Sum{1}, Lease: lease})
	if err != nil {
		t.Fatal(err)
	}
	m := &places{Memory: queue.NewMemory(c.Heard())}
	c.Serve(m)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return &bench{c, s, m}, stop
}

// hand is a worker as a test wants it.
type hand struct {
	t      *testing.T
	bench  *bench
	taker  queue.Taker
	id     string
	result func(text string) (string, *wire.Problem) // of a picture; nil: "enlarged " and its text
	spoil  func(stream []byte)                       // changes what is sent
	stops  func() bool                               // tells it to do nothing more, and say nothing
	gives  bool                                      // it says so when a unit is not its any more
	bands  atomic.Int32                              // that it has sent
}

func about(name string) wire.About {
	return wire.About{Name: name, Version: version, Kernel: "avx2", Cores: 2, Memory: 1 << 30, Speed: 1, Models: blobs.Sum{1}}
}

// join lets a hand work until the test ends.
func (b *bench) join(t *testing.T, h *hand, name string) *hand {
	t.Helper()
	joined, err := b.Join(t.Context(), "alice", about(name))
	if err != nil {
		t.Fatal(err)
	}
	h.t, h.bench, h.id = t, b, joined.Worker
	if h.taker, err = b.places.Join(joined.Worker, nil); err != nil {
		t.Fatal(err)
	}
	go h.work(t.Context(), joined.Epoch)
	return h
}

func (h *hand) stopped() bool { return h.stops != nil && h.stops() }

func (h *hand) work(ctx context.Context, epoch string) {
	for ctx.Err() == nil && !h.stopped() {
		u, receipt, err := h.taker.Next(ctx)
		if err != nil {
			return
		}
		if h.stopped() {
			return
		}
		_ = h.taker.Beat(wire.Beat{Worker: h.id, Epoch: epoch, Has: []wire.Held{{Unit: u.ID, Stage: wire.Computing}}})
		err = h.unit(ctx, u)
		if h.gives && fault.KindOf(err) == fault.NotFound {
			_ = h.taker.Beat(wire.Beat{Worker: h.id, Epoch: epoch}) // it has it no longer
		}
		if err != nil && fault.KindOf(err) != fault.NotFound && fault.KindOf(err) != fault.Damaged {
			h.t.Errorf("%s: %v", u.ID, err)
		}
		_ = receipt.Done()
	}
}

// unit does a unit.
func (h *hand) unit(ctx context.Context, u wire.Unit) error {
	in, _, err := h.bench.input(ctx, u.ID, h.id)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, brief := wire.Pack{Unit: u.ID, Attempt: u.Attempt}, infer.Brief{}
	var files [][]byte
	var samples *picture.Picture
	var from, until, top int
	err = wire.ReadPack(in, 1<<30, nil, func(f wire.File, r io.Reader) error {
		switch f.Role {
		case wire.Brief:
			return json.NewDecoder(r).Decode(&brief)
		case wire.Samples:
			from, until, top = f.From, f.Until, f.Top
			samples, err = readAll(r, brief.Picture)
			return err
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		result, problem := "enlarged "+string(text), (*wire.Problem)(nil)
		if h.result != nil {
			result, problem = h.result(string(text))
		}
		file := wire.File{Task: f.Task, Role: wire.Result, Error: problem}
		if problem == nil {
			file.Bytes, file.Sum, file.Ending, file.Report = int64(len(result)), sha256.Sum256([]byte(result)), f.Ending, json.RawMessage(`{}`)
			files = append(files, []byte(result))
		} else {
			files = append(files, nil)
		}
		out.Files = append(out.Files, file)
		return nil
	})
	if err != nil {
		return err
	}
	if samples != nil {
		return h.rows(ctx, u, brief, samples, from, until, top)
	}
	var stream bytes.Buffer
	if err := wire.WritePack(&stream, out, func(i int) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files[i])), nil }); err != nil {
		return err
	}
	h.spoiled(stream.Bytes())
	half := int64(stream.Len() / 2)
	q := wire.Query{Worker: h.id, Attempt: u.Attempt}
	if _, _, err := h.bench.append(u.ID, q, bytes.NewReader(stream.Bytes()[:half])); err != nil {
		return err
	}
	offset, _, err := h.bench.append(u.ID, q, bytes.NewReader(nil))
	if fault.KindOf(err) == fault.NotFound { // it went to another one
		return err
	}
	if !errors.Is(err, errOffset) || offset != half {
		h.t.Errorf("going on from 0 gives %v, %d", err, offset)
	}
	q.Offset, q.Last, q.Seconds = half, true, 0.01
	_, _, err = h.bench.append(u.ID, q, bytes.NewReader(stream.Bytes()[half:]))
	return err
}

func (h *hand) spoiled(stream []byte) {
	if h.spoil != nil {
		h.spoil(stream)
	}
}

// readAll reads bands of a picture's rows.
func readAll(r io.Reader, c picture.Config) (*picture.Picture, error) {
	var bands []*picture.Picture
	height := 0
	for {
		band, err := wire.ReadBand(r, c, nil)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		bands = append(bands, band)
		height += band.Height
	}
	c.Height = height
	all, top := c.New(), 0
	for _, b := range bands {
		copy(all.Band(top, top+b.Height).Pix8, b.Pix8)
		top += b.Height
	}
	return all, nil
}

// rows computes rows and sends them band by band.
func (h *hand) rows(ctx context.Context, u wire.Unit, brief infer.Brief, samples *picture.Picture, from, until, top int) error {
	m, err := classsr.Open(brief.Model)
	if err != nil {
		return err
	}
	up, err := m.Upscaler(brief.Options())
	if err != nil {
		return err
	}
	parts, err := up.Parts(brief)
	if err != nil {
		return err
	}
	e, err := parts.Begin(ctx, from, until, top, samples, nil)
	if err != nil {
		return err
	}
	defer func() { _ = e.Close() }()
	q := wire.Query{Worker: h.id, Attempt: u.Attempt}
	for {
		rows, err := e.NextRows()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if h.stopped() {
			return nil
		}
		band := wire.AppendBand(nil, rows, wire.S2)
		h.spoiled(band)
		if q.Offset, _, err = h.bench.append(u.ID, q, bytes.NewReader(band)); err != nil {
			return err
		}
		h.bands.Add(1)
	}
	q.Last, q.Seconds, q.MACs = true, 0.1, e.Report().MACs
	_, _, err = h.bench.append(u.ID, q, bytes.NewReader(nil))
	return err
}
