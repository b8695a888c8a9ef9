package work

import (
	"slices"
	"sync"

	"classsr/budget"
	"classsr/pipeline"
	"classsr/pipeline/order"
)

// mostIdle is how many pipelines are kept while nobody uses them. The packed networks of one take 2 to 30 MB.
const mostIdle = 4

// shelf keeps pipelines for orders like those before: to pack networks takes longer than to enlarge a small picture.
type shelf struct {
	mu   sync.Mutex
	idle []*kept // the one that was used last at the end
}

// kept is a pipeline, for one picture at a time.
type kept struct {
	order    string
	budget   *budget.Budget
	pipeline *pipeline.Pipeline
	progress func(done, total int) // of the picture that is being enlarged
}

// take gives a pipeline that does an order within a budget.
func (s *shelf) take(b *budget.Budget, o order.Order) (*kept, error) {
	key := o.String()
	s.mu.Lock()
	i := slices.IndexFunc(s.idle, func(k *kept) bool { return k.order == key && k.budget == b })
	if i >= 0 {
		k := s.idle[i]
		s.idle = slices.Delete(s.idle, i, i+1)
		s.mu.Unlock()
		return k, nil
	}
	s.mu.Unlock()
	k := &kept{order: key, budget: b}
	var err error
	k.pipeline, err = o.Pipeline(b, func(done, total int) {
		if k.progress != nil {
			k.progress(done, total)
		}
	}, func(string) {})
	return k, err
}

// put takes a pipeline back.
func (s *shelf) put(k *kept) {
	k.progress, k.pipeline.Rows = nil, nil
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, k)
	if len(s.idle) > mostIdle {
		s.idle = slices.Delete(s.idle, 0, 1)
	}
}
