package infer

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"

	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/picture"
	"classsr/weights"
)

// opener gives a picture in rows, again and again.
func opener(in *picture.Picture) func() (picture.RowSource, error) {
	return func() (picture.RowSource, error) { return in.Rows(7), nil }
}

// A picture that is read in rows must have the bits of one that is in memory, however it is cut; and the window must hold all rows that anybody
// asks for, since it panics if it does not.
func TestPicturesInRowsAreThoseOfTheWhole(t *testing.T) {
	type way struct {
		net    string
		mode   Mode
		border Border
		memory []int64 // 0 for as much as is wanted
	}
	ways := []way{{"fsrcnn", ModeFull, "", []int64{2_900_000}}, {"fsrcnn", ModeRouted, "", []int64{0, 4_500_000}}, {"", "", "", []int64{0}}}
	if os.Getenv("CLASSSR_SLOW") != "" {
		ways = []way{
			{"fsrcnn", ModeFull, "", []int64{0, 2_300_000, 1_800_000}}, {"fsrcnn", ModeRouted, "", []int64{0, 5_000_000, 4_000_000}},
			{"fsrcnn", ModeFull, BorderZero, []int64{0, 1_500_000}}, {"carn", ModeFull, "", []int64{0, 4_000_000}},
			{"carn", ModeRouted, "", []int64{0, 7_000_000}}, {"srresnet", ModeRouted, "", []int64{0}}, {"rcan", ModeRouted, "", []int64{0}},
		}
	}
	for _, c := range ways {
		var m *weights.Model
		if c.net != "" {
			m = branchtest.ClassSR(t, c.net, 2, 3)
		}
		for _, in := range []*picture.Picture{branchtest.Patchwork(300, 330, 3, false, 8), branchtest.Patchwork(67, 231, 1, false, 16)} {
			o := Options{Mode: c.mode, Border: c.border, Threads: 1, Scale: 2}
			want, _ := enlargeBy(t, m, o, in)
			for i, memory := range c.memory {
				o.Threads, o.Memory = 1+i%2, memory
				got, arrangement, err := enlargeInRows(t, m, o, in)
				if err != nil {
					t.Errorf("%s %s, %d bytes: %v", c.net, c.mode, memory, err)
					continue
				}
				t.Logf("%s %s: %s", c.net, c.mode, arrangement)
				if !slices.Equal(got.Pix8, want.Pix8) || !slices.Equal(got.Pix16, want.Pix16) {
					t.Errorf("%s %s, %d bytes (%s): other pixels than the whole", c.net, c.mode, memory, arrangement)
				}
			}
		}
	}
}

// enlargeInRows enlarges a picture in rows, and tells how it was cut.
func enlargeInRows(t *testing.T, m *weights.Model, o Options, in *picture.Picture) (*picture.Picture, string, error) {
	t.Helper()
	up := newUpscaler(t, m, o)
	favourRouting(up)
	claim, err := up.ClaimRows(context.Background(), in.Config(), Beside{})
	if err != nil {
		return nil, "", err
	}
	e, err := up.BeginRows(context.Background(), opener(in), claim)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = e.Close() }()
	p := e.job.plan
	if rows, told := int64(p.windowRows()), claim.bytes(p.sizing)-p.work(room{size: p.size, row: up.result(in.Config()).Bytes() / int64(in.Height)}); rows*in.Config().Bytes()/int64(in.Height) > told {
		t.Errorf("a window of %d rows, and %d bytes were claimed for it", rows, told)
	}
	got, err := gather(e)
	return got, p.arrangement(), err
}

var errDisk = errors.New("the disk is gone")

// breaking is a source that fails in one of several passes.
type breaking struct {
	picture.RowSource
	bands *int
}

func (b breaking) NextRows() (*picture.Picture, error) {
	if *b.bands--; *b.bands < 0 {
		return nil, errDisk
	}
	return b.RowSource.NextRows()
}

// An error of the source ends the work in whichever pass it comes, and gives back all memory.
func TestErrorsOfRowsEndTheWork(t *testing.T) {
	m := branchtest.ClassSR(t, "fsrcnn", 2, 3)
	in := branchtest.Patchwork(60, 420, 3, false, 8)
	up := newUpscaler(t, m, Options{Mode: ModeRouted, Threads: 2, Memory: 100e6})
	for _, bands := range []int{0, 3, 60, 62, 100, 121, 130, 180} { // three passes of 60, and two of them read to the end
		claim, err := up.ClaimRows(context.Background(), in.Config(), Beside{})
		if err != nil {
			t.Fatal(err)
		}
		left := bands
		e, err := up.BeginRows(context.Background(), func() (picture.RowSource, error) { return breaking{in.Rows(7), &left}, nil }, claim)
		if err == nil {
			_, err = gather(e)
			_ = e.Close()
		}
		if !errors.Is(err, errDisk) && left < 0 || err != nil && left >= 0 {
			t.Errorf("after %d bands: %v, %d left", bands, err, left)
		}
		if reserved, _ := up.budget.InUse(); reserved != 0 {
			t.Errorf("after %d bands %d bytes are taken", bands, reserved)
		}
	}
}

// What needs the whole picture is refused.
func TestSomePicturesHaveNoRows(t *testing.T) {
	m := branchtest.ClassSR(t, "fsrcnn", 2, 3)
	for _, c := range []struct {
		mode  Mode
		alpha bool
	}{{ModeRouted, true}, {ModePaper, false}} {
		up := newUpscaler(t, m, Options{Mode: c.mode})
		in := picture.Config{Width: 100, Height: 100, Colors: 3, Alpha: c.alpha, Depth: 8}
		if _, err := up.ClaimRows(context.Background(), in, Beside{}); fault.KindOf(err) != fault.Unsupported || fault.KindOf(up.AcceptsRows(in)) != fault.Unsupported {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// A large picture takes far less in rows.
func TestRowsTakeLittle(t *testing.T) {
	up := newUpscaler(t, branchtest.ClassSR(t, "fsrcnn", 2, 3), Options{Memory: 60e6})
	in := picture.Config{Width: 6000, Height: 9000, Colors: 3, Depth: 8}
	if err := up.AcceptsRows(in); err != nil || up.Accepts(in) == nil {
		t.Errorf("in rows: %v; as a whole: %v", err, up.Accepts(in))
	}
}
