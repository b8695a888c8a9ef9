package main

import "fmt"

// frame shows that so many frames of a video were written, of count, or of an unknown number if that is 0.
func (p *progress) frame(name string, done, count int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	wait := betweenDrawings
	if p.width == nil {
		wait = p.interval
	}
	if p.out == nil || now.Sub(p.shown) < wait {
		return
	}
	p.shown = now
	text := fmt.Sprintf("%s: %s", printable(name), frameText(done, count, now.Sub(p.began).Seconds()))
	if p.width != nil {
		p.draw(shorten(text, p.width()-1))
		return
	}
	p.interval = min(2*p.interval, betweenLines)
	_, _ = fmt.Fprintln(p.out, text) // what cannot be told is no reason to stop
}

// frameText says how far a video is after so many seconds.
func frameText(done, count int, seconds float64) string {
	text := fmt.Sprintf("frame %d", done)
	if count > 0 {
		text += fmt.Sprintf(" of %d", count)
	}
	if done == 0 || seconds <= 0 {
		return text
	}
	text += fmt.Sprintf(", %s frames/s", rate(float64(done)/seconds))
	if count > done {
		text += fmt.Sprintf(", %s left", duration(seconds/float64(done)*float64(count-done)))
	}
	return text
}
