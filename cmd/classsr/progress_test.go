package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/rivo/uniseg"

	"classsr/pipeline"
)

// clock is a progress whose time is set by hand, and what it shows.
func clock(terminal bool) (p *progress, out *bytes.Buffer, wait func(time.Duration)) {
	out = &bytes.Buffer{}
	p = newProgress(streams{err: out}, false)
	now := time.Now()
	p.now, p.scale = func() time.Time { return now }, 4
	if terminal {
		p.width = func() int { return 81 }
	}
	return p, out, func(d time.Duration) { now = now.Add(d) }
}

// Elsewhere than on a terminal there is a line now and then: neither silence nor a flood.
func TestProgressInLines(t *testing.T) {
	p, out, wait := clock(false)
	for i := range 1200 { // an hour and 40 minutes
		p.start("a.png", pipeline.Position{Index: i, Count: 1200, Before: int64(i) * 1000, Size: 1000, All: 1_200_000})
		for k := range 5 {
			wait(time.Second)
			p.update(k*50_000, 250_000)
		}
		p.finish(4)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) < 95 || len(lines) > 105 {
		t.Errorf("there are %d lines", len(lines))
	}
	if want := "1 of 1200 pictures, 0 %, 0.72 MP/s, 1 h 51 min left"; lines[0] != want {
		t.Errorf("the first line is %q, want %q", lines[0], want)
	}
}

func TestProgressOfOnePictureInLines(t *testing.T) {
	p, out, wait := clock(false)
	p.start("in/a.png", pipeline.Position{Count: 1, Size: 10, All: 10})
	wait(9 * time.Second)
	p.update(1, 10)
	wait(11 * time.Second)
	p.update(1_000_000, 4_000_000)
	if got, want := out.String(), "in/a.png: 25 %, 0.80 MP/s, 60 s left\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Pictures that are skipped take no time, and do not count as if they had.
func TestTimeLeftWithoutSkippedPictures(t *testing.T) {
	p, _, wait := clock(true)
	p.start("a.png", pipeline.Position{Index: 50, Count: 100, Before: 50, Size: 1, All: 100})
	wait(10 * time.Second)
	p.finish(1)
	p.start("b.png", pipeline.Position{Index: 51, Count: 100, Before: 51, Size: 1, All: 100})
	if got, want := p.speed(), "0.10 MP/s, 8 min left"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestProgressOnATerminal(t *testing.T) {
	p, out, wait := clock(true)
	p.start("photos/holiday.jpg", pipeline.Position{Index: 11, Count: 200, Before: 60, Size: 10, All: 200})
	wait(time.Second)
	p.update(500_000, 1_000_000)
	wait(betweenDrawings / 2)
	p.update(510_000, 1_000_000) // too soon to be drawn
	p.finish(16)
	want := "\r12/200 holiday.jpg [======              ] 30 %" +
		"\r12/200 holiday.jpg [======              ] 32 %  8.0 MP/s, 27 s left" + "\r" + strings.Repeat(" ", 80) + "\r"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestLinesFitTheTerminal(t *testing.T) {
	p, _, wait := clock(true)
	for _, name := range []string{"a.png", strings.Repeat("日本語", 30) + ".png", strings.Repeat("e\u0301", 90)} {
		p.start(name, pipeline.Position{Index: 99_998, Count: 100_000})
		wait(time.Second)
		p.update(500_000, 1_000_000)
		for columns := 12; columns < 200; columns++ {
			line := p.line(columns)
			if width := uniseg.StringWidth(line); width > columns {
				t.Fatalf("%d columns: %q takes %d", columns, line, width)
			}
			if columns > 60 && !strings.HasSuffix(line, "left") {
				t.Fatalf("%d columns: %q", columns, line)
			}
		}
	}
}

func TestWordsForNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.000_012_3: "0.000012", 0.0123: "0.012", 0.5: "0.50", 1.26: "1.3", 12.6: "13", 12345: "12345"} {
		if got := rate(v); got != want {
			t.Errorf("%v is %s, want %s", v, got, want)
		}
	}
	for s, want := range map[float64]string{-1: "0 s", 0.4: "0 s", 89: "89 s", 90: "2 min", 3599: "60 min", 5400: "1 h 30 min", 90000: "25 h 00 min"} {
		if got := duration(s); got != want {
			t.Errorf("%v s are %s, want %s", s, got, want)
		}
	}
}
