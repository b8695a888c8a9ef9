package check

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// chromium is the browser, of which each test has a tab.
var chromium context.Context

func TestMain(m *testing.M) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("lang", "en-US"), chromedp.Flag("hide-scrollbars", false))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	chromium = ctx
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		fmt.Fprintln(os.Stderr, "check: chromium does not start (Debian: apt-get install chromium):", err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	cancel()
	os.Exit(code)
}

// tab is a page in the browser.
type tab struct {
	t        *testing.T
	ctx      context.Context
	messages func(yield func(chromedp.ConsoleMessage, error) bool)
}

// window is what a page is shown in.
type window struct {
	width, height int64
	dark          bool
}

var desk = window{1280, 860, false}

// open opens an address. In the end the page must not have complained of anything.
func open(t *testing.T, address string, w window) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	b := &tab{t: t, ctx: ctx}
	t.Cleanup(func() { stop(); cancel() })
	b.do(chromedp.Navigate("about:blank"))
	b.messages = chromedp.Console(ctx)
	b.show(w)
	b.do(chromedp.Navigate(address))
	return b
}

// show changes the window.
func (b *tab) show(w window) {
	b.t.Helper()
	scheme := "light"
	if w.dark {
		scheme = "dark"
	}
	b.do(chromedp.EmulateViewport(w.width, w.height), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		return err
	}))
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// eval gives the value of an expression.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits until an expression is true. (Poll of chromedp makes functions of texts, which the pages forbid.)
func (b *tab) until(expression string) {
	b.t.Helper()
	for start := time.Now(); time.Since(start) < 20*time.Second; time.Sleep(20 * time.Millisecond) {
		// While a page is loaded, it may lack what is asked for.
		if is, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")")); err == nil && is {
			return
		}
	}
	b.shot("failed-" + b.t.Name())
	b.t.Fatalf("it did not come true that %s; the page has:\n%s", expression, eval[string](b, "document.body.innerText"))
}

// keys types keys, as a person without a mouse does.
func (b *tab) keys(keys string, with ...chromedp.Modifier) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys, chromedp.KeyModifiers(with...)))
}

// axe fails if axe-core finds a barrier on the page as it is now.
func (b *tab) axe(what string) {
	b.t.Helper()
	source, err := os.ReadFile(filepath.Join("node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		b.t.Fatalf("%v: run npm ci in web/check first", err)
	}
	eval[int](b, string(source)+"; 0")
	found := eval[string](b, `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then((r) =>
		JSON.stringify({passes: r.passes.length, violations: r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target + " " + n.failureSummary).join("; "))}))`)
	var result struct {
		Passes     int
		Violations []string
	}
	if err := json.Unmarshal([]byte(found), &result); err != nil {
		b.t.Fatal(err)
	}
	if result.Passes < 10 {
		b.t.Errorf("%s: axe had nothing to look at", what)
	}
	for _, v := range result.Violations {
		b.t.Errorf("%s: axe found %s", what, v)
	}
}

// narrow fails if the page is wider than its window.
func (b *tab) narrow(what string) {
	b.t.Helper()
	if over := eval[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
		b.t.Errorf("%s: the page is %d pixels wider than its window", what, over)
	}
}

// targets fails if something to be touched is smaller than 44 pixels.
func (b *tab) targets(what string) {
	b.t.Helper()
	small := eval[string](b, `(() => {
		const small = [], look = (root) => {
			for (const e of root.querySelectorAll("*")) {
				if (e.shadowRoot) look(e.shadowRoot);
				if (!e.matches("button, select, a.button, input:not([type=checkbox], [type=radio], [type=file])") || !e.checkVisibility()) continue;
				const r = e.getBoundingClientRect();
				if (r.width && (r.width < 43.5 || r.height < 43.5)) small.push(e.outerHTML.slice(0, 80) + " " + r.width + "x" + r.height);
			}
		};
		look(document);
		return small.join("\n");
	})()`)
	if small != "" {
		b.t.Errorf("%s: too small to be touched:\n%s", what, small)
	}
}

// shot writes a picture of the window to the folder SHOTS, if that is set.
func (b *tab) shot(name string) {
	b.t.Helper()
	folder := os.Getenv("SHOTS")
	if folder == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, strings.ReplaceAll(name, "/", "-")+".png"), png, 0o644)
	}
	if err != nil {
		b.t.Error(err)
	}
}

// quiet fails if the page wrote errors to the console since it was opened: exceptions, and what its policy refused. Those that contain one of the texts, or are about such an address, are expected.
func (b *tab) quiet(expected ...string) {
	b.t.Helper()
	eval[int](b, `console.debug("the end"), 0`)
messages:
	for m, err := range b.messages {
		if err != nil {
			b.t.Fatal(err)
		}
		if strings.Contains(m.Text, "the end") {
			return
		}
		for _, text := range expected {
			if strings.Contains(m.Text, text) || strings.Contains(m.URL, text) {
				continue messages
			}
		}
		if m.Type == chromedp.ConsoleException || m.Type == "error" || m.Type == "warning" {
			b.t.Errorf("the page complained: %s (%s:%d)", m, m.URL, m.Line)
		}
	}
}
