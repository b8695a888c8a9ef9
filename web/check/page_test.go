package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// serve starts a fake server and opens its page.
func serve(t *testing.T, f *Fake, path string, w window) *tab {
	t.Helper()
	if f.Pace == 0 {
		f.Pace = 10 * time.Millisecond
	}
	s := httptest.NewServer(f.Handler())
	f.Cut = s.CloseClientConnections
	t.Cleanup(f.Cut)
	b := open(t, s.URL+path, w)
	b.until(`document.querySelector("h1").textContent !== ""`)
	return b
}

// pictureFiles writes a PNG, a JPEG and a file that is no picture.
func pictureFiles(t *testing.T) (good []string, bad string) {
	t.Helper()
	dir := t.TempDir()
	var a, b bytes.Buffer
	if err := png.Encode(&a, waves(300, 200)); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&b, waves(160, 240), nil); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"waves.png": a.Bytes(), "<b>tall & small.jpg": b.Bytes(), "notes.txt": []byte("no picture")} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return []string{filepath.Join(dir, "waves.png"), filepath.Join(dir, "<b>tall & small.jpg")}, filepath.Join(dir, "notes.txt")
}

func (b *tab) choose(files ...string) {
	b.t.Helper()
	b.do(chromedp.SetUploadFiles(chromedp.CSS("#files"), files))
}

const (
	effort  = `#options fieldset:nth-of-type(3) input[type=range]`
	total   = `document.querySelector(".total strong").textContent`
	planned = `[...document.querySelectorAll("#waiting-list .card")].every((c) => c.textContent.includes("about"))`
	done    = `[...document.querySelectorAll("#job-list .card")].every((c) => c.querySelector(".good"))`
)

// slide moves a slider.
func (b *tab) slide(selector, value string) {
	b.t.Helper()
	eval[int](b, fmt.Sprintf(`(() => { const s = document.querySelector(%q); s.value = %q; s.dispatchEvent(new Event("input", {bubbles: true})); return 0; })()`, selector, value))
}

func cards(list string, n int) string {
	return fmt.Sprintf(`document.querySelectorAll("#%s .card").length === %d`, list, n)
}

func TestPageDoesWhatItIsFor(t *testing.T) {
	f := &Fake{Hold: make(chan struct{})}
	b := serve(t, f, "/", desk)
	b.shot("page-empty")
	good, bad := pictureFiles(t)

	// The plan is there before anything runs.
	b.choose(good...)
	b.until(cards("waiting-list", 2) + " && " + planned)
	text := eval[string](b, `document.querySelector("#waiting-list").innerText`)
	for _, want := range []string{"300 × 200 → 1200 × 800", "160 × 240 → 640 × 960", "simple 49%", "Photo, span-x4 – a JPEG of quality 71", "<b>tall & small.jpg"} {
		if !strings.Contains(text, want) {
			t.Errorf("the list does not tell %q:\n%s", want, text)
		}
	}
	b.shot("page-planned")

	// Sliders move the forecast.
	before := eval[string](b, total)
	eval[int](b, `document.querySelector("[value=choose]").click(), 0`)
	b.slide(effort, "0")
	if cheap := eval[string](b, total); cheap == before {
		t.Errorf("with the least budget all takes %s, as before", cheap)
	}
	for _, unit := range []string{"seconds", "loss"} {
		eval[int](b, fmt.Sprintf(`document.querySelector("[value=%s]").click(), 0`, unit))
		b.slide(effort, "100")
	}
	b.shot("page-budget")
	b.slide(`#options fieldset:nth-of-type(1) input[type=range]`, "2")
	b.until(`document.querySelector("#waiting-list").innerText.includes("300 × 200 → 600 × 400") && ` + planned)

	// What is no picture is refused, and the others go on.
	b.choose(bad)
	b.until(cards("waiting-list", 3) + ` && document.querySelector("#waiting-list .error")?.textContent === "This kind of file cannot be read."`)
	if said := eval[string](b, `document.querySelector("#status").textContent`); said != "notes.txt: This kind of file cannot be read." {
		t.Errorf("a screen reader says %q", said)
	}
	if start := eval[string](b, `document.querySelector("#options button").textContent`); start != "Start 2 pictures" {
		t.Errorf("the button says %q", start)
	}
	b.shot("page-refused")
	b.do(chromedp.Click(chromedp.CSS("#options button[type=submit]")))
	b.until(cards("job-list", 2) + " && " + cards("waiting-list", 1))
	if asked := f.Requests("POST /v1/jobs?"); len(asked) != 2 || !strings.Contains(asked[0], "scale=2") || !strings.Contains(asked[0], "budget=") || strings.HasSuffix(asked[0], " ") {
		t.Errorf("jobs were asked for by %q", asked)
	}

	// Progress, and the result as it is computed.
	b.until(`[...document.querySelectorAll("#job-list progress")].some((p) => p.value > 0) && [...document.querySelectorAll("#job-list button")].some((b) => b.textContent === "Watch")`)
	eval[int](b, `[...document.querySelectorAll("#job-list button")].find((b) => b.textContent === "Watch").click(), 0`)
	b.until(inViewer + `("canvas").width === 640 && ` + inViewer + `(".side.before img").naturalWidth > 0`)
	b.shot("page-running")
	close(f.Hold)
	b.loaded()
	b.until(inViewer + `(".figures").innerText.includes("span-x4")`)
	eval[int](b, inViewer+`(".layer-switch").click(), 0`)
	b.until(inViewer + `(".legend").checkVisibility() && ` + inViewer + `(".map img").naturalWidth > 0`)
	b.shot("page-viewer")
	b.keys(kb.Escape)
	b.until(`!document.querySelector("#viewer").open && ` + done)
	b.shot("page-done")

	// A history, downloads, removal.
	b.do(chromedp.Reload())
	b.until(cards("job-list", 2) + " && " + done)
	if href := eval[string](b, `document.querySelector("#zip").getAttribute("href")`); strings.Count(href, "id=") != 2 {
		t.Errorf("the zip is at %s", href)
	}
	b.download(`document.querySelector("#job-list a[download]").click()`, f.jobs[0].result)
	eval[int](b, `document.querySelector("#clear").click(), 0`)
	b.until(`document.querySelector("#jobs").hidden`)
	b.quiet("415")
}

