package embedded

import (
	"fmt"
	"log/slog"
)

// logger writes what a nats-server has to say into ours: what is wrong, not how it goes.
type logger struct {
	log   *slog.Logger
	fatal chan string // the first reason for which the server cannot go on
}

func (l *logger) Noticef(format string, v ...any) { l.Debugf(format, v...) }
func (l *logger) Debugf(format string, v ...any) {
	l.log.Debug("nats-server: " + fmt.Sprintf(format, v...))
}
func (l *logger) Tracef(string, ...any)         {}
func (l *logger) Warnf(format string, v ...any) { l.Debugf(format, v...) } // about a configuration that its user cannot change
func (l *logger) Errorf(format string, v ...any) {
	l.log.Warn("nats-server: " + fmt.Sprintf(format, v...))
}

// Fatalf is called for what would end a nats-server's own process.
func (l *logger) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.log.Error("nats-server: " + text)
	select {
	case l.fatal <- text:
	default:
	}
}
