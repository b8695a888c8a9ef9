package check

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// program is the built program, CLASSSR_BIN, or ../../bin/classsr.
func program(t *testing.T) string {
	t.Helper()
	path := os.Getenv("CLASSSR_BIN")
	if path == "" {
		path = "../../bin/classsr"
	}
	path, err := filepath.Abs(path)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("%v: make build makes the program", err)
	}
	return path
}

// start starts the server with flags more and gives its address.
func start(t *testing.T, program string, more ...string) string {
	t.Helper()
	cmd := exec.Command(program, append([]string{"serve", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--grace", "1s", "--log-level", "error"}, more...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "http://") {
		t.Fatalf("the server said %q (%v) in place of its address", line, err)
	}
	return strings.TrimSpace(line)
}

// samples are pictures of several kinds, by their names: those of the command's results have the same endings.
func samples(t *testing.T, program string) (files []string) {
	t.Helper()
	dir := t.TempDir()
	sample := filepath.Join(dir, "sample.png")
	data, err := os.ReadFile("../../docs/images/sample.png")
	if err == nil {
		err = os.WriteFile(sample, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	var photo, clear bytes.Buffer
	holes := waves(90, 60).(*image.NRGBA)
	for i := 3; i < len(holes.Pix)/2; i += 4 {
		holes.Pix[i] = uint8(i)
	}
	if err := cmp.Or(jpeg.Encode(&photo, waves(120, 80), &jpeg.Options{Quality: 60}), png.Encode(&clear, holes)); err != nil {
		t.Fatal(err)
	}
	scan := filepath.Join(dir, "scan.tif")
	if out, err := exec.Command(program, "upscale", "-s", "0.5", sample, "-o", scan).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, data := range map[string][]byte{"photo.jpg": photo.Bytes(), "clear.png": clear.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return []string{sample, filepath.Join(dir, "photo.jpg"), filepath.Join(dir, "clear.png"), scan}
}

// The page and the server go together, and what is downloaded is what the command makes.
func TestServersPage(t *testing.T) {
	program := program(t)
	files := samples(t, program)
	b := open(t, start(t, program)+"?lang=en", desk)
	_, bad := pictureFiles(t)
	b.choose(append(files, bad)...)
	b.until(cards("waiting-list", 5) + ` && document.querySelectorAll("#waiting-list strong").length === 4 && document.querySelector("#waiting-list .error") !== null`)
	if text := eval[string](b, `document.querySelector("#waiting-list").innerText`); !strings.Contains(text, "260 × 195 → 1040 × 780") {
		t.Errorf("the list is\n%s", text)
	}
	b.axe("planned")
	b.shot("server-planned")
	b.do(chromedp.Click(chromedp.CSS("#options button[type=submit]")))
	b.until(cards("job-list", 4))
	b.shot("server-running")
	b.until(done)
	b.compare(t)
	b.downloads(program, files)
	b.do(chromedp.Reload())
	b.until(cards("job-list", 4) + " && " + done)
	b.shot("server-done")
	eval[int](b, `document.querySelector("#clear").click(), 0`)
	b.until(`document.querySelector("#jobs").hidden`)
	b.quiet("415", "400")
}

// downloads fails unless the page's results of these files are what the command makes.
func (b *tab) downloads(program string, files []string) {
	b.t.Helper()
	for _, file := range files {
		name := filepath.Base(file)
		large := filepath.Join(b.t.TempDir(), "large"+filepath.Ext(file))
		if out, err := exec.Command(program, "upscale", "-s", "4", file, "-o", large).CombinedOutput(); err != nil {
			b.t.Fatalf("%v: %s", err, out)
		}
		want, err := os.ReadFile(large)
		if err != nil {
			b.t.Fatal(err)
		}
		b.download(fmt.Sprintf(`[...document.querySelectorAll("#job-list a[download]")].find((a) => a.ariaLabel === "Download: %s").click()`, name), want)
	}
}

// deep writes a TIFF with 16 bits, the left of which is of one colour.
func deep(t *testing.T, program, name string, width, height int) string {
	t.Helper()
	p := image.NewNRGBA64(image.Rect(0, 0, 2*width, 2*height))
	for y := range 2 * height {
		for x := range 2 * width {
			c := color.NRGBA64{0x40c0, 0x80c0, 0xc0c0, 0xffff}
			if x > width {
				c.R, c.G = uint16(x*37*(1+y/20)), uint16(60*y)
			}
			p.SetNRGBA64(x, y, c)
		}
	}
	var data bytes.Buffer
	source, scan := filepath.Join(t.TempDir(), "source.png"), filepath.Join(t.TempDir(), name)
	if err := png.Encode(&data, p); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(source, data.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "upscale", "-s", "0.5", source, "-o", scan).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	head, err := os.ReadFile(scan)
	if err != nil || !bytes.Contains(head, []byte{16, 0, 16, 0, 16, 0}) { // BitsPerSample
		t.Fatalf("it has no 16 bits: %v", err)
	}
	return scan
}

// Browsers show no TIFF: the page has the server's views of them, says where these are reduced, and what is downloaded has all 16 bits.
func TestServersPageShowsScans(t *testing.T) {
	program := program(t)
	files := []string{deep(t, program, "small.tif", 90, 60), deep(t, program, "large.tif", 360, 270)}
	b := open(t, start(t, program)+"?lang=en", desk)
	b.choose(files...)
	seen := ` && [...document.querySelectorAll(".card .thumb img")].every((i) => i.naturalWidth > 0)`
	b.until(cards("waiting-list", 2) + " && " + planned + seen)
	b.shot("scans-planned")
	b.do(chromedp.Click(chromedp.CSS("#options button[type=submit]")))
	b.until(cards("job-list", 2) + " && " + done + seen)
	for _, c := range []struct{ name, before, after, chip, note string }{
		{"small.tif", "90x60", "360x240", "After", "The result is shown pixel for pixel, in 8 bits and sRGB: browsers cannot show its file as it is."},
		{"large.tif", "360x270", "720x540", "After, reduced", "The result is shown reduced to 720 × 540, of 1440 × 1080, at 1:1 too: browsers cannot show its file as it is. Download it to see all."},
	} {
		eval[int](b, fmt.Sprintf(`[...document.querySelectorAll("#job-list button")].find((b) => b.ariaLabel === "Compare: %s").click(), 0`, c.name))
		b.loaded()
		b.keys("1")
		b.until(inViewer + `(".note").innerText !== ""`)
		for side, want := range map[string]string{"before": c.before, "after": c.after} {
			image := inViewer + `(".side.` + side + ` img:last-child")`
			if got := eval[string](b, image+`.naturalWidth + "x" + `+image+`.naturalHeight`); got != want {
				t.Errorf("%s: %s is shown by %s pixels, not %s", c.name, side, got, want)
			}
			colour := eval[string](b, `(() => { const c = new OffscreenCanvas(1, 1).getContext("2d"); c.drawImage(`+image+`, -9, -9); return [...c.getImageData(0, 0, 1, 1).data].map((v) => Math.round(v / 8)).join(); })()`)
			if colour != "8,16,24,32" {
				t.Errorf("%s: the left of %s is %s", c.name, side, colour)
			}
		}
		if got := eval[string](b, inViewer+`(".chip.right").innerText`); got != c.chip {
			t.Errorf("%s: the right is labelled %q", c.name, got)
		}
		if got := eval[string](b, inViewer+`(".note").innerText`); got != c.note {
			t.Errorf("%s: the page says %q", c.name, got)
		}
		b.axe(c.name)
		b.shot("scans-" + c.name)
		b.keys(kb.Escape)
		b.until(`!document.querySelector("#viewer").open`)
	}
	b.downloads(program, files)
	b.do(chromedp.Reload())
	b.until(cards("job-list", 2) + " && " + done + seen)
	b.quiet()
}

// Sliders of effort move the forecast of the server, and a job with what they say is the command's with that budget.
func TestServersBudgets(t *testing.T) {
	program := program(t)
	sample := filepath.Join(t.TempDir(), "sample.png") // large enough to take seconds
	if out, err := exec.Command(program, "upscale", "-s", "3", "../../docs/images/sample.png", "-o", sample).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b := open(t, start(t, program)+"?lang=en", desk)
	b.choose(sample)
	b.until(cards("waiting-list", 1) + " && " + planned)
	card := `document.querySelector("#waiting-list").innerText`
	if text := eval[string](b, card); !strings.Contains(text, "simple") || !strings.Contains(text, "%") {
		t.Errorf("the plan tells of no classes:\n%s", text)
	}
	eval[int](b, `document.querySelector("[value=choose]").click(), 0`)
	said := func() (output string, seconds float64) {
		return eval[string](b, `document.querySelector("`+effort+` + output").textContent`), eval[float64](b, `parseFloat(`+total+`.replace(/^\D*/, ""))`)
	}
	for _, unit := range []string{"percent", "seconds", "loss"} {
		eval[int](b, fmt.Sprintf(`document.querySelector("[value=%s]").click(), 0`, unit))
		b.slide(effort, "0")
		low, quick := said()
		b.slide(effort, "200")
		high, slow := said()
		b.shot("server-effort-" + unit)
		if low == high || quick >= slow || !strings.Contains(high, map[string]string{"percent": "%", "seconds": "s", "loss": "dB"}[unit]) {
			t.Errorf("in %s the ends are %s and %s, %g and %g seconds", unit, low, high, quick, slow)
		}
	}
	eval[int](b, `document.querySelector("[value=percent]").click(), 0`)
	b.slide(effort, "100")
	b.do(chromedp.Click(chromedp.CSS("#options button[type=submit]")))
	b.until(cards("job-list", 1) + " && " + done)
	budget := eval[string](b, `fetch("/v1/jobs").then((r) => r.json()).then((l) => l.jobs[0].options.budget)`)
	large := filepath.Join(t.TempDir(), "large.png")
	if out, err := exec.Command(program, "upscale", "-s", "4", "--budget", budget, sample, "-o", large).CombinedOutput(); err != nil {
		t.Fatalf("a budget of %q: %v: %s", budget, err, out)
	}
	want, err := os.ReadFile(large)
	if err != nil {
		t.Fatal(err)
	}
	b.download(`document.querySelector("#job-list a[download]").click()`, want)
	b.quiet()
}

// compare looks at the sample before and after.
func (b *tab) compare(t *testing.T) {
	t.Helper()
	eval[int](b, `[...document.querySelectorAll("#job-list button")].find((b) => b.ariaLabel === "Compare: sample.png").click(), 0`)
	b.loaded()
	b.until(inViewer + `(".figures").innerText.includes("span-x4")`)
	b.axe("viewer")
	b.shot("server-viewer")
	if os.Getenv("UPDATE") != "" { // the picture of the README
		shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err == nil {
			err = os.WriteFile("../../docs/images/page.png", shot, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	b.keys(kb.Escape)
	b.until(`!document.querySelector("#viewer").open`)
}
