package coordinator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/imageio"
	"classsr/picture"
	"classsr/server/problem"
)

// A result that is not what was ordered is as wrong as one with another hash.
func TestResultsThatWereNotOrdered(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	encoded := func(format string, width int) string {
		file, err := os.Create(filepath.Join(t.TempDir(), "file"))
		if err != nil {
			t.Fatal(err)
		}
		err = imageio.Encode(file, picture.New(width, 30, 3, false, 8), format, imageio.EncodeOptions{})
		text, readErr := os.ReadFile(file.Name())
		if err := errors.Join(err, file.Close(), readErr); err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for i, x := range []struct {
		ending, result string
		right          bool
	}{
		{".png", encoded("png", 40), true}, {".jpg", encoded("jpeg", 40), true}, {".tif", encoded("tiff", 40), true}, {".webp", encoded("webp", 40), true},
		{".ppm", encoded("pnm", 40), true}, {".pam", encoded("pam", 40), true},
		{".png", encoded("png", 41), false}, {".png", encoded("jpeg", 40), false}, {".jpg", "<html>", false},
	} {
		order := b.ordered(t, strconv.Itoa(i))
		order.Ending, order.Width, order.Height = x.ending, 40, 30
		p := b.puppet(t, "shed"+strconv.Itoa(i))
		ctx, cancel := context.WithCancel(t.Context())
		end := b.begin(t, ctx, order)
		u := p.next(t)
		_, _, err := b.append(u.ID, wire.Query{Worker: p.id, Last: true}, bytes.NewReader(packOf(t, u, x.result, order.Job)))
		if (err == nil) != x.right {
			t.Errorf("%s: %v", x.ending, err)
		}
		if !x.right {
			if status := problem.Of(err).Status; status != 422 {
				t.Errorf("%s: %d", x.ending, status)
			}
			cancel()
		}
		if _, err := end(); (err == nil) != x.right {
			t.Errorf("%s: %v", x.ending, err)
		}
		cancel()
		if err := b.Leave("alice", p.id); err != nil { // before it gets the same once more
			t.Error(err)
		}
	}
	if s := b.Status(); s.Wrong != 3 {
		t.Errorf("%d were wrong", s.Wrong)
	}
	b.idle(t)
}

// full is a store in which so many bytes are left.
type full struct {
	shelf
	left atomic.Int64
}

func (f *full) Reserve(bytes int64) (func(), error) {
	if f.left.Add(-bytes) < 0 {
		f.left.Add(bytes)
		return nil, fault.New(fault.Unavailable, "the disk is full")
	}
	return sync.OnceFunc(func() { f.left.Add(bytes) }), nil
}

// Where there is no room for what comes from another machine, a picture does not go to one.
func TestRoomForResults(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	f := &full{shelf: b.shelf}
	f.left.Store(1000)
	b.Store = f
	b.join(t, &hand{}, "shed")
	for most, fits := range map[int64]bool{500: true, 501: false} {
		order := b.ordered(t, strconv.FormatInt(most, 10))
		order.Most = most
		if _, err := b.Do(t.Context(), order, nil); fits != (err == nil) || !fits && !errors.Is(err, ErrNobody) {
			t.Errorf("%d bytes: %v", most, err)
		}
	}
	if left := f.left.Load(); left != 1000 {
		t.Errorf("%d bytes are left", left)
	}
	b.idle(t)
}

// Units are so large that all that is to be said of their pictures goes with them.
func TestPicturesOfWhichMuchIsToBeSaid(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	orders := map[string]string{}
	for i := range 60 {
		orders[fmt.Sprint("option", i)] = strings.Repeat("<", 200) // of which JSON makes 1200
	}
	ctx, cancel := context.WithCancel(t.Context())
	var ends []func() (Outcome, error)
	for i := range 100 {
		x := b.ordered(t, fmt.Sprintf("%03d", i))
		x.Order, x.Cost = orders, 0.02
		ends = append(ends, b.begin(t, ctx, x))
	}
	b.until(t, "all wait", func() bool { return len(b.tasks) == len(ends) })
	p := b.puppet(t, "shed")
	for range 2 {
		in, size, err := b.input(t.Context(), p.next(t).ID, p.id)
		if err != nil {
			t.Fatal(err)
		}
		if err := in.Close(); err != nil || size < wire.MostHeader/2 {
			t.Errorf("%d bytes, %v", size, err)
		}
	}
	cancel()
	for _, end := range ends {
		if _, err := end(); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	b.idle(t)
}
