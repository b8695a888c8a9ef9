package gpu_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"classsr/gpu"
	"classsr/gpu/gputest"
	"classsr/gpu/helper"
	"classsr/gpu/link"
)

// asHelper is set where this program is to be a helper.
const asHelper = "CLASSSR_TEST_AS_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(asHelper) != "" {
		if err := helper.Serve(context.Background(), os.Stdin, os.Stdout, gputest.Version, &gputest.Backend{}); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestADeviceIsTestedOnceAndRemembered(t *testing.T) {
	b := &gputest.Backend{}
	o := gpu.Options{Version: gputest.Version, Start: gputest.Start(b, gputest.Version), Folder: t.TempDir()}
	d, err := gpu.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	tested := b.Bands()
	if tested < 8 {
		t.Errorf("the test computed %d bands", tested)
	}
	if s := d.Seconds(1e9, 1e5, 4); !(s > 0 && s < 1000) {
		t.Errorf("%g seconds for 10^9 multiply-accumulates", s)
	}
	if d, err = gpu.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if b.Bands() != tested {
		t.Error("it was tested again")
	}
	d.Distrust("its output was black")
	if d.Usable() == nil {
		t.Error("it is usable after all")
	}
	if _, err = gpu.Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "black") {
		t.Errorf("after distrust: %v", err)
	}
	known, err := gpu.Devices(t.Context(), o)
	if err != nil || len(known) != 1 || !known[0].Tested || known[0].Verdict.Passed {
		t.Errorf("%+v, %v", known, err)
	}
	o.Again = true
	told := ""
	o.Testing = func(name string) { told += name }
	if d, err = gpu.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	d.Close()
	o.Again = false
	if d, err = gpu.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	d.Close()
	if told != known[0].Name {
		t.Errorf("told that %q is tested", told)
	}
}

// A device in the processor is not faster than the processor, so it is not even tested where that is asked for.
func TestTheProcessorIsNotFaster(t *testing.T) {
	b := &gputest.Backend{Kind: gpu.InProcessor}
	o := gpu.Options{Version: gputest.Version, Start: gputest.Start(b, gputest.Version), Faster: true}
	if _, err := gpu.Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "is the processor itself") || b.Bands() > 0 {
		t.Errorf("after %d bands: %v", b.Bands(), err)
	}
	o.Faster = false
	d, err := gpu.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
}

func TestADeviceThatComputesWronglyIsNotUsed(t *testing.T) {
	for name, spoil := range map[string]func(int64, [][]float32, int){"black": gputest.Black(1), "garbage": gputest.Garbage(1), "shifted": gputest.Shifted(3, 1)} {
		b := &gputest.Backend{Spoil: spoil}
		_, err := gpu.Open(t.Context(), gpu.Options{Version: gputest.Version, Start: gputest.Start(b, gputest.Version)})
		if !errors.Is(err, link.ErrUnavailable) || !strings.Contains(err.Error(), "test") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsNoHelper(t *testing.T) {
	good := &gputest.Backend{}
	silent := func() (*link.Process, error) {
		from, writer := io.Pipe()
		reader, to := io.Pipe()
		kill := func() { _ = writer.Close(); _ = reader.Close() }
		return &link.Process{From: from, To: to, Kill: kill, Wait: func() error { return nil }}, nil
	}
	garbage := func() (*link.Process, error) {
		_, to := io.Pipe()
		return &link.Process{From: strings.NewReader("HTTP/1.1 200 OK\r\n\r\n"), To: to, Kill: func() {}, Wait: func() error { return nil }}, nil
	}
	for name, c := range map[string]struct {
		start func() (*link.Process, error)
		want  string
	}{
		"another version": {gputest.Start(good, "other"), "install both from one release"},
		"no device":       {gputest.Start(&gputest.Backend{None: "there is no libvulkan.so.1"}, gputest.Version), "libvulkan"},
		"silent":          {silent, "did not start"},
		"garbage":         {garbage, "hello"},
		"no program":      {func() (*link.Process, error) { return gpu.StartProgram(filepath.Join(t.TempDir(), "none")) }, "cannot be started"},
	} {
		o := gpu.Options{Version: gputest.Version, Start: c.start, Limits: gpu.Limits{Hello: 100 * time.Millisecond}}
		_, err := gpu.Open(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAHelperThatIsKilledIsStartedAgain(t *testing.T) {
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(asHelper, "1")
	var mu sync.Mutex
	var last *link.Process
	start := func() (*link.Process, error) {
		p, err := gpu.StartProgram(own)
		mu.Lock()
		defer mu.Unlock()
		last = p
		return p, err
	}
	d, err := gpu.Open(t.Context(), gpu.Options{Version: gputest.Version, Start: start})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for i := range 4 {
		m, err := d.Load(t.Context(), i, networks)
		if i == 3 {
			if !errors.Is(err, link.ErrUnavailable) || d.Usable() == nil {
				t.Errorf("after three failures: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		last.Kill()
		if _, err := m.Slot(t.Context(), 1<<24); !errors.Is(err, link.ErrLost) || !strings.Contains(err.Error(), "ended") {
			t.Errorf("killed: %v", err)
		}
		m.Release()
	}
}

// Two pictures have room on the device at a time, and a third one waits until one of them is through.
func TestPicturesShareTheDevicesMemory(t *testing.T) {
	d, err := gpu.Open(t.Context(), gpu.Options{Version: gputest.Version, Start: gputest.Start(&gputest.Backend{}, gputest.Version), Memory: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	m, err := d.Load(t.Context(), "model", networks)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Release()
	if d.Memory() != 500 {
		t.Errorf("a picture may take %d bytes of 1000", d.Memory())
	}
	var release [2]func()
	for i := range release {
		if release[i], err = m.Reserve(t.Context(), d.Memory()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := m.Reserve(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third one: %v", err)
	}
	release[0]()
	again, err := m.Reserve(t.Context(), d.Memory())
	if err != nil {
		t.Fatal(err)
	}
	again()
	release[1]()
}

// A helper that may end by itself keeps what drivers made of shaders.
func TestAHelperEndsByItself(t *testing.T) {
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(asHelper, "1")
	ended := errors.New("it has not")
	start := func() (*link.Process, error) {
		p, err := gpu.StartProgram(own)
		wait := p.Wait
		p.Wait = func() error { ended = wait(); return ended }
		return p, err
	}
	d, err := gpu.Open(t.Context(), gpu.Options{Version: gputest.Version, Start: start})
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	if ended != nil {
		t.Errorf("the helper ended so: %v", ended)
	}
}

func TestTwoModelsMoreThanThereIsRoomFor(t *testing.T) {
	d, err := gpu.Open(t.Context(), gpu.Options{Version: gputest.Version, Start: gputest.Start(&gputest.Backend{}, gputest.Version)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for i := range 100 { // the helper keeps 64 at most
		m, err := d.Load(t.Context(), i, networks)
		if err != nil {
			t.Fatal(err)
		}
		m.Release()
	}
	if _, err := d.Load(t.Context(), 99, nil); err != nil { // which is there
		t.Error(err)
	}
}
