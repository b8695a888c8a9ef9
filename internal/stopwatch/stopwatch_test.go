package stopwatch

import (
	"testing"
	"time"
)

func TestShortTimes(t *testing.T) {
	w := Start()
	for w.Elapsed() == 0 {
	}
	if got := w.Elapsed(); got > 5*time.Millisecond {
		t.Errorf("the shortest time is %v", got)
	}
	w = Start()
	time.Sleep(50 * time.Millisecond)
	if got := w.Elapsed(); got < 30*time.Millisecond || got > 5*time.Second {
		t.Errorf("50 ms took %v", got)
	}
}
