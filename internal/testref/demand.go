package testref

import (
	"fmt"
	"os"
	"testing"
)

const (
	// Must names the environment variable that, if set, makes a test fail where it would be skipped for want of reference data or of
	// another program.
	Must = "CLASSSR_MUST"
	// AlsoSlow names the environment variable that, if set, makes tests run which take long and prove little more than the others.
	AlsoSlow = "CLASSSR_SLOW"
)

// Missing ends a test for want of something that lies outside the repository: it is skipped, or fails if Must is set.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	message := fmt.Sprintf(format, args...)
	if os.Getenv(Must) != "" {
		t.Fatalf("%s (%s is set, so this is a failure)", message, Must)
	}
	t.Skip(message)
}

// IsSlow tells whether slow tests run, too: AlsoSlow is set, as `make check-full` and continuous integration do.
func IsSlow() bool { return os.Getenv(AlsoSlow) != "" }

// Few gives the first n cases of a test, or all where slow tests run. n is what shows most in little time.
func Few[T any](n int, cases ...T) []T {
	if IsSlow() {
		return cases
	}
	return cases[:n]
}

// Slow skips a test unless slow ones run.
func Slow(t testing.TB) {
	t.Helper()
	if !IsSlow() {
		t.Skipf("slow: runs where %s is set", AlsoSlow)
	}
}
