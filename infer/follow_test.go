package infer

import (
	"context"
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"classsr/imageio"
	"classsr/internal/testref"
)

// A pan over a photo of which about half goes through the full network, and where the multiplier of the first frame alone would move many cores at once and lose more than the
// quality allows.
func TestVideosKeepTheQuality(t *testing.T) {
	d, err := imageio.DecodeFile(testref.Path(t, "data", "train", "photos2k", "elementary_william_bout_lighthouse.jpg"), imageio.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	up := newUpscaler(t, builtIn(t, "fsrcnn-x2"), Options{Scale: 2, Threads: 2})
	s := up.Sequence(SequenceOptions{})
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 5 {
		in := copied(d.Crop(image.Rect(2*i, 232, 2*i+1280, 952)))
		for k := range in.Pix8 {
			in.Pix8[k] = uint8(min(max(int(in.Pix8[k])+r.IntN(5)-2, 0), 255))
		}
		if err := s.Skip(context.Background(), in); err != nil {
			t.Fatal(err)
		}
		if used(s.choice.Map) < 2 {
			t.Fatalf("frame %d has one class, which proves nothing", i)
		}
		routed := up.method.(*routed)
		problem, predicted := routed.problem(s.judged, routed.lone())
		allowed := predicted.Squares * (math.Pow(10, routed.table.AllowedFor(routed.goal.Limit)/10) - 1)
		if share := problem.Loss(s.choice.Classes) / allowed; share > 1.06 {
			t.Errorf("frame %d loses %.2f times what it may", i, share)
		}
	}
}
