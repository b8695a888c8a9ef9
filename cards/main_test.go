package main

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"classsr/picture"
)

// The test binary stands for the program that measures, too: it prints what eval does, and notes each call.
func TestMain(m *testing.M) {
	if calls := os.Getenv("CARDS_CALLS"); calls != "" {
		os.Exit(fake(calls, os.Args[1:]))
	}
	os.Exit(m.Run())
}

func fake(calls string, args []string) int {
	if args[0] == "version" {
		fmt.Println(`{"version":"1.0","kernel":"avx2","threads":3}`)
		return 0
	}
	f, err := os.OpenFile(calls, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 1
	}
	_, _ = fmt.Fprintln(f, strings.Join(args, " "))
	_ = f.Close()
	fmt.Printf(`{"model":"m","images":1,"scale":4,"psnr_rgb":30.5,"psnr_y":null,"classes":[{"name":"bicubic","share":1}],"note":"%s"}`+"\n", args[3])
	return 0
}

func TestOnlyWhatIsMissingIsMeasured(t *testing.T) {
	root := t.TempDir()
	calls := filepath.Join(root, "calls")
	t.Setenv("CARDS_CALLS", calls)
	c := &command{
		program: os.Args[0], docs: filepath.Join(root, "docs"), work: filepath.Join(root, "work"), shared: filepath.Join(root, "shared"), sets: "set5,2k",
	}
	l, err := newLab(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	bicubic := baselines(4)[0]
	measure := func(want int) *record {
		t.Helper()
		if err := l.measure(t.Context(), bicubic); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(calls)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(string(text), "\n"); got != want {
			t.Fatalf("%d calls, want %d:\n%s", got, want, text)
		}
		records, err := loadAll(l.data)
		if err != nil || records["bicubic-x4"] == nil {
			t.Fatalf("records %v, error %v", records, err)
		}
		return records["bicubic-x4"]
	}
	r := measure(2)
	x := r.Runs[r.index("set5", wayFull)]
	if x.Threads != 3 || x.Kernel != "avx2" || !strings.HasPrefix(x.Version, "1.0") || x.result.PSNRRGB != 30.5 {
		t.Errorf("run %+v", x)
	}
	if want := "classsr eval --json --hr $CLASSSR_SHARED/data/test/Set5/HR --lr $CLASSSR_SHARED/data/test/Set5/LRx4 -m bicubic -s 4"; x.Command != want {
		t.Errorf("command %q, want %q", x.Command, want)
	}
	if strings.Contains(string(x.Output), root) {
		t.Errorf("a folder of this machine is kept: %s", x.Output)
	}
	measure(2)
	l.again = true
	measure(4)
	l.again = false
	bicubic.weights = "other" // the model has changed; its crops cannot be made here
	if err := l.measure(t.Context(), bicubic); err == nil {
		t.Error("crops of pictures that are not there")
	}
	bicubic.weights = ""
	measure(8)
}

func TestNumbersAreRounded(t *testing.T) {
	got := string(rounded(`{"a":1.23456789,"b":-0.000001234,"c":[{"d":31.7}],"e":12345.678912},{"m":"x1.2345678"}`))
	if want := `{"a":1.23457,"b":-0,"c":[{"d":31.7}],"e":12345.67891},{"m":"x1.2345678"}`; got != want {
		t.Errorf("rounded to %s, want %s", got, want)
	}
}

func TestUnknownSetsAreToldOf(t *testing.T) {
	if err := (&command{sets: "set5,2K", render: true}).run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), `"2K"`) {
		t.Errorf("error %v", err)
	}
	if err := (&command{}).run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "CLASSSR_SHARED") {
		t.Errorf("error %v", err)
	}
}

func TestJPEGsAreMadeOnce(t *testing.T) {
	root := t.TempDir()
	hr := filepath.Join(root, "hr")
	if err := os.Mkdir(hr, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(hr, "a.b.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, toImage(ramp(64, 48))); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	for range 2 {
		if err := makeJPEGs(hr, "", filepath.Join(root, "lr"), 2, 75); err != nil {
			t.Fatal(err)
		}
	}
	lr, err := small(filepath.Join(root, "lr", "a.b.jpg"), true, 2)
	if err != nil || lr.Width != 32 || lr.Height != 24 {
		t.Fatalf("LR picture %+v, error %v", lr, err)
	}
	if _, err := scoreLanczos(filepath.Join(hr, "a.b.png"), filepath.Join(root, "lr"), 2); err != nil {
		t.Error(err)
	}
}

// ramp is a smooth picture.
func ramp(w, h int) *picture.Picture {
	p := picture.New(w, h, 3, false, 8)
	for i := range w * h {
		p.Pix8[3*i], p.Pix8[3*i+1], p.Pix8[3*i+2] = uint8(2*(i%w)), uint8(2*(i/w)), uint8(40+i%w+i/w)
	}
	return p
}
