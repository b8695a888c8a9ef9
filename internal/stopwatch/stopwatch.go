// Package stopwatch measures short times, of kernels and small networks, on all systems. Package time alone does not: its clock moves on
// every 15 milliseconds on Windows, and what took less took no time or all of that.
package stopwatch

import "time"

// Watch tells how long ago it was started.
type Watch struct{ start time.Duration }

// Start starts a Watch.
func Start() Watch { return Watch{now()} }

// Elapsed is the time since then.
func (w Watch) Elapsed() time.Duration { return now() - w.start }
