package branch

import (
	"context"
	"image"
	"math"
	"testing"

	"classsr/branch/branchtest"
	"classsr/internal/testref"
	"classsr/picture"
	"classsr/route"
	"classsr/tensor"
	"classsr/weights"
)

// The Class-Module sees 32x32 pixels with the core in the middle, inside the picture where that is large enough.
func TestWindowsOfTheClassModule(t *testing.T) {
	for _, c := range []struct{ core, picture, want image.Rectangle }{
		{image.Rect(30, 0, 60, 28), image.Rect(0, 0, 90, 56), image.Rect(29, 0, 61, 32)},
		{image.Rect(60, 28, 90, 56), image.Rect(0, 0, 90, 56), image.Rect(58, 24, 90, 56)},
		{image.Rect(0, 0, 32, 7), image.Rect(0, 0, 64, 7), image.Rect(0, 0, 32, 8)},
		{image.Rect(0, 0, 1, 1), image.Rect(0, 0, 1, 1), image.Rect(0, 0, 4, 4)},
		{image.Rect(0, 0, 31, 31), image.Rect(0, 0, 31, 31), image.Rect(0, 0, 32, 32)},
	} {
		if got := sees(c.core, c.picture.Max); got != c.want {
			t.Errorf("for core %v of %v it is %v, want %v", c.core, c.picture.Max, got, c.want)
		}
	}
}

func TestTheClassModuleSeesTheEdgeRepeated(t *testing.T) {
	m := branchtest.ClassSR(t, "fsrcnn", 2, 3)
	module := newClassModule(m.ClassModule.Spec.Build(), m.ClassModule.Params)
	in := branchtest.Patchwork(9, 6, 3, false, 8)
	x := tensor.New(tensor.Shape{N: 1, C: 3, H: 8, W: 12})
	for c := range 3 {
		for y := range 8 {
			for column := range 12 {
				at := image.Pt(min(column, 8), min(y, 5))
				in.ReadPlane(x.Plane(0, c)[y*12+column:], c, image.Rectangle{Min: at, Max: at.Add(image.Pt(1, 1))})
			}
		}
	}
	want := m.ClassModule.Spec.Build().Forward(m.ClassModule.Params, x)
	var c classifier
	scores := make([][]float32, 2)
	if err := c.scores(context.Background(), module, in, []image.Rectangle{image.Rect(4, 0, 9, 6), image.Rect(0, 0, 9, 6)}, scores); err != nil {
		t.Fatal(err)
	}
	for i, v := range want.Data {
		if math.Abs(float64(v-scores[1][i])) > 1e-4*(1+math.Abs(float64(v))) {
			t.Errorf("score %d is %g, want %g", i, scores[1][i], v)
		}
	}
}
func TestProbabilitiesOfPyTorch(t *testing.T) {
	archive := testref.OpenNPZ(t, "papermode.npz")
	w, h, pix := archive.Picture("lr_rgb")
	lr := picture.New(w, h, 3, false, 8)
	copy(lr.Pix8, pix)
	model, err := weights.Open(testref.Path(t, "reference", "papermode.pth"), 0)
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewSet(model, 4)
	if err != nil {
		t.Fatal(err)
	}
	var c classifier
	scores := make([][]float32, 2)
	cores := []image.Rectangle{image.Rect(0, 0, 32, 32), image.Rect(28, 28, 60, 60)}
	if err := c.scores(context.Background(), r.module, lr, cores, scores); err != nil {
		t.Fatal(err)
	}
	want := archive.Array("p").Data[5*3:] // in the second row of four
	for i, p := range route.Softmax(scores[1]) {
		if math.Abs(p-float64(want[i])) > 1e-5 {
			t.Errorf("class %d has probability %g, want %g", i, p, want[i])
		}
	}
}
