package infer

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/picture"
	"classsr/weights"
)

// Runs of a sequence that others enlarge, who are told what was decided and know nothing of the pictures before, have its bits; what stands still in a run is
// not computed there either.
func TestRunsHaveTheBitsOfTheSequence(t *testing.T) {
	for i, tt := range []struct {
		model   *weights.Model
		options Options
		size    [2]int
	}{
		{branchtest.ClassSR(t, "fsrcnn", 4, 3), Options{Scale: 4}, [2]int{255, 187}}, {builtIn(t, "fsrcnn-x4"), Options{Scale: 4, Budget: 60}, [2]int{200, 150}},
		{branchtest.ClassSR(t, "fsrcnn", 4, 3), Options{Scale: 4, Mode: ModeFull}, [2]int{200, 150}}, {branchtest.ClassSR(t, "rcan", 4, 2), Options{Scale: 4}, [2]int{170, 90}},
		{branchtest.ClassSR(t, "fsrcnn", 4, 3), Options{Scale: 4}, [2]int{30, 20}}, {nil, Options{Scale: 2}, [2]int{90, 60}},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			testRuns(t, tt.model, tt.options, clip(rand.New(rand.NewPCG(3, uint64(i))), tt.size[0], tt.size[1], 8, 9))
		})
	}
}

func testRuns(t *testing.T, m *weights.Model, o Options, frames []*picture.Picture) {
	t.Helper()
	ctx := context.Background()
	o.Threads = 2
	whole, deciding := newUpscaler(t, m, o), newUpscaler(t, m, o)
	o.Threads = 1
	computing := newUpscaler(t, m, o)
	for _, up := range []*Upscaler{whole, deciding} {
		if m != nil {
			favourRouting(up)
		}
	}
	all, decides := whole.Sequence(SequenceOptions{}), deciding.Sequence(SequenceOptions{})
	var run *Sequence
	for i, in := range frames {
		want, err := all.Next(ctx, in, 0)
		if err != nil {
			t.Fatal(err)
		}
		d, err := decides.Decide(ctx, in, 0)
		if err != nil {
			t.Fatal(err)
		}
		if d.Cut != want.Cut || d.Changed != want.Changed {
			t.Errorf("frame %d: decided %v %g, want %v %g", i, d.Cut, d.Changed, want.Cut, want.Changed)
		}
		sent, err := ParseDecision(d.Text())
		if err != nil || sent.Cut != d.Cut || sent.FullBecause != d.FullBecause || !bytes.Equal(sent.Classes, d.Classes) {
			t.Fatalf("%+v is sent as %+v (%v)", d.Decision, sent, err)
		}
		if i%4 == 0 {
			run = computing.Sequence(SequenceOptions{})
		}
		got, err := run.Decided(ctx, in, sent, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !samePicture(got.Picture, want.Picture) {
			t.Fatalf("frame %d differs %s", i, firstDifference(got.Picture, want.Picture))
		}
		if i%4 > 0 && got.Reused != want.Reused || got.Cut != want.Cut {
			t.Errorf("frame %d: %g is kept, want %g", i, got.Reused, want.Reused)
		}
	}
}

func TestDecisionsThatCannotBe(t *testing.T) {
	ctx := context.Background()
	s := newUpscaler(t, branchtest.ClassSR(t, "fsrcnn", 4, 3), Options{Scale: 4}).Sequence(SequenceOptions{})
	for _, classes := range [][]byte{nil, make([]byte, 5), bytes.Repeat([]byte{9}, 7*4)} {
		if _, err := s.Decided(ctx, picture.New(200, 100, 3, false, 8), Decision{Classes: classes}, 0); fault.KindOf(err) != fault.Usage {
			t.Errorf("%d classes: %v", len(classes), err)
		}
	}
	if _, err := newUpscaler(t, nil, Options{Scale: 2}).Sequence(SequenceOptions{}).Decided(ctx, picture.New(200, 100, 3, false, 8), Decision{Classes: []byte{0}}, 0); fault.KindOf(err) != fault.Usage {
		t.Errorf("of interpolation: %v", err)
	}
	bomb := Decision{Classes: make([]byte, mostDecision+1)}.Text()
	for _, text := range []string{"", "?", "AAAA", strings.Repeat("A", 100), bomb} {
		if _, err := ParseDecision(text); fault.KindOf(err) != fault.Damaged {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}
