package vulkan

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ebitengine/purego"

	"classsr/fault"
	"classsr/internal/testref"
)

// use opens Vulkan and does with the first device all that there is to do.
func use(t testing.TB, o Options, cacheDir string, patience time.Duration) error {
	t.Helper()
	i, err := Open(o)
	if err != nil {
		return err
	}
	defer i.Close()
	d, err := i.Open(0, DeviceOptions{CacheDir: cacheDir, Patience: patience})
	if err != nil {
		return err
	}
	err = scale(d, 100, 3, 5)
	if err != nil && !errors.Is(err, errWrong) { // as a stub computes, which may save all the same
		return err
	}
	if saved := d.SaveCache(); saved != nil {
		return saved
	}
	return err
}

// checkTyped tells whether an error is one of those that callers can do something about.
func checkTyped(t *testing.T, what string, err error) {
	t.Helper()
	typed := errors.Is(err, ErrUnavailable) || errors.Is(err, ErrOutOfMemory) || errors.Is(err, ErrDeviceLost)
	if !typed || fault.KindOf(err) != fault.Unavailable || strings.ContainsAny(err.Error(), "\n") {
		t.Errorf("%s: %v is not typed", what, err)
	}
}

// failures are what calls may give, by the error that comes of it.
var failures = map[Result]error{
	OutOfHostMemory: ErrOutOfMemory, OutOfDeviceMemory: ErrOutOfMemory, DeviceLost: ErrDeviceLost, InitializationFailed: ErrUnavailable,
	IncompatibleDriver: ErrUnavailable, ExtensionNotPresent: ErrUnavailable, -1000000000: ErrUnavailable,
}

// TestEachCallFails lets each call of a real driver fail in turn. The validation layer says if something is left, or used wrongly.
func TestEachCallFails(t *testing.T) {
	openInstance(t, nil).Close() // or else the test is skipped
	results := []Result{OutOfDeviceMemory, InitializationFailed, OutOfHostMemory, IncompatibleDriver, DeviceLost}
	dir := t.TempDir()
	calls := 0
	for n := 1; ; n++ {
		counted, what := 0, ""
		fail := func(call string) Result {
			counted++
			if counted != n {
				return Success
			}
			what = call
			return results[n%len(results)]
		}
		complain := func(message string) { t.Errorf("call %d, %s, fails: %s", n, what, message) }
		err := use(t, Options{Validation: true, Complain: complain, Fail: fail}, dir, 0)
		if counted < n {
			if err != nil {
				t.Errorf("no call fails, and still: %v", err)
			}
			break
		}
		calls = n
		if err == nil {
			t.Errorf("call %d, %s, fails, and nobody notices", n, what)
			continue
		}
		checkTyped(t, what, err)
		if !strings.Contains(err.Error(), what) {
			t.Errorf("%v does not name %s", err, what)
		}
	}
	if calls < 40 {
		t.Errorf("only %d calls failed", calls)
	}
}

// stub is the library of testdata/stub.c.
type stub struct {
	path                           string
	arm                            func(call, result, lookup int32)
	behave                         func(lists, fences int32)
	calls, lookups, live, mistakes func() int32
}

func buildStub(t *testing.T) *stub {
	t.Helper()
	s := &stub{path: filepath.Join(t.TempDir(), "stub.so")}
	compile(t, "-shared", "-fPIC", "-Wno-unused-function", "-o", s.path, filepath.Join("testdata", "stub.c"))
	library, err := loadLibrary(s.path)
	if err != nil {
		testref.Missing(t, "gcc's library cannot be opened: %v", err)
	}
	for name, function := range map[string]any{
		"stub_arm": &s.arm, "stub_behave": &s.behave, "stub_calls": &s.calls, "stub_lookups": &s.lookups, "stub_live": &s.live, "stub_mistakes": &s.mistakes,
	} {
		address, err := librarySymbol(library, name)
		if err != nil {
			t.Fatal(err)
		}
		purego.RegisterFunc(function, address)
	}
	return s
}

// balanced checks that all was given back, once.
func (s *stub) balanced(t *testing.T, what string) {
	t.Helper()
	if s.live() != 0 || s.mistakes() != 0 {
		t.Errorf("%s: %d things are left, %d were given back twice", what, s.live(), s.mistakes())
	}
}

