package check

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"classsr/web"
)

// waves is a picture that looks the same in each size.
func waves(width, height int) image.Image {
	p := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			u, v := float64(x)/float64(width), float64(y)/float64(height)
			level := func(f float64) uint8 { return uint8(128 + 100*math.Sin(f*u*40)*math.Cos(f*v*30)) }
			p.SetNRGBA(x, y, color.NRGBA{level(1), level(1.3), uint8(255 * u), 255})
		}
	}
	return p
}

func shown(p image.Image) web.Picture {
	return web.Picture{Type: "image/png", Write: func(w io.Writer) error { return png.Encode(w, p) }}
}

// comparePage writes a page of one file and gives its address.
func comparePage(t *testing.T, language string) string {
	t.Helper()
	layer := image.NewPaletted(image.Rect(0, 0, 10, 8), color.Palette{color.NRGBA{}, color.NRGBA{0, 255, 0, 255}, color.NRGBA{255, 0, 0, 255}})
	for i := range layer.Pix {
		layer.Pix[i] = uint8(i % 3)
	}
	path := filepath.Join(t.TempDir(), "page.html")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	routes := shown(layer)
	err = web.WriteComparison(f, web.Comparison{
		Title: "a.png – b.png", Width: 2000, Height: 1600, Before: shown(waves(500, 400)), After: shown(waves(2000, 1600)), Map: &routes,
		Classes:  []web.Class{{Name: "simple", Share: 0.75}, {Name: "hard", Share: 0.25}},
		Figures:  []web.Figure{{Label: "figure.before", Value: "500 × 400"}, {Label: "figure.psnr", Value: "31.20 dB"}},
		Language: language,
	})
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

const inViewer = `document.querySelector("classsr-compare").shadowRoot.querySelector`

// loaded waits until the viewer has its pictures.
func (b *tab) loaded() {
	b.t.Helper()
	b.until(`[".side.before img", ".side.after img:not(.under)"].every((s) => ` + inViewer + `(s)?.naturalWidth > 0) && ` + inViewer + `(".wait").hidden`)
}

func (b *tab) split() float64 { return eval[float64](b, "Number("+inViewer+`(".slider").value)`) }
func (b *tab) zoom() string   { return eval[string](b, inViewer+`("output").textContent`) }

func TestComparePage(t *testing.T) {
	b := open(t, comparePage(t, ""), desk)
	b.loaded()
	b.shot("compare")
	if got := eval[string](b, inViewer+`(".figures").innerText`); !strings.Contains(got, "PSNR (RGB)\n31.20 dB") {
		t.Errorf("the figures are %q", got)
	}

	// by keyboard
	b.until(`document.activeElement === document.body`)
	for range 20 {
		if eval[bool](b, `document.querySelector("classsr-compare").shadowRoot.activeElement?.className === "slider"`) {
			break
		}
		b.keys(kb.Tab)
	}
	if at := b.split(); at != 50 {
		t.Errorf("the line begins at %v", at)
	}
	b.keys(kb.ArrowRight)
	if at := b.split(); at <= 50 {
		t.Errorf("an arrow key moves the line to %v", at)
	}
	if text := eval[string](b, inViewer+`(".slider").getAttribute("aria-valuetext")`); !strings.HasSuffix(text, "% before") {
		t.Errorf("a screen reader says %q", text)
	}
	fitted := b.zoom()
	for key, want := range map[string]string{"1": "100%", "2": "200%", "0": fitted} {
		b.keys(key)
		if got := b.zoom(); got != want {
			t.Errorf("key %s zooms to %s, want %s", key, got, want)
		}
	}
	b.keys("1")
	place := inViewer + `(".layer").style.transform`
	before := eval[string](b, place)
	b.keys(kb.ArrowDown, chromedp.ModifierShift)
	if after := eval[string](b, place); after == before {
		t.Error("Shift and an arrow key do not move the picture")
	}
	b.shot("compare-one")
	b.keys("0")

	// by mouse
	box := eval[[]float64](b, `(() => { const r = `+inViewer+`(".stage").getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()`)
	x := func(share float64) float64 { return box[0] + share*box[2] }
	y := box[1] + box[3]/2
	b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, x(0.5), y, chromedp.ButtonLeft, chromedp.ClickCount(1)),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x(0.45), y, chromedp.ButtonLeft), chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, x(0.45), y, chromedp.ButtonLeft))
	if line := eval[float64](b, `parseFloat(getComputedStyle(`+inViewer+`(".line")).left)`); math.Abs(line-0.45*box[2]) > 1 {
		t.Errorf("the line is at %v of %v after it was dragged to 0.45", line, box[2])
	}

	// the map
	if eval[bool](b, inViewer+`(".map").checkVisibility()`) {
		t.Error("the map is shown unasked")
	}
	eval[int](b, inViewer+`(".layer-switch").click(), 0`)
	b.until(inViewer + `(".map").checkVisibility() && ` + inViewer + `(".legend").checkVisibility()`)
	if got := eval[string](b, inViewer+`(".legend").innerText`); got != "simple: 75%\nhard: 25%" {
		t.Errorf("the legend is %q", got)
	}
	b.shot("compare-map")
	b.quiet()
}

func TestComparePageByTouch(t *testing.T) {
	b := open(t, comparePage(t, ""), window{375, 700, false})
	b.do(chromedp.EmulateViewport(375, 700, chromedp.EmulateMobile, chromedp.EmulateTouch))
	b.do(chromedp.Reload())
	b.loaded()
	box := eval[[]float64](b, `(() => { const r = `+inViewer+`(".stage").getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()`)
	middle, y := box[0]+box[2]/2, box[1]+box[3]/2
	touch := func(kind input.DispatchTouchEventType, xs ...float64) {
		t.Helper()
		points := []*input.TouchPoint{}
		for i, x := range xs {
			id := float64(i)
			points = append(points, &input.TouchPoint{X: x, Y: y, ID: &id})
		}
		b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
			return err
		}))
	}
	touch("touchStart", middle)
	touch("touchMove", middle-80)
	touch("touchEnd")
	if at := b.split(); at > 40 {
		t.Errorf("a finger that moved 80 pixels to the left left the line at %v", at)
	}
	fitted := b.zoom()
	touch("touchStart", middle-20, middle+20)
	touch("touchMove", middle-80, middle+80)
	touch("touchEnd")
	zoomed := b.zoom()
	if len(zoomed) < len(fitted) || zoomed == fitted {
		t.Errorf("two fingers zoom from %s to %s", fitted, zoomed)
	}
	place := inViewer + `(".layer").style.transform`
	before := eval[string](b, place)
	touch("touchStart", box[0]+box[2]-30)
	touch("touchMove", box[0]+box[2]-90)
	touch("touchEnd")
	if after := eval[string](b, place); after == before || b.zoom() != zoomed {
		t.Errorf("a finger does not move the enlarged picture: %s", after)
	}
	b.shot("compare-touch")
	b.quiet()
}

func TestComparePageHasNoBarriers(t *testing.T) {
	for _, language := range []string{"en", "zh"} {
		b := open(t, comparePage(t, language), desk)
		b.loaded()
		eval[int](b, inViewer+`(".layer-switch").click(), 0`)
		for _, w := range []window{desk, {1280, 860, true}, {375, 700, false}, {375, 700, true}} {
			b.show(w)
			what := fmt.Sprintf("compare-%s-%d-%v", language, w.width, w.dark)
			b.axe(what)
			b.narrow(what)
			b.targets(what)
			b.shot(what)
		}
		b.quiet()
	}
}
