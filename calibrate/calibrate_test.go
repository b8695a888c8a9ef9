package calibrate

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"classsr"
	"classsr/branch"
	"classsr/branch/branchtest"
	"classsr/evaluate"
	"classsr/fault"
	"classsr/imageio"
	"classsr/picture"
	"classsr/resample"
	"classsr/route"
	"classsr/weights"
)

// pictures writes a folder of two pictures.
func pictures(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, p := range map[string]*picture.Picture{
		"a.png": branchtest.Patchwork(260, 190, 3, false, 8), "b.png": branchtest.Fixed(200, 140, 3, 8),
	} {
		var b bytes.Buffer
		if err := imageio.Encode(&b, p, imageio.PNG, imageio.EncodeOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// A model that was calibrated, written and opened again routes by both routers; any number of threads gives the same
// calibration.
func TestCalibratedModelsRoute(t *testing.T) {
	file := branchtest.ClassSR(t, "fsrcnn", 2, 3)
	file.Routing = ""
	folder, steps := pictures(t), []string{}
	calibrated, n, err := Folders{HR: folder, Pages: folder, Quality: 0.05}.Run(context.Background(), classsr.ModelOf(file), 1, func(step string) { steps = append(steps, step) })
	if err != nil {
		t.Fatal(err)
	}
	if n != 4 || len(steps) != 6 || steps[0] != "measure 1 of 2: "+filepath.Join(folder, "a.png") {
		t.Errorf("%d pictures, steps %q", n, steps)
	}
	if file.Routing != "" {
		t.Error("the model that was given has changed")
	}
	checkCalibration(t, calibrated.Weights().Routing)
	threads, _, err := Folders{HR: folder, Pages: folder, Quality: 0.05}.Run(context.Background(), classsr.ModelOf(file), 3, func(string) {})
	if err != nil || threads.Weights().Routing != calibrated.Weights().Routing {
		t.Errorf("another calibration with three threads (%v)", err)
	}
	path := filepath.Join(t.TempDir(), "calibrated.safetensors")
	if err := calibrated.Weights().Save(path, false); err != nil {
		t.Fatal(err)
	}
	checkRouting(t, path)
}

// checkCalibration demands a table of each router, with the model's classes behind bicubic interpolation.
func checkCalibration(t *testing.T, text string) {
	t.Helper()
	c, err := route.ReadCalibration(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, router := range []string{route.Edge, route.ClassModule} {
		table, err := c.Table(router)
		if err != nil {
			t.Fatal(err)
		}
		if want := append([]string{classsr.Bicubic}, weights.ClassNames(3)...); !slices.Equal(table.Classes, want) {
			t.Errorf("router %s: classes %v, want %v", router, table.Classes, want)
		}
		if table.Block != branch.EdgeBlock || len(table.Sharp) != 3 {
			t.Errorf("router %s: parts of %d pixels, protected from %v", router, table.Block, table.Sharp)
		}
		if goal, err := route.NewGoal(0, 0, 0, table); err != nil || goal != (route.Goal{Kind: route.ByQuality, Limit: 0.05}) {
			t.Errorf("router %s: without a goal it is %+v (%v)", router, goal, err)
		}
		if len(table.Levels) < 10 {
			t.Errorf("router %s: %d levels", router, len(table.Levels))
		}
	}
}

// checkRouting enlarges a picture with the model in a file by each router.
func checkRouting(t *testing.T, path string) {
	t.Helper()
	model, err := classsr.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	in := branchtest.Patchwork(90, 70, 3, false, 8)
	for _, o := range []classsr.Options{{Router: route.Edge, Quality: 0.5}, {Router: route.ClassModule, Budget: 70}} {
		o.Mode = classsr.ModeRouted
		up, err := model.Upscaler(o)
		if err != nil {
			t.Fatal(err)
		}
		out, report, err := up.Upscale(context.Background(), in)
		if err != nil || out.Width != 180 || report.Route.Pixels() != 90*70 {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestModelsWithoutClassesAreNotCalibrated(t *testing.T) {
	model, err := classsr.Open(classsr.Bicubic)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(model, 1); fault.KindOf(err) != fault.Usage {
		t.Errorf("error %v", err)
	}
}

func TestNothingToCalibrateBy(t *testing.T) {
	m := classsr.ModelOf(branchtest.ClassSR(t, "fsrcnn", 2, 2))
	if _, _, err := (Folders{HR: t.TempDir()}).Run(context.Background(), m, 1, func(string) {}); err == nil {
		t.Error("an empty folder calibrates a model")
	}
	c, err := New(m, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Fit(); err == nil {
		t.Error("a model is calibrated by nothing")
	}
}

// A picture that takes too much memory is refused by its headers: with pixels that are cut off, nothing else is wrong so far.
func TestHugePicturesAreNotCalibratedWith(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.png")
	var b bytes.Buffer
	if err := imageio.Encode(&b, branchtest.Fixed(400, 300, 3, 8), imageio.PNG, imageio.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes()[:b.Len()-1000], 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := New(classsr.ModelOf(branchtest.ClassSR(t, "fsrcnn", 2, 2)), 1)
	if err != nil {
		t.Fatal(err)
	}
	for memory, want := range map[int64]fault.Kind{2 << 20: fault.TooLarge, 4 << 20: fault.Damaged} {
		c.memory = memory
		if _, _, err := evaluate.Reduced(path, 2, resample.Published, c.accepts); fault.KindOf(err) != want {
			t.Errorf("%d bytes of memory: %v", memory, err)
		}
	}
}