// TestBrokenDriver has each call of a driver fail in each way, and each function of it be missing.
func TestBrokenDriver(t *testing.T) {
	s := buildStub(t)
	o := Options{Library: s.path}
	s.arm(0, 0, 0)
	if err := use(t, o, t.TempDir(), 0); err != nil && !errors.Is(err, errWrong) {
		t.Fatal(err)
	}
	s.balanced(t, "nothing fails")
	calls, lookups := s.calls(), s.lookups()
	for result, want := range failures {
		for n := int32(1); n <= calls; n++ {
			s.arm(n, int32(result), 0)
			err := use(t, o, t.TempDir(), 0)
			checkTyped(t, "a call of a stub", err)
			unknown := errors.Is(err, ErrUnavailable) && strings.Contains(err.Error(), "stub: ") // nothing could be asked of the device
			if !errors.Is(err, want) && !unknown {
				t.Errorf("call %d gives %d, which is told as %v, want %v", n, result, err, want)
			}
			s.balanced(t, "a call fails")
		}
	}
	for n := int32(1); n <= lookups; n++ {
		s.arm(0, 0, n)
		if err := use(t, o, "", 0); err != nil && !errors.Is(err, errWrong) {
			checkTyped(t, "a function is missing", err)
		}
		if s.live() > 2 { // what cannot be destroyed: an instance, a device in it
			t.Errorf("function %d is missing: %d things are left", n, s.live())
		}
	}
}

// A library that is missing, is none, or knows no device does not keep the next one from being used; the first one that is there says why if none can be.
func TestTheNextLibraryIsTried(t *testing.T) {
	first, second := buildStub(t), buildStub(t)
	garbage := filepath.Join(t.TempDir(), "garbage.so")
	if err := os.WriteFile(garbage, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	first.arm(2, int32(IncompatibleDriver), 0)
	second.arm(0, 0, 0)
	i, err := openFirst([]string{"no-such-library.so", garbage, first.path, second.path}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	i.Close()
	if first.calls() < 2 || second.calls() < 4 {
		t.Errorf("%d calls of the first one, %d of the second", first.calls(), second.calls())
	}
	first.balanced(t, "the first one")
	second.balanced(t, "the second one")
	first.arm(1, int32(IncompatibleDriver), 0)
	second.arm(1, int32(InitializationFailed), 0)
	if _, err = openFirst([]string{"no-such-library.so", first.path, second.path}, Options{}); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "-9") {
		t.Errorf("none can be used: %v", err)
	}
}

func TestNamesOfLibraries(t *testing.T) {
	t.Setenv("VULKAN_SDK", "/sdk/macOS")
	names := librariesOf("darwin")
	if names[0] != "/sdk/macOS/lib/libvulkan.1.dylib" || !slices.Contains(names, "/opt/homebrew/lib/libMoltenVK.dylib") {
		t.Errorf("%v", names)
	}
	for _, name := range names {
		if !strings.Contains(name, "/") {
			t.Errorf("%s is looked for in the current folder", name)
		}
	}
	if loader, driver := slices.Index(names, "/usr/local/lib/libvulkan.dylib"), slices.Index(names, "/opt/homebrew/lib/libMoltenVK.dylib"); loader < 0 || driver < loader {
		t.Errorf("MoltenVK is tried before Vulkan's loader: %v", names)
	}
}

func TestDriverThatLies(t *testing.T) {
	s := buildStub(t)
	s.arm(0, 0, 0)
	s.behave(1, 0)
	if err := use(t, Options{Library: s.path}, "", 0); err != nil && !errors.Is(err, errWrong) {
		checkTyped(t, "lists without end", err)
	}
	s.balanced(t, "lists without end")
}

func TestDeviceThatDoesNotAnswer(t *testing.T) {
	s := buildStub(t)
	s.arm(0, 0, 0)
	s.behave(0, 1)
	i, err := Open(Options{Library: s.path})
	if err != nil {
		t.Fatal(err)
	}
	const patience = 50 * time.Millisecond
	d, err := i.Open(0, DeviceOptions{Patience: patience})
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.Buffer(16, Upload)
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Commands()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Begin(), c.End()); err != nil {
		t.Fatal(err)
	}
	fence, err := d.Submit(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := fence.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait that was cancelled gives %v", err)
	}
	began := time.Now()
	err = fence.Wait(context.Background())
	if took := time.Since(began); !errors.Is(err, ErrDeviceLost) || took > 20*patience {
		t.Errorf("%v after %v", err, took)
	}
	checkTyped(t, "no answer", err)
	_, more := d.Buffer(16, Local)
	_, again := d.Submit(c)
	for _, err := range []error{more, again, c.Begin(), fence.Wait(context.Background())} {
		if !errors.Is(err, ErrDeviceLost) {
			t.Errorf("a lost device gives %v", err)
		}
	}
	before := s.live()
	b.Free()
	c.Free()
	i.Close()
	if s.live() != before {
		t.Error("what the device may still use was given back")
	}
	for range 3 {
		runtime.GC() // would end the process if what C may read could be collected
	}
}

func TestErrorsOfAllResults(t *testing.T) {
	for result, want := range failures {
		err := failed(queueSubmit, result)
		if !errors.Is(err, want) || slices.ContainsFunc([]error{ErrUnavailable, ErrOutOfMemory, ErrDeviceLost}, func(other error) bool {
			return other != want && errors.Is(err, other) //nolint:errorlint // the other sentinels
		}) {
			t.Errorf("%d becomes %v", result, err)
		}
	}
}
