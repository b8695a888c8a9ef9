package blobs

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"testing"

	"classsr/fault"
)

// A view is there for as long as its picture is.
func TestViewsGoWithTheirPictures(t *testing.T) {
	s := open(t, Options{Most: 1000})
	sum := Sum(sha256.Sum256([]byte("picture")))
	if err := s.AddView(sum, []byte("view")); err != nil {
		t.Error(err)
	}
	if _, err := s.View(sum); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a view is kept of a picture that is not there: %v", err)
	}
	r := receive(t, s, []byte("picture"))
	if err := r.Keep(); err != nil {
		t.Fatal(err)
	}
	for _, view := range []string{"another", "view"} {
		if err := s.AddView(sum, []byte(view)); err != nil {
			t.Fatal(err)
		}
		if got, err := s.View(sum); string(got) != view || err != nil {
			t.Errorf("%q: %v", got, err)
		}
	}
	if used, _, err := s.Usage(); used != 7+4 || err != nil {
		t.Errorf("%d bytes are used: %v", used, err)
	}
	if err := s.AddView(sum, make([]byte, 1000)); fault.KindOf(err) != fault.Busy {
		t.Errorf("more than the store may hold: %v", err)
	}
	if err := s.RemovePicture(sum); err != nil { // it is in use
		t.Fatal(err)
	}
	if _, err := s.View(sum); err != nil {
		t.Error(err)
	}
	r.Discard()
	if _, err := os.Stat(s.view(sum)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it stays without its picture: %v", err)
	}
	if used, _, err := s.Usage(); used != 0 || err != nil {
		t.Errorf("%d bytes are used: %v", used, err)
	}
	nothingPromised(t, s)
}
