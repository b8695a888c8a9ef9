package pace

import (
	"math"
	"testing"
)

func TestForecastsGetBetter(t *testing.T) {
	p, k := New(nil), Key{"span-x4", "routed", "png"}
	if got := p.Seconds(k, 10); got != 10 {
		t.Errorf("without observations %g", got)
	}
	p.Observe(k, 1, 3)
	if got := p.Seconds(k, 10); math.Abs(got-30) > 1e-9 {
		t.Errorf("after one that took three times as long: %g", got)
	}
	for range 50 {
		p.Observe(k, 1, 0.5)
	}
	if got := p.Seconds(k, 10); math.Abs(got-5) > 0.01 {
		t.Errorf("after many that took half as long: %g", got)
	}
	p.Observe(k, 0, 1)
	p.Observe(k, math.NaN(), 1)
	again := New(p.Save())
	if got, want := again.Seconds(k, 10), p.Seconds(k, 10); math.Abs(got-want) > 1e-9 {
		t.Errorf("saved: %g, not %g", got, want)
	}
	p.Observe(Key{}, 1, 1e9)
	if got := p.Seconds(Key{}, 1); got > most+1e-9 {
		t.Errorf("a factor of %g", got)
	}
	if got := New([]byte("nonsense")).Seconds(k, 1); got != 1 {
		t.Errorf("of nonsense: %g", got)
	}
}
