//go:build !windows

package stopwatch

import "time"

var began = time.Now()

func now() time.Duration { return time.Since(began) }
