package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const hostile = `"><script>alert(1)</script><img src=x onerror=y>&amp;`

// fakeRun is the log of a run of five stages, with a pause, steps done twice, a warning, samples and a recipe.
func fakeRun() []Event {
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	var events []Event
	add := func(e Event) {
		e.Time = now.Format(time.RFC3339)
		events = append(events, e)
	}
	start := Event{Kind: KindRun, Name: "fsrcnn-small", Classes: []string{"simple", "medium", "hard"},
		Recipe: "scale: 4\nname: a <b>\n", Text: "FSRCNN with three branches"}
	add(start)
	resumed := false
	names := []string{"branch simple", "branch medium", "branch hard", "class-module", "joint"}
	for i, name := range names {
		const steps = 4000
		stage, routed := i+1, i >= 3
		add(Event{Kind: KindStage, Stage: stage, Name: name, Steps: steps})
		for step := 100; step <= steps; step += 100 {
			now = now.Add(20 * time.Second)
			if i == 2 && step == 2000 && !resumed { // killed, and resumed from step 1500
				resumed = true
				now = now.Add(10 * time.Hour)
				add(start)
				step = 1600
			}
			done := float64(step) / steps
			e := Event{Kind: KindStep, Stage: stage, Name: name, Step: step, Steps: steps, MSPerStep: 200,
				Rate: 1e-7 + 1e-3*(1+math.Cos(math.Pi*done))/2}
			pixel := 0.012*float64(1+i%3) + 0.3*math.Exp(-done*30) + 0.001*math.Sin(float64(step))
			e.Losses = map[string]float64{LossPixel: pixel, LossTotal: pixel}
			share := 0.33 - 0.1*done
			if routed {
				e.Losses[LossClass], e.Losses[LossAverage] = 1.6*math.Exp(-done*3), 0.1+0.05*math.Sin(float64(step)/300)
				e.Losses[LossTotal] = 1000*pixel + 0.5*e.Losses[LossClass] + 3*e.Losses[LossAverage]
				e.Shares = []float64{1 - 2*share, share, share}
				e.Probabilities = [][]int{{50, 8, 4, 2, 1, 1, 2, 4, 8, 40}, {90, 5, 2, 1, 1, 0, 1, 2, 3, 20},
					{80, 6, 3, 1, 1, 1, 1, 3, 4, 22}}
			}
			add(e)
			if step%500 == 0 {
				v := Event{Kind: KindValidation, Stage: stage, Name: name, Step: step, Steps: steps, Bicubic: 24.85,
					PSNR: 24.5 + 0.3*float64(i) + 1.2*(1-math.Exp(-done*6)), MACsPercent: 100}
				v.PSNRY = v.PSNR + 1.4
				if routed {
					v.Shares, v.MACsPercent = e.Shares, 100-40*done
					v.Confusion = [][]int{{150, 30, 20}, {40, step / 40, 60}, {5, 15, 180}}
				}
				add(v)
			}
		}
		add(Event{Kind: KindWarning, Stage: stage, Name: name, Step: steps,
			Text: "The gradient was clipped. Lower the rate if it goes on."})
		add(Event{Kind: KindSample, Stage: stage, Name: name, Step: steps, Sample: &Sample{Title: "0801 <part>",
			Bicubic: "samples/bicubic.png", Result: "samples/result.png", HR: "samples/hr.png", Routes: "samples/routes.png"}})
	}
	add(Event{Kind: KindDone})
	return events
}

