package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rivo/uniseg"
	"golang.org/x/term"

	"classsr/pipeline"
)

// progress shows how far a run is: on a terminal in one line that is drawn again and again, elsewhere in a line now and then.
type progress struct {
	mu       sync.Mutex // pixels are reported by several goroutines
	out      io.Writer  // nil if nothing is shown
	width    func() int // of the terminal; nil if it is none
	now      func() time.Time
	scale    int       // of what is enlarged; 0 if the work is another, whose speed is not told
	began    time.Time // of the first picture; zero before
	shown    time.Time
	interval time.Duration // until the next line that is no terminal's
	drawn    int           // columns of the line on the terminal
	frames   bool          // pictures are those of a video, so that their number counts
	finished int           // pictures
	input    string        // the picture that is being enlarged; empty for none
	at       pipeline.Position
	fraction float64 // of it that is done
	pixels   int     // of it
	worked   float64 // share of the run that was done before it, without pictures that were skipped
	done     float64 // megapixels of results before it
}

// Intervals of progress: between drawings on a terminal, until the first line elsewhere, and between lines in the end.
const (
	betweenDrawings = 100 * time.Millisecond
	firstLine       = 10 * time.Second
	betweenLines    = time.Minute
)

// newProgress makes a progress; its scale is set afterwards.
func newProgress(std streams, quiet bool) *progress {
	p := &progress{now: time.Now, interval: firstLine}
	if quiet {
		return p
	}
	p.out = std.err
	if f, ok := std.err.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.width = func() int {
			width, _, err := term.GetSize(int(f.Fd()))
			if err != nil || width < 1 {
				return usualColumns
			}
			return width
		}
	}
	return p
}

// searching shows on a terminal how many pictures were found so far.
func (p *progress) searching(found int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.width != nil && p.now().Sub(p.shown) >= betweenDrawings {
		p.shown = p.now()
		p.draw(shorten(fmt.Sprintf("looking for pictures: %d", found), p.width()-1))
	}
}

// start begins a picture, or goes on with another part of it.
func (p *progress) start(input string, at pipeline.Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.began.IsZero() {
		p.began = p.now()
		p.shown = p.began
		if p.width != nil {
			p.shown = time.Time{}
		}
	}
	p.input, p.at, p.pixels = input, at, 0
	p.fraction = float64(at.Part) / float64(max(1, at.Parts))
	p.show()
}

// update is told the number of pixels done and in all of the picture.
func (p *progress) update(done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.input == "" || total <= 0 {
		return
	}
	p.fraction = (float64(p.at.Part) + float64(done)/float64(total)) / float64(max(1, p.at.Parts))
	p.pixels = int(p.fraction * float64(total))
	p.show()
}

// finish ends a picture, whose result has so many megapixels, and removes the line from the terminal.
func (p *progress) finish(megapixels float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	if p.input != "" {
		p.worked += p.share()
		p.done += megapixels
		if megapixels > 0 {
			p.finished++
		}
		p.input, p.pixels = "", 0
	}
}

// end removes the line from the terminal, and what was typed there meanwhile, as ^C.
func (p *progress) end() {
	p.finish(0)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.width != nil {
		p.drawn = 1
		p.clear()
	}
}

// pause removes the line from the terminal, so that another can be written.
func (p *progress) pause() { p.aside(func() {}) }

// aside removes the line from the terminal, and has another written before it is drawn again.
func (p *progress) aside(write func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	write()
	p.shown = p.shown.Add(-betweenDrawings)
}

func (p *progress) clear() {
	if p.drawn > 0 {
		// All of it, since terminals write ^C behind the line. One that cannot be drawn is no reason to stop.
		_, _ = fmt.Fprintf(p.out, "\r%s\r", strings.Repeat(" ", p.width()-1))
		p.drawn = 0
	}
}

// show shows where the run is, if it is time for it.
func (p *progress) show() {
	now := p.now()
	if p.out == nil {
		return
	}
	if p.width == nil {
		if now.Sub(p.shown) >= p.interval {
			p.shown, p.interval = now, min(2*p.interval, betweenLines)
			_, _ = fmt.Fprintln(p.out, p.plain())
		}
		return
	}
	if now.Sub(p.shown) >= betweenDrawings {
		p.shown = now
		p.draw(p.line(p.width() - 1))
	}
}

