package par

import "sync"

// Start calls work(worker) for each worker in [0, threads) on goroutines of their own, and returns at once. wait waits for all of them and
// gives the first error. A panic in work is passed on to the first caller of wait, as a *Panic.
func Start(threads int, work func(worker int) error) (wait func() error) {
	var first firstFailure
	var wg sync.WaitGroup
	for w := range threads {
		wg.Go(func() {
			defer first.recoverPanic()
			if err := work(w); err != nil {
				first.set(err)
			}
		})
	}
	return func() error {
		wg.Wait()
		first.mu.Lock()
		defer first.mu.Unlock()
		if p := first.panicked; p != nil {
			first.panicked = nil
			panic(p)
		}
		return first.err
	}
}