func TestPageHasWhatTheRunHas(t *testing.T) {
	folder := runFolder(t)
	writeLog(t, folder, fakeRun())
	if err := WriteFile(folder); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(folder, PageName))
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	checkPage(t, page)
	for _, want := range []string{
		"fsrcnn-small", "FSRCNN with three branches", "complete, resumed once", "26.90 dB", "&#43;2.05 dB",
		"60.0 % of the full network", "simple 54.0 %, medium 23.0 %, hard 23.0 %", "1 h 7 min",
		"The gradient was clipped", "5 times", "4000 of 4000",
		"Validation PSNR", "Total loss", "Class loss", "Average loss", "Learning rate", "Classes in training", "Classes in validation",
		"Class probabilities: joint, step 4000", "Judge and Class-Module", "joint, step 4000",
		"<tr><td>simple</td><td>75.0 %</td><td>15.0 %</td><td>10.0 %</td><td>200</td></tr>", "<td>hard</td><td>2.5 %</td>",
		"name: a &lt;b&gt;", "0801 &lt;part&gt;", "class-module</text>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if n := strings.Count(page, `<img src="data:image/png;base64,`); n != 4 {
		t.Errorf("%d pictures, want 4", n)
	}
	if n := strings.Count(page, "<svg"); n != 12 {
		t.Errorf("%d figures, want 12", n)
	}
	var again bytes.Buffer
	if err := Write(&again, folder, fakeRun()); err != nil || again.String() != page {
		t.Errorf("the same run gives another page (error %v)", err)
	}
	if keep := os.Getenv("REPORT_EXAMPLE"); keep != "" { // to look at it
		if err := os.WriteFile(keep, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPageEscapesEverything(t *testing.T) {
	events := fakeRun()
	for i := range events {
		e := &events[i]
		e.Name, e.Text, e.Recipe, e.Classes = hostile, hostile, hostile, []string{hostile, "\x1b\u2028", ""}
		if e.Losses != nil {
			e.Losses[hostile] = 1
		}
		if e.Sample != nil {
			e.Sample = &Sample{hostile, hostile, "../log.jsonl", "javascript:alert(1)", "/etc/passwd"}
		}
	}
	events[0].Time = hostile
	var out bytes.Buffer
	if err := Write(&out, t.TempDir(), events); err != nil {
		t.Fatal(err)
	}
	checkPage(t, out.String())
	if strings.Contains(out.String(), "<img") || strings.Count(out.String(), "is not shown: ") != 4 {
		t.Error("pictures that are not there are not named as missing")
	}
}

func TestPicturesStayInsideTheFolder(t *testing.T) {
	folder := runFolder(t)
	outside := filepath.Join(t.TempDir(), "secret.png")
	writePicture(t, outside)
	if err := os.Symlink(outside, filepath.Join(folder, "link.png")); err != nil {
		t.Skip(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "text.png"), []byte("<svg onload='x'/>"), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	events := []Event{{Kind: KindSample, Sample: &Sample{"a", "link.png", "text.png", "samples", outside}}}
	if err := Write(&out, folder, events); err != nil {
		t.Fatal(err)
	}
	checkPage(t, out.String())
	if strings.Contains(out.String(), "<img") || strings.Count(out.String(), "is not shown: ") != 4 {
		t.Errorf("a picture is shown that should not be")
	}
}

func TestFindings(t *testing.T) {
	validation := Event{Kind: KindValidation, Stage: 1, Name: "joint", Step: 10, PSNR: 24, Bicubic: 25,
		Shares: []float64{0.999, 0.001}}
	events := []Event{{Kind: KindRun, Classes: []string{"simple", "hard"}}, validation}
	var out bytes.Buffer
	if err := Write(&out, t.TempDir(), events); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"The run is not complete", "worse than bicubic", "Class &#34;hard&#34; has less than 1 %", "-1.00 dB",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q", want)
		}
	}
	out.Reset()
	if err := Write(&out, t.TempDir(), fakeRun()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "not complete") || strings.Contains(out.String(), "worse than") {
		t.Error("a run without fault is complained about")
	}
}

func TestAnyEventsMakeAPage(t *testing.T) {
	odd := []Event{
		{}, {Kind: "later"}, {Kind: KindSample}, {Kind: KindStep, Step: -5, Stage: -1}, {Kind: KindValidation, PSNR: 1e308},
		{Kind: KindStep, Stage: 1 << 60, Step: 1 << 60, Rate: -1e308, Losses: map[string]float64{"": 5e-324}},
		{Kind: KindStep, Stage: 1 << 60, Step: 1<<63 - 1, Shares: make([]float64, 999)},
		{Kind: KindStep, Stage: 2, Step: -1 << 60, Probabilities: [][]int{nil, {-1}, make([]int, 500)}},
		{Kind: KindValidation, Stage: 2, PSNR: -1e308, Shares: []float64{-1, 7}},
		{Kind: KindValidation, Stage: 2, Confusion: [][]int{{1, 2}, {3}}}, {Kind: KindValidation, Stage: 3, Confusion: [][]int{nil}},
		{Kind: KindDone, Time: "yesterday"},
	}
	for n := range len(odd) + 1 {
		var out bytes.Buffer
		if err := Write(&out, t.TempDir(), odd[:n]); err != nil {
			t.Fatal(err)
		}
		checkPage(t, out.String())
	}
}

func TestWriteFileSaysWhatIsMissing(t *testing.T) {
	folder := t.TempDir()
	if err := WriteFile(folder); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), LogName) {
		t.Errorf("error %v", err)
	}
	writeLog(t, folder, nil)
	if err := WriteFile(folder); err == nil {
		t.Error("an empty log gives no error")
	}
	if _, err := os.Stat(filepath.Join(folder, PageName)); err == nil {
		t.Error("a page was written all the same")
	}
}

// checkPage checks that a page is well formed, runs nothing and asks for nothing outside itself.
func checkPage(t *testing.T, page string) {
	t.Helper()
	if at := regexp.MustCompile(`(?i)(src|href)\s*=\s*["']?\s*(https?:|//)|url\(|@import|ZgotmplZ`).FindString(page); at != "" {
		t.Errorf("the page needs something outside itself, or lost something: %q", at)
	}
	decoder := xml.NewDecoder(strings.NewReader(page))
	decoder.Entity = xml.HTMLEntity
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("the page is not well formed: %v", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "script", "link", "iframe", "object", "a":
			t.Errorf("the page has an element %s", start.Name.Local)
		}
		for _, a := range start.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "src" && !strings.HasPrefix(a.Value, "data:image/") {
				t.Errorf("attribute %s=%.40q", a.Name.Local, a.Value)
			}
		}
	}
}

// runFolder makes a folder with the sample pictures of fakeRun.
func runFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "samples"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bicubic", "result", "hr", "routes"} {
		writePicture(t, filepath.Join(folder, "samples", name+".png"))
	}
	return folder
}

func writePicture(t *testing.T, path string) {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, 120, 80))
	for i := range 120 * 80 {
		picture.Set(i%120, i/120, color.NRGBA{R: uint8(2 * (i % 120)), G: uint8(3 * (i / 120)), B: 90, A: 255})
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