// download fails unless what an expression does brings these bytes.
func (b *tab) download(expression string, want []byte) {
	b.t.Helper()
	folder := b.t.TempDir()
	yes := true
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: "allow", BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID, DownloadPath: folder, EventsEnabled: &yes})
		return err
	}))
	eval[int](b, expression+", 0")
	for start := time.Now(); time.Since(start) < 10*time.Second; time.Sleep(20 * time.Millisecond) {
		files, err := filepath.Glob(filepath.Join(folder, "*"))
		if err != nil || len(files) != 1 || strings.HasSuffix(files[0], ".crdownload") { // which is not complete
			continue
		}
		if got, err := os.ReadFile(files[0]); err != nil || !bytes.Equal(got, want) {
			b.t.Errorf("%s has %d bytes, want %d (%v)", files[0], len(got), len(want), err)
		}
		return
	}
	b.t.Error("nothing was downloaded")
}

// All can be done by keys alone.
func TestPageByKeyboard(t *testing.T) {
	f := &Fake{}
	b := serve(t, f, "/", desk)
	b.keys(kb.Tab)
	for range 10 {
		if eval[bool](b, `document.activeElement.id === "files"`) {
			break
		}
		b.keys(kb.Tab)
	}
	good, _ := pictureFiles(t)
	b.choose(good[0]) // the system's dialog is not the page's
	b.until(cards("waiting-list", 1) + " && " + planned)
	reach := func(what string) {
		t.Helper()
		for range 40 {
			if eval[bool](b, "Boolean("+what+")") {
				return
			}
			b.keys(kb.Tab)
		}
		t.Fatalf("keys do not reach %s", what)
	}
	reach(`document.activeElement.name === "kind"`)
	b.keys(kb.ArrowRight) // clean
	b.keys(kb.ArrowRight) // photo
	b.until(planned + ` && document.querySelector("#waiting-list").innerText.includes("Photo, span-x4")`)
	reach(`document.activeElement.type === "submit"`)
	b.keys(kb.Enter)
	b.until(cards("job-list", 1) + " && " + done)
	if !eval[bool](b, `document.activeElement.matches("#job-list .card")`) {
		t.Errorf("the focus is on %s, not on the new job", eval[string](b, `document.activeElement.outerHTML.slice(0, 100)`))
	}
	reach(`document.activeElement.textContent === "Compare"`)
	b.keys(kb.Enter)
	b.loaded()
	reach(`document.querySelector("classsr-compare").shadowRoot.activeElement?.className === "slider"`)
	at := b.split()
	b.keys(kb.ArrowLeft)
	if b.split() >= at {
		t.Error("an arrow key does not move the line")
	}
	b.keys(kb.Escape)
	b.until(`!document.querySelector("#viewer").open && document.activeElement.textContent === "Compare"`)
	reach(`document.activeElement.textContent === "Remove"`)
	b.keys(kb.Enter)
	b.until(`document.querySelector("#jobs").hidden && document.activeElement.id === "files"`)
	b.quiet()
}

