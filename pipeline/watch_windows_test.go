package pipeline

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"classsr"
	"classsr/imageio"
)

// A picture that another program keeps to itself, as one does that copies it, is waited for.
func TestPicturesThatAreKept(t *testing.T) {
	someFolder(t, "in/a.png")
	name, err := windows.UTF16PtrFromString("in/a.png")
	if err != nil {
		t.Fatal(err)
	}
	const shared = 0 // with nobody
	kept, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, shared, nil, windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		t.Fatal(err)
	}
	var h heard
	v := newVigil(with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2}), &Request{Args: []string{"in"}, Output: "out", Naming: Enlarged("x2", "")}, &h)
	for range 3 {
		time.Sleep(settled)
		if err := v.look(context.Background()); err != nil || len(h.lines) > 0 {
			t.Errorf("%v, %q", err, h.lines)
		}
	}
	// When it is taken for complete, since it has not changed for long, it is tried, and its turn comes later.
	for id, a := range v.arriving {
		a.since = a.since.Add(-patience)
		v.arriving[id] = a
	}
	if err := v.look(context.Background()); err != nil || len(h.errors) > 0 || h.count("finished") > 0 {
		t.Errorf("%v, %q, %v", err, h.lines, h.errors)
	}
	if err := windows.CloseHandle(kept); err != nil {
		t.Fatal(err)
	}
	time.Sleep(settled)
	for range 2 {
		time.Sleep(settled)
		if err := v.look(context.Background()); err != nil {
			t.Error(err)
		}
	}
	if h.count("finished") != 1 || len(h.errors) > 0 || v.summary.Failed != 0 || v.summary.Done != 1 {
		t.Errorf("%q, %v, %+v", h.lines, h.errors, v.summary)
	}
	if _, err := imageio.DecodeFile("out/a_x2.png", imageio.Limits{}); err != nil {
		t.Error(err)
	}
}
