package server

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"

	"classsr/server/tokens"
)

// renewed is a certificate in files, which are read again when they have changed: who renews it need not start the server again. It is safe for
// concurrent use.
type renewed struct {
	files [2]string // the certificate and its key
	log   *slog.Logger

	mu     sync.Mutex
	pair   *tls.Certificate
	read   [2]time.Time // when the files were written that were read
	looked time.Time
}

// openRenewed reads the certificate for the first time. Errors are of kind fault.Usage.
func openRenewed(certFile, keyFile string, log *slog.Logger) (*renewed, error) {
	r := &renewed{files: [2]string{certFile, keyFile}, log: log}
	return r, r.load(time.Now())
}

func (r *renewed) load(now time.Time) error {
	r.looked = now
	written := r.written()
	pair, _, err := tokens.Load(r.files[0], r.files[1])
	r.read = written // what is wrong is told once
	if err == nil {
		r.pair = &pair
	}
	return err
}

// written tells when the files were written; of one that is not there, that is never.
func (r *renewed) written() (times [2]time.Time) {
	for i, name := range r.files {
		if info, err := os.Stat(name); err == nil {
			times[i] = info.ModTime()
		}
	}
	return times
}

// lookAgain is how long the files are not looked at after a look.
const lookAgain = 5 * time.Second

// get gives the certificate for a client that connects. Files that cannot be used leave it as it was.
func (r *renewed) get(now time.Time) *tls.Certificate {
	r.mu.Lock()
	defer r.mu.Unlock()
	if since := now.Sub(r.looked); since >= 0 && since < lookAgain {
		return r.pair
	}
	r.looked = now
	if r.written() == r.read {
		return r.pair
	}
	if err := r.load(now); err != nil {
		r.log.Error("the new certificate cannot be used: the one before holds", "error", err.Error())
	} else {
		r.log.Info("the certificate is a new one", "until", r.pair.Leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	return r.pair
}