// dropScript drops or pastes two pictures that the page makes itself.
const dropScript = `(async () => {
	const canvas = new OffscreenCanvas(40, 30), data = new DataTransfer();
	canvas.getContext("2d").fillRect(0, 0, 20, 20);
	for (const name of ["a.png", "b.png"]) data.items.add(new File([await canvas.convertToBlob()], name, {type: "image/png"}));
	document.querySelector("main").dispatchEvent(%s);
	return 0;
})()`

func TestPageTakesWhatIsDroppedAndPasted(t *testing.T) {
	b := serve(t, &Fake{}, "/?lang=zh", desk)
	eval[int](b, fmt.Sprintf(dropScript, `new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true})`))
	b.until(cards("waiting-list", 2))
	eval[int](b, fmt.Sprintf(dropScript, `new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})`))
	b.until(cards("waiting-list", 4) + ` && [...document.querySelectorAll("#waiting-list .card")].every((c) => c.textContent.includes("约"))`)
	b.quiet()
}

// How strongly noise is removed can be said where the model knows it.
func TestPageRemovesNoise(t *testing.T) {
	f := &Fake{}
	b := serve(t, f, "/", window{375, 800, false})
	good, _ := pictureFiles(t)
	b.choose(good[0])
	b.until(cards("waiting-list", 1) + " && " + planned)
	const noise = `#options fieldset:nth-of-type(2) input[type=range]`
	if eval[bool](b, `document.querySelector("`+noise+`").checkVisibility()`) {
		t.Error("it is offered for a kind without it")
	}
	eval[int](b, `document.querySelector("[value=real]").click(), 0`)
	b.slide(noise, "0.5")
	b.until(`document.querySelector("#options").innerText.includes("50 %") && ` + planned)
	for deadline := time.Now().Add(10 * time.Second); !slices.ContainsFunc(f.Requests("GET /v1/pictures/"), func(r string) bool {
		return strings.Contains(r, "denoise=0.5") && strings.Contains(r, "kind=real")
	}); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no plan for it was asked for: %v", f.Requests("GET /v1/pictures/"))
		}
	}
	b.shot("page-noise")
	b.quiet()
}

// Of a folder that is dropped, the pictures are taken, those in folders inside it, too.
func TestPageTakesFolders(t *testing.T) {
	folder := t.TempDir()
	var data bytes.Buffer
	if err := png.Encode(&data, waves(40, 30)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"10.png", "9.png", "deep/er/a.TIF", "deep/notes.txt", ".DS_Store"} {
		path := filepath.Join(folder, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	b := serve(t, &Fake{}, "/", desk)
	b.dropFiles(folder)
	b.until(cards("waiting-list", 3))
	if got := eval[string](b, `[...document.querySelectorAll("#waiting-list h3")].map((e) => e.textContent).join(" ")`); got != "9.png 10.png a.TIF" {
		t.Errorf("in the folder are %s", got)
	}
	b.dropFiles(t.TempDir())
	b.until(`document.querySelector("#drop-problem").textContent.includes("no picture")`)
	b.quiet("/view") // the fake server has none of the TIFF
}

// dropFiles drops files and folders of this machine on the page, as a file manager does.
func (b *tab) dropFiles(paths ...string) {
	b.t.Helper()
	data := input.DragData{Items: []*input.DragDataItem{}, Files: paths, DragOperationsMask: 1}
	drag := func(kind input.DispatchDragEventType) {
		b.t.Helper()
		b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, input.DispatchDragEvent, input.DispatchDragEventParams{Type: kind, X: 300, Y: 100, Data: &data})
			return err
		}))
	}
	drag(input.DispatchDragEventTypeDragEnter)
	drag(input.DispatchDragEventTypeDragOver)
	b.until(`document.body.classList.contains("over")`) // a page that has not said that it takes them gets none
	drag(input.DispatchDragEventTypeDrop)
}

