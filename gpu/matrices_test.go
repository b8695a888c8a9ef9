package gpu_test

import (
	"strings"
	"testing"
	"time"

	"classsr/arch"
	"classsr/gpu"
	"classsr/gpu/gputest"
)

// Products of matrices are used where they are right and faster. Where they are not, nothing else is lost, and it is remembered why.
func TestMatricesAreUsedWhereTheyAreRightAndFaster(t *testing.T) {
	slow := func(band int64) {
		if band > int64(len(arch.SRNames())) { // when it is measured
			time.Sleep(300 * time.Millisecond)
		}
	}
	for name, c := range map[string]struct {
		without, with *gputest.Backend
		full          bool   // float32 is asked for
		because       string // they are not used
		used          bool
	}{
		"faster":  {without: &gputest.Backend{Before: slow}, with: &gputest.Backend{}, used: true},
		"slower":  {without: &gputest.Backend{}, with: &gputest.Backend{Before: slow}, because: "without them it is faster"},
		"wrong":   {without: &gputest.Backend{}, with: &gputest.Backend{Spoil: gputest.Black(1)}, because: "failed their test"},
		"lost":    {without: &gputest.Backend{}, with: &gputest.Backend{LostAt: 3}, because: "failed their test"},
		"crash":   {without: &gputest.Backend{}, with: &gputest.Backend{PanicsAt: 1}, because: "failed their test"},
		"float32": {without: &gputest.Backend{Before: slow}, with: &gputest.Backend{}, full: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := c.without
			b.Matrices = c.with
			o := gpu.Options{Version: gputest.Version, Start: gputest.Start(b, gputest.Version), Folder: t.TempDir(), Half: !c.full}
			d, err := gpu.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			d.Close()
			known, err := gpu.Devices(t.Context(), o)
			if err != nil || len(known) != 1 || !known[0].Verdict.Passed {
				t.Fatalf("%+v, %v", known, err)
			}
			v := known[0].Verdict
			if v.Matrices != c.used || !strings.Contains(v.NoMatrices, c.because) || (v.NoMatrices == "") != (c.because == "") || !(v.Speed.MACs > 0) {
				t.Errorf("%+v", v)
			}
			with, without := c.with.Opened(), b.Opened()
			if c.full && with != 0 {
				t.Error("matrices were tried")
			}
			if d, err = gpu.Open(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			d.Close()
			if with, without = c.with.Opened()-with, b.Opened()-without; (with == 1) != c.used || with+without != 1 {
				t.Errorf("the next time it is opened %d times with matrices and %d times without", with, without)
			}
		})
	}
}
