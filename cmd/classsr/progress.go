package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows a bar on a terminal, and nothing elsewhere.
type progress struct {
	terminal *os.File // nil if there is none
	bar      *progressbar.ProgressBar
}

func newProgress(std streams, quiet bool) *progress {
	f, ok := std.err.(*os.File)
	if quiet || !ok || !term.IsTerminal(int(f.Fd())) {
		return &progress{}
	}
	return &progress{terminal: f}
}

// start begins the bar of picture i of n.
func (p *progress) start(input string, i, n int) {
	if p.terminal == nil {
		return
	}
	p.bar = progressbar.NewOptions(1,
		progressbar.OptionSetWriter(p.terminal),
		progressbar.OptionSetDescription(barTitle(input, i, n)),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)
}

// barTitle is what stands before the bar of picture i of n.
func barTitle(input string, i, n int) string {
	title := printable(filepath.Base(input))
	if n > 1 {
		title = fmt.Sprintf("%d/%d %s", i+1, n, title)
	}
	return title
}

// update is told the number of pixels done and in all.
func (p *progress) update(done, total int) {
	if p.bar == nil {
		return
	}
	p.bar.ChangeMax(total)
	_ = p.bar.Set(done) // a bar that cannot be drawn is no reason to stop
}

// finish removes the bar.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}
