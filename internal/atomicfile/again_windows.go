package atomicfile

import (
	"errors"
	"time"

	"golang.org/x/sys/windows"
)

// patience is how long, about, something is tried again.
const patience = time.Second

// again does something with a file that was just written. Programs that look at every new file, as those against viruses, may have it open for
// a moment, in which it can neither be renamed nor removed.
func again(do func() error) error {
	for wait := time.Millisecond; ; wait *= 2 {
		err := do()
		if !errors.Is(err, windows.ERROR_SHARING_VIOLATION) && !errors.Is(err, windows.ERROR_ACCESS_DENIED) || wait >= patience {
			return err
		}
		time.Sleep(wait)
	}
}