// draw draws the line on the terminal in place of the last one.
func (p *progress) draw(line string) {
	width := uniseg.StringWidth(line)
	_, _ = fmt.Fprintf(p.out, "\r%s%s", line, strings.Repeat(" ", max(0, p.drawn-width))) // as in clear
	p.drawn = width
}

// share is the part of the run that the current picture is.
func (p *progress) share() float64 {
	if p.at.All == 0 {
		return 1 / float64(max(1, p.at.Count))
	}
	return float64(p.at.Size) / float64(p.at.All)
}

// before is the part of the run that comes before the current picture.
func (p *progress) before() float64 {
	if p.at.All == 0 {
		return float64(p.at.Index) / float64(max(1, p.at.Count))
	}
	return float64(p.at.Before) / float64(p.at.All)
}

// speed says how fast it goes and how long it will take, as far as that is known.
func (p *progress) speed() string {
	elapsed := p.now().Sub(p.began).Seconds()
	worked := p.worked + p.fraction*p.share()
	if elapsed < 0.5 || worked <= 0 {
		return ""
	}
	left := elapsed / worked * (1 - p.before() - p.fraction*p.share())
	switch {
	case p.frames:
		return fmt.Sprintf("%s frames/s, %s left", rate((float64(p.finished)+p.fraction)/elapsed), duration(left))
	case p.scale == 0:
		return duration(left) + " left"
	}
	megapixels := p.done + float64(p.pixels)*float64(p.scale*p.scale)/1e6
	return fmt.Sprintf("%s MP/s, %s left", rate(megapixels/elapsed), duration(left))
}

// rate writes a number with two digits that count.
func rate(v float64) string {
	if v >= 10 || v == 0 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.*f", max(1, min(6, int(1-math.Floor(math.Log10(max(v, 1e-6)))))), v)
}

// duration writes seconds as people say them.
func duration(seconds float64) string {
	s := int(math.Round(max(0, seconds)))
	switch {
	case s < 90:
		return fmt.Sprintf("%d s", s)
	case s < 90*60:
		return fmt.Sprintf("%d min", (s+30)/60)
	}
	m := (s + 30) / 60
	return fmt.Sprintf("%d h %02d min", m/60, m%60)
}

// percent is how much of the run is done.
func (p *progress) percent() int { return int(100 * (p.before() + p.fraction*p.share())) }

// plain is a line that is no terminal's.
func (p *progress) plain() string {
	text := fmt.Sprintf("%s: %d %%", printable(p.input), p.percent())
	if p.at.Count > 1 {
		text = fmt.Sprintf("%d of %d pictures, %d %%", p.at.Index, p.at.Count, p.percent())
	}
	if speed := p.speed(); speed != "" {
		text += ", " + speed
	}
	return text
}

// Columns of the line on a terminal: of the bar, and of names at least and at most.
const (
	barColumns = 20
	shortName  = 8
	longName   = 40
)

// line is the line on a terminal, in so many columns at most.
func (p *progress) line(columns int) string {
	percent := p.percent()
	full := min(barColumns, percent*barColumns/100)
	head := ""
	if p.at.Count > 1 {
		head = fmt.Sprintf("%d/%d ", p.at.Index+1, p.at.Count)
	}
	tail := fmt.Sprintf(" %2d %%", percent)
	if speed := p.speed(); speed != "" {
		tail += "  " + speed
	}
	if bar := fmt.Sprintf(" [%s%s]", strings.Repeat("=", full), strings.Repeat(" ", barColumns-full)); columns > len(head)+len(bar)+len(tail)+shortName {
		tail = bar + tail
	}
	name := printable(filepath.Base(p.input))
	return shorten(head+shorten(name, max(shortName, min(longName, columns-len(head)-len(tail))))+tail, columns)
}

// shorten cuts the end of a text that takes more columns.
func shorten(text string, columns int) string {
	if uniseg.StringWidth(text) <= columns {
		return text
	}
	var b strings.Builder
	width := 0
	for g := uniseg.NewGraphemes(text); g.Next(); {
		if width += g.Width(); width > columns-1 {
			break
		}
		_, _ = b.WriteString(g.Str()) // never fails
	}
	return b.String() + "…"
}
