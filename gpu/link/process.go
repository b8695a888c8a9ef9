package link

import "io"

// Process is a helper that was started: what it says, what it is told, and how it is ended.
type Process struct {
	From io.Reader
	To   io.WriteCloser
	// Kill ends it at once. It may be called several times.
	Kill func()
	// Wait waits until it has ended, and says how. It is called once.
	Wait func() error
}
