package train

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"classsr/internal/testref"
	"classsr/train/report"
)

// countdown is a context that is done once it has been asked so many times whether it is.
type countdown struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

func newCountdown(asked int) *countdown {
	c := &countdown{}
	c.Context, c.cancel = context.WithCancel(context.Background())
	c.left.Store(int64(asked))
	return c
}

func (c *countdown) Err() error {
	if c.left.Add(-1) == 0 {
		c.cancel()
	}
	return c.Context.Err()
}

// Whenever a run is stopped, its checkpoint holds the last step that was done, and it goes on to the same bits and the same log.
func TestStoppedRunsAreSaved(t *testing.T) {
	r, o := tinyRun(t)
	if _, err := Run(context.Background(), r, o); err != nil {
		t.Fatal(err)
	}
	want, wantEvents := modelBytes(t, o.Folder), events(t, o.Folder)
	// In the validator's start, in steps, in validations: as the tiny run goes.
	for _, asked := range testref.Few(1, 90, 1, 420) {
		_, o := tinyRun(t)
		for stops := 0; ; stops++ {
			stage, step := 1, 0 // that was told last
			o.Progress = func(p Progress) { stage, step = p.Stage, p.Step }
			ctx := newCountdown(asked)
			_, err := Run(ctx, r, o)
			ctx.cancel()
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			c, err := loadCheckpoint(o.Folder)
			if err != nil || c == nil {
				t.Fatalf("stopped when asked %d times: no checkpoint (%v)", asked, err)
			}
			// Progress is told after every step of so short stages.
			if at := c.Stage + 1; at < stage || at == stage && c.Step < step || c.Stage == stage && step != r.Stages[stage-1].Steps {
				t.Errorf("stopped in stage %d after %d steps, the checkpoint is of stage %d, step %d", stage, step, c.Stage+1, c.Step)
			}
			o.Resume = true
			if asked += asked/2 + 1; stops > 100 {
				t.Fatal("the run does not get on")
			}
		}
		if !bytes.Equal(modelBytes(t, o.Folder), want) {
			t.Errorf("first stopped when asked %d times: another model", asked)
		}
		if got := events(t, o.Folder); !slices.Equal(got, wantEvents) {
			t.Errorf("first stopped when asked %d times: another log:\n%q\n%q", asked, got, wantEvents)
		}
	}
}

// Ctrl-C while a validation runs: the steps since the last checkpoint are kept, and the validation is done when the run goes on.
func TestRunsStoppedInAValidationAreSaved(t *testing.T) {
	for _, last := range []bool{false, true} {
		r, o := tinyRun(t)
		at := 4 // a validation is due, and the last checkpoint was at 3
		if last {
			at = 8 // of the stage, whose result is a mean of weights
		}
		ctx, cancel := context.WithCancel(context.Background())
		o.Progress = func(p Progress) { // is told right before the validation
			if p.Stage == 1 && p.Step == at {
				cancel()
			}
		}
		if _, err := Run(ctx, r, o); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		c, err := loadCheckpoint(o.Folder)
		if err != nil || c.Stage != 0 || c.Step != at || !c.Measuring {
			t.Fatalf("the checkpoint is %+v (%v)", c.position, err)
		}
		before := len(events(t, o.Folder))
		o.Progress, o.Resume = nil, true
		var notes []string
		o.Note = func(text string) { notes = append(notes, text) }
		if _, err := Run(context.Background(), r, o); err != nil {
			t.Fatal(err)
		}
		if len(notes) < 2 || !strings.Contains(notes[0], "continuing in stage 1") || !strings.Contains(notes[1], "PSNR") || before != at/4-1 {
			t.Errorf("%d validations, then %q", before, notes[:2])
		}
	}
}

// Ctrl-C before the first step, and in a run that is resumed before it has taken up its checkpoint.
func TestRunsStoppedAtTheStartAreSaved(t *testing.T) {
	r, o := tinyRun(t)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(cancelled, r, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if c, err := loadCheckpoint(o.Folder); err != nil || c == nil || c.Stage != 0 || c.Step != 0 {
		t.Fatalf("%+v, %v", c, err)
	}
	o.Resume = true
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o.Progress = func(p Progress) {
		if p.Step == 5 {
			cancel()
		}
	}
	if _, err := Run(ctx, r, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(o.Folder, CheckpointName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(cancelled, r, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(filepath.Join(o.Folder, CheckpointName)); err != nil || !bytes.Equal(before, after) {
		t.Errorf("a run that was stopped at once has changed its checkpoint (%v)", err)
	}
	_, err = Run(cancelled, r, Options{Data: o.Data, Folder: o.Folder})
	if err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("a folder that is taken: %v", err)
	}
}

// Where saving fails, the error does not say that the run was stopped, which would mean that it is saved.
func TestRunsThatCannotBeSaved(t *testing.T) {
	r, o := tinyRun(t)
	ctx, cancel := context.WithCancel(context.Background())
	o.Progress = func(p Progress) {
		if p.Step != 5 {
			return
		}
		cancel()
		path := filepath.Join(o.Folder, CheckpointName)
		if err := errors.Join(os.Remove(path), os.MkdirAll(filepath.Join(path, "in the way"), 0o700)); err != nil {
			t.Error(err)
		}
	}
	_, err := Run(ctx, r, o)
	if err == nil || errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "could not be saved") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(o.Folder, report.LogName)); err != nil {
		t.Error(err)
	}
}
