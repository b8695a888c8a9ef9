package coordinator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"classsr"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/infer"
	"classsr/picture"
	"classsr/server/jobs"
	"classsr/server/problem"
)

// ordered is a picture of a text that is to be enlarged.
func (b *bench) ordered(t *testing.T, text string) Picture {
	t.Helper()
	return Picture{Job: "JOB" + text, Sum: b.put(t, text), Bytes: int64(len(text)), Ending: ".png", Cost: 1}
}

// all has pictures done at the same time, and gives the errors.
func (b *bench) all(t *testing.T, n int, check func(Outcome)) map[string]error {
	t.Helper()
	var mu sync.Mutex
	errs := map[string]error{}
	var wg sync.WaitGroup
	for i := range n {
		p := b.ordered(t, fmt.Sprintf("%03d", i))
		wg.Go(func() {
			o, err := b.Do(t.Context(), p, nil)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs[p.Job] = err
				return
			}
			text, err := os.ReadFile(b.Result(p.Job, ".png"))
			if want := "enlarged " + p.Job[3:]; err != nil || string(text) != want || o.Bytes != int64(len(want)) {
				t.Errorf("%s: %q, %v", p.Job, text, err)
			}
			if check != nil {
				check(o)
			}
		})
	}
	wg.Wait()
	return errs
}