// What may pass is tried again; what will not is said without sending it.
func TestPageWithAServerThatIsBusyOrGone(t *testing.T) {
	f := &Fake{Busy: 1, Most: 100_000}
	b := serve(t, f, "/", desk)
	b.until(`document.querySelector("#drop-limits").textContent.includes("100 kB")`)
	large := filepath.Join(t.TempDir(), "large.png")
	if err := os.WriteFile(large, make([]byte, 100_001), 0o600); err != nil {
		t.Fatal(err)
	}
	good, _ := pictureFiles(t)
	b.choose(good[1], large)
	b.until(`document.querySelector("#waiting-list").innerText.includes("The server is busy")`)
	b.until(cards("waiting-list", 2) + ` && document.querySelectorAll("#waiting-list strong").length === 1`)
	if got := eval[string](b, `document.querySelector("#waiting-list .error").textContent`); got != "It is larger than this server allows." {
		t.Errorf("a large file: %q", got)
	}
	if sent := f.Requests("POST /v1/pictures"); len(sent) != 2 {
		t.Errorf("pictures were sent %d times: %q", len(sent), sent)
	}
	f.Cut()
	b.until(`!document.querySelector("#banner").hidden`)
	b.axe("gone")
	b.until(`document.querySelector("#banner").hidden`)
	b.quiet("429", "ERR_INCOMPLETE", "ERR_CONNECTION")
}

func TestPageSignsIn(t *testing.T) {
	f := &Fake{Token: "csr_secret"}
	b := serve(t, f, "/", desk)
	b.until(`document.querySelector("#sign-in").open`)
	b.axe("sign-in")
	b.shot("page-sign-in")
	b.do(chromedp.SendKeys(chromedp.CSS("#token"), "wrong\r"))
	b.until(`document.querySelector("#sign-in-error").textContent === "That token is not valid."`)
	eval[int](b, `document.querySelector("#token").select(), 0`)
	b.do(chromedp.SendKeys(chromedp.CSS("#token"), "csr_secret\r"))
	b.until(`!document.querySelector("#sign-in").open && !document.querySelector("#sign-out").hidden`)
	b.quiet("401")

	// A join link signs in by itself, and leaves no token in the address.
	b = serve(t, &Fake{Token: "csr_other"}, "/#token=csr_other", desk)
	b.until(`!document.querySelector("#sign-out").hidden && !document.querySelector("#sign-in").open && location.hash === ""`)
	b.quiet()
}

func TestPageHasNoBarriers(t *testing.T) {
	for _, language := range []string{"en", "zh"} {
		f := &Fake{Hold: make(chan struct{})}
		b := serve(t, f, "/?lang="+language, desk)
		good, bad := pictureFiles(t)
		look := func(state string) {
			t.Helper()
			for _, w := range []window{desk, {1280, 860, true}, {375, 700, false}, {375, 700, true}} {
				b.show(w)
				what := fmt.Sprintf("page-%s-%s-%d-%v", state, language, w.width, w.dark)
				b.axe(what)
				b.narrow(what)
				b.targets(what)
				b.shot(what)
			}
		}
		look("empty")
		b.choose(append(good, bad)...)
		b.until(cards("waiting-list", 3) + ` && document.querySelectorAll("#waiting-list strong").length === 2 && document.querySelector("#waiting-list .error") !== null`)
		eval[int](b, `document.querySelector("[value=choose]").click(), 0`)
		look("planned")
		b.show(desk)
		b.do(chromedp.Click(chromedp.CSS("#options button[type=submit]")))
		b.until(cards("job-list", 2) + ` && [...document.querySelectorAll("#job-list progress")].some((p) => p.value > 0)`)
		look("running")
		close(f.Hold)
		b.until(done)
		look("done")
		eval[int](b, `document.querySelector("#job-list button").click(), 0`)
		b.loaded()
		look("viewer")
		b.quiet("415")
	}
}
