package blobs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"classsr/internal/atomicfile"
)

// viewEnding is that of the names of views, which are beside their pictures.
const viewEnding = ".view"

// AddView keeps what is shown of a picture beside it, for as long as the picture is kept. If the picture is gone meanwhile nothing is kept, and that is no error.
// Others are as those of Reserve, and those of the disk.
func (s *Store) AddView(sum Sum, data []byte) error {
	s.mu.Lock()
	there := s.has(sum)
	s.mu.Unlock()
	if !there {
		return nil
	}
	release, err := s.Reserve(int64(len(data)))
	if err != nil {
		return err
	}
	defer release()
	if err := atomicfile.WritePrivate(s.view(sum), data); err != nil {
		return fmt.Errorf("cannot keep a view: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.has(sum) { // it was removed while this was written
		return s.removeView(sum)
	}
	s.used += int64(len(data)) - s.views[sum]
	s.views[sum] = int64(len(data))
	return nil
}

// has tells whether a picture is there, with the lock held.
func (s *Store) has(sum Sum) bool {
	_, there := s.pictures[sum]
	return there
}

// View gives what AddView kept. If there is nothing, the error is fs.ErrNotExist.
func (s *Store) View(sum Sum) ([]byte, error) { return os.ReadFile(s.view(sum)) }

func (s *Store) view(sum Sum) string { return s.Picture(sum) + viewEnding }

// removeView is to be called with the lock held.
func (s *Store) removeView(sum Sum) error {
	if err := os.Remove(s.view(sum)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove a view: %w", err)
	}
	s.used -= s.views[sum]
	delete(s.views, sum)
	return nil
}
