package pace

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestForecastsGetBetter(t *testing.T) {
	p, k := New(nil), Key{Model: "span-x4", Mode: "routed", Format: "png"}
	if got := p.Seconds(k, 10); got != 10 {
		t.Errorf("without observations 10 seconds are %g", got)
	}
	p.Observe(k, 1, 3)
	if got := p.Seconds(k, 10); math.Abs(got-30) > 1e-9 {
		t.Errorf("after one that took three times as long 10 seconds are %g", got)
	}
	p.Observe(k, 1, 0.5)
	if got := p.Seconds(k, 10); got < 15 || got > 29 {
		t.Errorf("after one more that took half as long 10 seconds are %g", got)
	}
	for range 50 {
		p.Observe(k, 1, 0.5)
	}
	if got := p.Seconds(k, 10); math.Abs(got-5) > 0.01 {
		t.Errorf("after many that took half as long 10 seconds are %g", got)
	}
	if got := p.Seconds(Key{Model: "span-x4", Mode: "routed", Format: "png", Looked: true}, 10); got != 10 {
		t.Errorf("forecasts of another kind are %g seconds", got)
	}
	if got := p.Seconds(Key{Model: "span-x4", Mode: "routed", Format: "jpg"}, 10); got != 10 {
		t.Errorf("another format's 10 seconds are %g", got)
	}
}

// TestFactorsAreBounded observes anything: corrections stay between the bounds, and what is saved is what was known.
func TestFactorsAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, k := New(nil), Key{Model: "m"}
		for range rapid.IntRange(1, 10).Draw(t, "observations") {
			p.Observe(k, rapid.Float64().Draw(t, "forecast"), rapid.Float64().Draw(t, "took"))
			p.Observe(k, math.Inf(1), math.NaN())
		}
		got := p.Seconds(k, 1)
		if !(got >= 1.0/most-1e-9 && got <= most+1e-9) {
			t.Fatalf("one second is corrected to %g", got)
		}
		text := p.Save()
		again := New(text)
		if d := again.Seconds(k, 1) - got; math.Abs(d) > 1e-9*got || !bytes.Equal(New(text).Save(), again.Save()) {
			t.Fatalf("what was saved differs by %g: %s", d, text)
		}
	})
}

func TestWhatCannotBeReadIsNothing(t *testing.T) {
	for _, text := range []string{"nonsense", "{}", `[{"factor":-1}]`, `[{"factor":0}]`, `[{"factor":1e999}]`} {
		if got := New([]byte(text)).Seconds(Key{}, 1); got != 1 {
			t.Errorf("%s: one second is %g", text, got)
		}
	}
	if got := New([]byte(`[{"factor":1000}]`)).Seconds(Key{}, 1); math.Abs(got-most) > 1e-9 {
		t.Errorf("a factor beyond the bound: %g", got)
	}
}

func TestKeysAreBounded(t *testing.T) {
	p := New(nil)
	for i := range keys + 10 {
		p.Observe(Key{Model: fmt.Sprint(i)}, 1, 2)
	}
	if len(p.logs) != keys {
		t.Errorf("%d factors are kept", len(p.logs))
	}
}
