package limits

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"classsr/fault"
	"classsr/server/problem"
	"classsr/server/tokens"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// meter gives one whose clock is set by hand.
func meter(l Limits) (m *Meter, now *time.Time) {
	now = new(time.Time)
	*now = noon
	return NewMeter(l, func() time.Time { return *now }), now
}

// Whatever comes when, no more requests are taken than the rate allows; and who waits as long as it was told is let in.
func TestRequestsAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Default()
		m, now := meter(l)
		token := tokens.Token{Name: "a", Rate: rapid.SampledFrom([]float64{0, 0.1, 1, 2.5, 100}).Draw(t, "rate")}
		perSecond := l.Rate
		if token.Rate > 0 {
			perSecond = token.Rate
		}
		taken, begun := 0, *now
		for range rapid.IntRange(1, 300).Draw(t, "requests") {
			*now = now.Add(time.Duration(rapid.Int64Range(0, int64(2e9/perSecond)/10).Draw(t, "pause")))
			err := m.Request(token)
			if err == nil {
				taken++
			} else {
				if fault.KindOf(err) != fault.Busy {
					t.Fatal(err)
				}
				after := time.Duration(problem.Of(err).RetryAfter) * time.Second
				if most := time.Duration(1/perSecond*1e9) + 2*time.Second; after < time.Second || after > most {
					t.Fatalf("come again after %v", after)
				}
				*now = now.Add(after)
				if err := m.Request(token); err != nil {
					t.Fatalf("after %v: %v", after, err)
				}
				taken++
			}
			if most := max(perSecond*l.Burst, 1) + perSecond*now.Sub(begun).Seconds(); float64(taken) > most+1e-6 {
				t.Fatalf("%d requests in %v, at most %g", taken, now.Sub(begun), most)
			}
		}
		if err := m.Request(tokens.Token{Name: "b"}); err != nil {
			t.Fatalf("another token: %v", err)
		}
	})
}

func TestARateIsChanged(t *testing.T) {
	m, now := meter(Default())
	for range 60 {
		if err := m.Request(tokens.Token{Name: "a"}); err != nil {
			t.Fatal(err)
		}
	}
	*now = now.Add(time.Second)
	slow := tokens.Token{Name: "a", Rate: 1}
	got := 0
	for range 60 {
		if m.Request(slow) == nil {
			got++
		}
	}
	if got > 20 { // what was earned in that second
		t.Errorf("%d requests at one a second", got)
	}
}

func TestUploadsAtATime(t *testing.T) {
	l := Default()
	l.Uploads, l.UploadsEach = 3, 2
	m, _ := meter(l)
	a, b := tokens.Token{Name: "a"}, tokens.Token{Name: "b"}
	upload := func(token tokens.Token, want bool) func() {
		t.Helper()
		done, err := m.Upload(token, -1)
		if (err == nil) != want || err != nil && (fault.KindOf(err) != fault.Busy || problem.Of(err).RetryAfter != 2) {
			t.Errorf("%v", err)
		}
		return done
	}
	first := upload(a, true)
	upload(a, true)
	upload(a, false)
	upload(b, true)
	upload(b, false) // three in all
	first()
	first()
	upload(b, true)
	upload(b, false)
	upload(a, false)
}

func TestStreams(t *testing.T) {
	l := Default()
	l.Streams = 1
	m, _ := meter(l)
	done, err := m.Stream(tokens.Local())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Stream(tokens.Local()); fault.KindOf(err) != fault.Busy {
		t.Error(err)
	}
	done()
	done()
	if _, err := m.Stream(tokens.Local()); err != nil {
		t.Error(err)
	}
}

func TestDays(t *testing.T) {
	m, now := meter(Default())
	a := tokens.Token{Name: "a", Bytes: 100, Pixels: 1e9}
	upload := func(token tokens.Token, n int64) error {
		done, err := m.Upload(token, n)
		if err == nil {
			done()
		}
		return err
	}
	check := func(err error, kind fault.Kind, status int, after time.Duration) {
		t.Helper()
		p := problem.Of(err)
		if p.Kind != kind || p.Status != status || p.RetryAfter != int(after.Seconds()) {
			t.Errorf("%+v", p)
		}
	}
	check(upload(a, 101), fault.TooLarge, 413, 0)
	check(upload(a, -1), fault.Usage, 411, 0)
	if err := upload(a, 60); err != nil {
		t.Fatal(err)
	}
	check(upload(a, 41), fault.Busy, 429, 12*time.Hour)
	check(m.Pixels(a, 1e9+1), fault.TooLarge, 413, 0)
	if err := m.Pixels(a, 9e8); err != nil {
		t.Fatal(err)
	}
	*now = now.Add(11*time.Hour + 59*time.Minute)
	err := m.Pixels(a, 2e8)
	check(err, fault.Busy, 429, time.Minute)
	if !strings.Contains(err.Error(), "200 M: of 1 G pixels of results a day 100 M are left until midnight UTC") {
		t.Error(err)
	}
	if err := m.Pixels(tokens.Local(), 1e15); err != nil {
		t.Errorf("without a bound: %v", err)
	}

	saved := m.Save()
	again, later := meter(Default())
	*later = *now
	if err := again.Restore(saved); err != nil {
		t.Fatal(err)
	}
	check(again.Pixels(a, 2e8), fault.Busy, 429, time.Minute)
	if err := again.Restore([]byte("{")); err == nil {
		t.Error("something else was restored")
	}
	*now = now.Add(time.Minute)
	if err := m.Pixels(a, 1e9); err != nil {
		t.Errorf("on the next day: %v", err)
	}
	tomorrow, later := meter(Default())
	*later = *now
	if err := tomorrow.Restore(saved); err != nil || tomorrow.Pixels(a, 1e9) != nil {
		t.Errorf("sums of the day before count: %v", err)
	}
}

// The sums do not become negative, and never more than is allowed.
func TestSumsOfADay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, now := meter(Default())
		a := tokens.Token{Name: "a", Pixels: rapid.Int64Range(1, 1<<50).Draw(t, "most")}
		var sum int64
		day := now.Format(time.DateOnly)
		for range rapid.IntRange(1, 50).Draw(t, "jobs") {
			*now = now.Add(time.Duration(rapid.Int64Range(0, int64(8*time.Hour)).Draw(t, "pause")))
			if d := now.Format(time.DateOnly); d != day {
				day, sum = d, 0
			}
			n := rapid.Int64Range(0, 1<<62).Draw(t, "pixels")
			if rapid.Bool().Draw(t, "small") {
				n %= a.Pixels
			}
			err := m.Pixels(a, n)
			if fits := n <= a.Pixels-sum; fits != (err == nil) {
				t.Fatalf("%d, %d of %d: %v", n, sum, a.Pixels, err)
			}
			if err == nil {
				sum += n
			}
		}
	})
}
