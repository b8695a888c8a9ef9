package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"
)

func TestKindOf(t *testing.T) {
	_, missing := os.Open("no such file")
	for _, c := range []struct {
		err  error
		want Kind
	}{
		{errors.New("odd"), Internal},
		{New(Damaged, "%s is broken off", "a.png"), Damaged},
		{fmt.Errorf("a.png: %w", New(Damaged, "broken off")), Damaged},
		{As(Usage, New(Damaged, "broken off")), Usage},
		{Default(Usage, New(Damaged, "broken off")), Damaged},
		{Default(Usage, errors.New("odd")), Usage},
		{Default(Usage, missing), NotFound},
		{missing, NotFound},
		{fmt.Errorf("cannot write x.png: %w", diskErrors[0]), Unavailable},
		{fmt.Errorf("x.png: %w", fs.ErrExist), Conflict},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, Unavailable},
	} {
		if got := KindOf(c.err); got != c.want {
			t.Errorf("%v is of kind %s, not %s", c.err, got, c.want)
		}
	}
	for _, errno := range lockErrors {
		if err := (&fs.PathError{Op: "open", Path: "x", Err: errno}); KindOf(err) != Busy || !Locked(err) {
			t.Errorf("%v is of kind %s", err, KindOf(err))
		}
	}
	if Disk(missing) != nil || Locked(missing) {
		t.Error("a missing file is a disk's fault, or a lock's")
	}
	if As(Usage, nil) != nil || Default(Usage, nil) != nil {
		t.Error("no error became one")
	}
	if text := As(Usage, errors.New("say so")).Error(); text != "say so" {
		t.Errorf("the text became %q", text)
	}
	cause := errors.New("cause")
	if !errors.Is(New(Damaged, "it: %w", cause), cause) {
		t.Error("the cause is lost")
	}
}
