package bench

import (
	"context"
	"errors"
	"testing"

	"classsr/fault"
)

// Cases are handed on as soon as they are measured, and nothing is measured after an error.
func TestCasesAreHandedOnOneByOne(t *testing.T) {
	enough := errors.New("enough")
	var got []Case
	err := Run(context.Background(), Options{Nets: []string{"fsrcnn", "rcan"}, Threads: []int{1, 2}, Runs: 1}, func(c Case) error {
		got = append(got, c)
		return enough
	})
	if !errors.Is(err, enough) || len(got) != 1 {
		t.Fatalf("error %v after the cases %+v", err, got)
	}
	if c := got[0]; c.Net != "fsrcnn" || c.Width != 56 || c.Shape != "32x32" || c.Batch != 1 || c.Threads != 1 || c.MS <= 0 || c.GMACPerS <= 0 {
		t.Errorf("case %+v", c)
	}
}

// A single patch is not measured on several threads.
func TestPatchesAreOnePiece(t *testing.T) {
	enough := errors.New("enough")
	err := Run(context.Background(), Options{Nets: []string{"fsrcnn"}, Threads: []int{2}, Runs: 1}, func(c Case) error {
		if c.Batch != batchSize || c.Threads != 2 {
			t.Errorf("case %+v", c)
		}
		return enough
	})
	if !errors.Is(err, enough) {
		t.Error(err)
	}
}

func TestNetworksThatCannotBeMeasured(t *testing.T) {
	for _, net := range []string{"bicubic", "magic", ""} {
		err := Run(context.Background(), Options{Nets: []string{"fsrcnn", net}, Threads: []int{1}, Runs: 1}, func(c Case) error {
			t.Errorf("%+v was measured", c)
			return nil
		})
		if fault.KindOf(err) != fault.Usage {
			t.Errorf("network %q: error %v", net, err)
		}
	}
}

func TestMeasuringStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := Run(ctx, Options{Nets: []string{"fsrcnn"}, Threads: []int{1}, Runs: 1}, func(Case) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
