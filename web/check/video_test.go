package check

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// y4mFile writes a gray video of so many frames in which a stripe moves.
func y4mFile(t *testing.T, path string, width, height, frames int) {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "YUV4MPEG2 W%d H%d F25:1 Ip A1:1 Cmono XCOLORRANGE=FULL\n", width, height)
	for n := range frames {
		b.WriteString("FRAME\n")
		for y := range height {
			for x := range width {
				b.WriteByte(uint8((x+8*n)*(y+5)/3 + 90))
			}
		}
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A video goes through the page as pictures do, beside them: what pictures alone have, as formats and comparisons, is neither asked for nor offered.
func TestServersPageTakesVideos(t *testing.T) {
	program := program(t)
	dir := t.TempDir()
	clip, long, cut, film := filepath.Join(dir, "clip.y4m"), filepath.Join(dir, "long.y4m"), filepath.Join(dir, "cut.y4m"), filepath.Join(dir, "film.mp4")
	y4mFile(t, clip, 96, 64, 10)
	y4mFile(t, long, 640, 400, 100)
	data, err := os.ReadFile(clip)
	for path, data := range map[string][]byte{cut: data[:len(data)-100], film: []byte("\x00\x00\x00\x1cftypisom\x00\x00\x02\x00")} {
		if err == nil {
			err = os.WriteFile(path, data, 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, start(t, program)+"?lang=en", desk)
	b.choose(clip, long, cut, film, samples(t, program)[0])
	b.slide(`#options fieldset:nth-of-type(1) input[type=range]`, "2")
	eval[int](b, `(() => { const s = document.querySelector("#options select"); s.value = "jpg"; s.dispatchEvent(new Event("change", {bubbles: true})); return 0; })()`)
	b.until(`[...document.querySelectorAll("#waiting-list .card")].every((c) => c.innerText.includes("about") || c.querySelector(".error"))`)
	text := eval[string](b, `document.querySelector("#waiting-list").innerText`)
	for _, want := range []string{"96 × 64 → 192 × 128 · 10 frames", "640 × 400 → 1280 × 800 · 100 frames", "260 × 195 → 520 × 390", "it ends within frame 10", "ffmpeg -i FILE clip.y4m"} {
		if !strings.Contains(text, want) {
			t.Errorf("the list does not tell %q:\n%s", want, text)
		}
	}
	b.shot("video-planned")

	b.do(chromedp.Click(chromedp.CSS("#options button[type=submit]")))
	b.until(cards("job-list", 3) + ` && [...document.querySelectorAll("#job-list progress")].some((p) => p.value > 0)`)
	b.shot("video-running")
	const cancel = `[...document.querySelectorAll("#job-list button")].find((b) => b.ariaLabel === "Cancel: long.y4m")`
	b.until(cancel + " !== undefined")
	eval[int](b, cancel+".click(), 0")
	const two = `document.querySelectorAll("#job-list .good").length === 2`
	b.until(two + ` && document.querySelectorAll("#job-list progress").length === 0`)
	b.shot("video-done")
	if text = eval[string](b, `document.querySelector("#job-list").innerText`); strings.Count(text, "Compare") != 1 || strings.Count(text, " · in ") != 2 {
		t.Errorf("the jobs are\n%s", text)
	}
	large := filepath.Join(dir, "large.y4m")
	if out, err := exec.Command(program, "video", "-s", "2", clip, "-o", large).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if data, err = os.ReadFile(large); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Reload()) // the page knows of its jobs only what the server tells
	b.until(two)
	b.download(`[...document.querySelectorAll("#job-list a[download]")].find((a) => a.download === "clip_x2.y4m").click()`, data)
	b.quiet("415", "422", "400")
}
