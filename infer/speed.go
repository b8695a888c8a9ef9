package infer

import (
	"context"
	"sync"

	"classsr/branch"
	"classsr/cost"
)

// speed is how many times as long this machine takes for a network as the measured costs say. It is measured when it is first asked for, which takes a moment, and
// kept. It is safe for concurrent use.
type speed struct {
	mu    sync.Mutex
	times float64 // 0 until it was measured
}

func (s *speed) of(ctx context.Context, b *branch.Branch, threads int) (float64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.times == 0 {
		s.times, err = cost.Speed(ctx, b, threads)
	}
	return s.times, err
}
