package par

import "context"

// Ahead makes values number first, first+1 and so on, on a goroutine of its own while earlier ones are used, at most depth of them
// in advance: work that waits for something else than the cores, such as reading. produce is called with the numbers in rising order,
// one call at a time. next gives the values in that order, or the error of the call that failed, or ctx's error. stop ends the
// goroutine and waits for it. A panic in produce is passed on, as a *Panic, by the next that comes to its value, or else by stop.
func Ahead[T any](ctx context.Context, first, depth int, produce func(n int) (T, error)) (next func() (T, error), stop func()) {
	type result struct {
		value T
		err   error
	}
	ctx, cancel := context.WithCancel(ctx)
	results := make(chan result, depth)
	done := make(chan struct{})
	var panicked *Panic // written before done is closed, as is failed
	var failed error
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				panicked = caught(p)
			}
		}()
		for n := first; ; n++ {
			value, err := produce(n)
			failed = err
			select {
			case results <- result{value, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	passOn := func() {
		if p := panicked; p != nil {
			panicked = nil
			panic(p)
		}
	}
	next = func() (T, error) {
		select {
		case r := <-results:
			return r.value, r.err
		case <-ctx.Done():
		case <-done:
			// Values that were made before the end come first.
			select {
			case r := <-results:
				return r.value, r.err
			default:
				passOn()
			}
			if failed != nil {
				var none T
				return none, failed
			}
		}
		var none T
		return none, ctx.Err()
	}
	return next, func() {
		cancel()
		<-done
		passOn()
	}
}