// idle sees that nothing is left of what was done.
func (b *bench) idle(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		b.mu.Lock()
		tasks, units := len(b.tasks), len(b.units)
		look := b.schedule.Look()
		b.mu.Unlock()
		files, err := filepath.Glob(filepath.Join(b.Folder, unitsFolder, "*"))
		if err != nil {
			t.Fatal(err)
		}
		if tasks == 0 && units == 0 && look.Tasks == 0 && len(look.Units) == 0 && len(files) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("left: %d tasks, %d units, %+v, %v", tasks, units, look, files)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestPicturesAreDoneByAllWorkers(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	b.join(t, &hand{}, "shed")
	b.join(t, &hand{}, "attic")
	by := map[string]int{}
	if errs := b.all(t, 60, func(o Outcome) { by[o.Worker]++ }); len(errs) > 0 {
		t.Fatal(errs)
	}
	if len(by) != 2 {
		t.Errorf("done by %v", by)
	}
	b.idle(t)
}

// Pictures that cannot be done fail by themselves, whatever is in the same unit.
func TestFailuresAreThoseOfPictures(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	var broken atomic.Int32
	h := &hand{result: func(text string) (string, *wire.Problem) {
		switch text {
		case "003":
			return "", wire.ProblemOf(fault.New(fault.Damaged, "it is cut off"), false)
		case "005":
			return "", wire.ProblemOf(fault.New(fault.TooLarge, "too large for this machine"), true)
		case "007":
			broken.Add(1)
			return "", wire.ProblemOf(fault.New(fault.Internal, "a mistake"), false)
		}
		return "enlarged " + text, nil
	}}
	b.join(t, h, "shed")
	go func() { // the other one joins later
		time.Sleep(300 * time.Millisecond)
		b.join(t, &hand{result: func(text string) (string, *wire.Problem) {
			if text == "007" {
				broken.Add(1)
				return "", wire.ProblemOf(fault.New(fault.Internal, "a mistake"), false)
			}
			return "enlarged " + text, nil
		}}, "attic")
	}()
	errs := b.all(t, 12, nil)
	var several *jobs.Failures
	if len(errs) != 2 || fault.KindOf(errs["JOB003"]) != fault.Damaged || errs["JOB003"].Error() != "it is cut off" {
		t.Error(errs)
	}
	if !errors.As(errs["JOB007"], &several) || len(several.All) != 3 || broken.Load() != 3 {
		t.Errorf("%v after %d tries", errs["JOB007"], broken.Load())
	}
	b.idle(t)
}

// A worker whose results are not what their hashes say gets nothing after the second one, and is told why.
func TestAWorkerThatFlipsBits(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	bad := b.join(t, &hand{spoil: func(stream []byte) { stream[len(stream)-3] ^= 4 }}, "shed")
	go func() {
		time.Sleep(300 * time.Millisecond)
		b.join(t, &hand{}, "attic")
	}()
	if errs := b.all(t, 20, func(o Outcome) {
		if o.Worker == bad.id {
			t.Error("a wrong result was taken")
		}
	}); len(errs) > 0 {
		t.Error(errs)
	}
	if _, err := b.Join(t.Context(), "alice", about("shed")); fault.KindOf(err) != problem.Forbidden {
		t.Error(err)
	}
	if s := b.Status(); len(s.Workers) != 2 || s.Workers[0].State != "quarantined" || s.Wrong != 2 {
		t.Errorf("%+v", s)
	}
	if err := b.Release(bad.id); err != nil {
		t.Error(err)
	}
	if _, err := b.Join(t.Context(), "alice", about("shed")); err != nil {
		t.Error(err)
	}
	b.idle(t)
}

// What a worker had that says nothing any more is done by others.
func TestAWorkerThatVanishes(t *testing.T) {
	t.Parallel()
	b, _ := start(t, t.TempDir(), time.Second)
	b.join(t, &hand{stops: func() bool { return true }}, "shed")
	go func() {
		time.Sleep(300 * time.Millisecond)
		b.join(t, &hand{}, "attic")
	}()
	if errs := b.all(t, 20, nil); len(errs) > 0 {
		t.Error(errs)
	}
	b.idle(t)
}

func TestWhoIsNotTaken(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	other, models := about("shed"), about("shed")
	other.Version, models.Models = "1.2.4", [32]byte{2}
	for _, a := range []wire.About{other, models} {
		if _, err := b.Join(t.Context(), "alice", a); fault.KindOf(err) != fault.Conflict {
			t.Error(err)
		}
	}
	h := b.join(t, &hand{stops: func() bool { return true }}, "shed")
	if err := b.owns("bob", h.id); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	if err := b.owns("alice", h.id); err != nil {
		t.Error(err)
	}
	bob, err := b.Join(t.Context(), "bob", about("shed"))
	if err != nil || bob.Worker == h.id {
		t.Errorf("bob's is called %q: %v", bob.Worker, err)
	}
	if _, _, err := b.input(t.Context(), "u1", bob.Worker); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

func TestPicturesThatAreCancelled(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	ctx, cancel := context.WithCancel(t.Context())
	begun := make(chan bool)
	go func() {
		<-begun
		cancel()
	}()
	end := make(chan bool)
	b.join(t, &hand{result: func(text string) (string, *wire.Problem) {
		begun <- true
		<-end
		return text, nil
	}}, "shed")
	p := b.ordered(t, "1")
	if _, err := b.Do(ctx, p, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(end)
	b.idle(t)
	if _, err := os.Stat(b.Result(p.Job, ".png")); err == nil {
		t.Error("its result stays")
	}
}

// Without any machine what waits ends with an error that says so.
func TestNobody(t *testing.T) {
	t.Parallel()
	b, _ := start(t, t.TempDir(), time.Second)
	if _, err := b.Do(t.Context(), b.ordered(t, "1"), nil); !errors.Is(err, ErrNobody) {
		t.Error(err)
	}
	b.idle(t)
}

// large is a picture and its enlargement.
func large(t *testing.T) (*classsr.Upscaler, *picture.Picture, *picture.Picture) {
	t.Helper()
	m, err := classsr.Open("fsrcnn-x2")
	if err != nil {
		t.Fatal(err)
	}
	up, err := m.Upscaler(classsr.Options{Scale: 2, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	in := picture.New(160, 700, 3, false, 8)
	for i := range in.Pix8 {
		in.Pix8[i] = uint8(i/3%160*(i/480)/50 + i*i/99991)
	}
	out, _, err := up.Upscale(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return up, in, out
}

// gather takes all rows.
func gather(src picture.RowSource) (*picture.Picture, error) {
	all, top := src.Config().New(), 0
	for {
		rows, err := src.NextRows()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		copy(all.Band(top, top+rows.Height).Pix8, rows.Pix8)
		top += rows.Height
	}
}

// divide has rows of a picture computed.
func (b *bench) divide(t *testing.T, r *Rows, up *classsr.Upscaler, in *picture.Picture) (*picture.Picture, error) {
	t.Helper()
	claim, err := up.ClaimSplit(t.Context(), in.Config(), in.Height, infer.Beside{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := up.Split(t.Context(), in, claim)
	if err != nil {
		t.Fatal(err)
	}
	e, err := r.Enlarge(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	out, err := gather(e)
	if report := e.Report(); err == nil && report.MACs == 0 {
		t.Errorf("%+v", report)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	return out, err
}

func same(a, b *picture.Picture) bool {
	return a.Config() == b.Config() && string(a.Pix8) == string(b.Pix8)
}

func TestRowsMakeTheSamePicture(t *testing.T) {
	t.Parallel()
	for _, kept := range []float64{0, 1e-9} { // rows wait in memory, or all on the disk
		makeTheSame(t, kept)
	}
}

func makeTheSame(t *testing.T, kept float64) {
	t.Helper()
	up, in, want := large(t)
	b, _ := start(t, t.TempDir(), 0)
	if kept > 0 {
		b.Kept = kept
	}
	b.join(t, &hand{}, "shed")
	b.join(t, &hand{}, "attic")
	r := b.For("JOB1")
	got, err := b.divide(t, r, up, in)
	if err != nil || !same(got, want) {
		t.Fatalf("it is another picture: %v", err)
	}
	expected, written := 0, 0
	if kept > 0 {
		expected = notZero(want.Pix8)
	}
	files, err := filepath.Glob(filepath.Join(r.folder, "*", "*"))
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		written += notZero(text) // holes are zeros
	}
	if err != nil || (written > 0) != (expected > 0) || written < expected {
		t.Errorf("%d samples are on the disk, of %d: %v", written, expected, err)
	}
	r.End(false)
	b.idle(t)
	if _, err := os.Stat(r.folder); err == nil {
		t.Error("its rows stay")
	}
}

func notZero(bytes []byte) (n int) {
	for _, b := range bytes {
		if b != 0 {
			n++
		}
	}
	return n
}

// Rows that have arrived are not computed again by the next run, but for those that were damaged.
func TestRowsThatWereThereBefore(t *testing.T) {
	t.Parallel()
	up, in, want := large(t)
	folder := t.TempDir()
	b, stop := start(t, folder, 0)
	b.Kept = 1e-9
	h := &hand{}
	var sent atomic.Int32
	h.stops = func() bool { return sent.Add(1) > 12 }
	b.join(t, h, "shed")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(2*time.Second, cancel)
	claim, err := up.ClaimSplit(ctx, in.Config(), in.Height, infer.Beside{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := up.Split(ctx, in, claim)
	if err != nil {
		t.Fatal(err)
	}
	r := b.For("JOB1")
	e, err := r.Enlarge(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gather(e); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	r.End(true)
	stop()
	if h.bands.Load() == 0 {
		t.Fatal("nothing had arrived")
	}
	files, err := filepath.Glob(filepath.Join(folder, rowsFolder, "JOB1", "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[0], text[:len(text)-7], 0o600); err != nil { // as after a power cut
		t.Fatal(err)
	}

	b, _ = start(t, folder, 0)
	if err := b.Sweep(func(job string) bool { return job == "JOB1" }); err != nil {
		t.Error(err)
	}
	again := b.join(t, &hand{}, "shed")
	r = b.For("JOB1")
	got, err := b.divide(t, r, up, in)
	if err != nil || !same(got, want) {
		t.Fatalf("it is another picture: %v", err)
	}
	t.Logf("%d bands had arrived, %d more were sent", h.bands.Load(), again.bands.Load())
	if again.bands.Load() == 0 {
		t.Error("what was damaged was not computed again")
	}
	r.End(false)
	if err := b.Sweep(func(string) bool { return false }); err != nil {
		t.Error(err)
	}
}

// A band that goes wrong on its way is sent by another worker; one that goes wrong on the disk is computed again.
func TestRowsThatGoWrong(t *testing.T) {
	up, in, want := large(t)
	b, _ := start(t, t.TempDir(), 0)
	b.Kept = 1e-9
	b.join(t, &hand{spoil: func(stream []byte) { stream[len(stream)-9] ^= 1 }}, "shed")
	var once sync.Once
	good := &hand{}
	r := b.For("JOB1")
	good.stops = func() bool {
		if good.bands.Load() == 3 {
			once.Do(func() { // the first band, before it is read or after
				files, _ := filepath.Glob(filepath.Join(r.folder, "*", "*"))
				for _, path := range files {
					f, err := os.OpenFile(path, os.O_RDWR, 0)
					if err == nil {
						_, _ = f.WriteAt([]byte{7}, 60)
						_ = f.Close()
					}
				}
			})
		}
		return false
	}
	go func() {
		time.Sleep(300 * time.Millisecond)
		b.join(t, good, "attic")
	}()
	got, err := b.divide(t, r, up, in)
	if err != nil || !same(got, want) {
		t.Fatalf("it is another picture: %v", err)
	}
	if s := b.Status(); s.Wrong == 0 {
		t.Errorf("%+v", s)
	}
	r.End(false)
	b.idle(t)
}
