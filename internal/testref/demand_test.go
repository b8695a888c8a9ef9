package testref

import (
	"runtime"
	"testing"
)

// ended notes how a test ended, in place of ending the real one.
type ended struct {
	testing.TB
	skipped, failed bool
}

func (*ended) Helper() {}

func (e *ended) Skip(...any) {
	e.skipped = true
	runtime.Goexit()
}

func (e *ended) Skipf(string, ...any) { e.Skip() }

func (e *ended) Fatalf(string, ...any) {
	e.failed = true
	runtime.Goexit()
}

func end(t *testing.T, test func(testing.TB)) *ended {
	t.Helper()
	e := &ended{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(e)
	}()
	<-done
	return e
}

func TestMissingDataIsAFailureWhereItMustBeThere(t *testing.T) {
	t.Setenv("CLASSSR_SHARED", t.TempDir())
	t.Setenv("CI", "true") // what continuous integration elsewhere sets, without the data
	missing := func(t testing.TB) { Path(t, "reference", "params.json") }
	t.Setenv(Must, "")
	if e := end(t, missing); !e.skipped || e.failed {
		t.Errorf("without %s: %+v, want a skipped test", Must, *e)
	}
	t.Setenv(Must, "1")
	if e := end(t, missing); e.skipped || !e.failed {
		t.Errorf("with %s: %+v, want a failed test", Must, *e)
	}
}

func TestSlowTestsRunWhereTheyAreAskedFor(t *testing.T) {
	t.Setenv(AlsoSlow, "")
	if e := end(t, Slow); !e.skipped {
		t.Errorf("a slow test ran without %s", AlsoSlow)
	}
	t.Setenv(AlsoSlow, "1")
	if e := end(t, Slow); e.skipped {
		t.Errorf("a slow test was skipped with %s", AlsoSlow)
	}
}
