//go:build skewed

package field

import (
	"sync/atomic"
	"time"
)

// time.SkewForTests is there in a program that skewed builds.
func init() {
	setSkew = func(seconds int64) { atomic.StoreInt64(&time.SkewForTests, seconds) }
}
