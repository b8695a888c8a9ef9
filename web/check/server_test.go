package check

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"image"
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

// start starts the server and gives its address.
func start(t *testing.T, program string) string {
	t.Helper()
	cmd := exec.Command(program, "serve", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--grace", "1s", "--log-level", "error")
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
	for _, file := range files {
		name := filepath.Base(file)
		large := filepath.Join(t.TempDir(), "large"+filepath.Ext(file))
		if out, err := exec.Command(program, "upscale", "-s", "4", file, "-o", large).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		want, err := os.ReadFile(large)
		if err != nil {
			t.Fatal(err)
		}
		b.download(fmt.Sprintf(`[...document.querySelectorAll("#job-list a[download]")].find((a) => a.ariaLabel === "Download: %s").click()`, name), want)
	}
	b.do(chromedp.Reload())
	b.until(cards("job-list", 4) + " && " + done)
	b.shot("server-done")
	eval[int](b, `document.querySelector("#clear").click(), 0`)
	b.until(`document.querySelector("#jobs").hidden`)
	b.quiet("415", "400", "/view")
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
