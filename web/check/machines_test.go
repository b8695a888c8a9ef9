package check

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
)

// crew is a server with machines in all states.
func crew() []Machine {
	doing := func(stage string, pictures int, share float64) []map[string]any {
		return []map[string]any{{"unit": "a", "pictures": pictures, "stage": stage, "share": share}, {"unit": "b", "pictures": 3, "stage": "waiting", "share": 0}}
	}
	none := []map[string]any{}
	return []Machine{
		{ID: "studio-0001", Name: "studio", State: "idle", Here: true, Kernel: "avx2", Cores: 2, Speed: 1.5, Doing: none, Done: 12},
		{ID: "shed-1a2b", Name: "shed", State: "working", Kernel: "avx512", Cores: 16, Speed: 12.3, Doing: doing("computing", 12, 0.4), Done: 1234},
		{ID: "attic-3c4d", Name: "attic", State: "working", Kernel: "avx2", Cores: 4, Speed: 3, Doing: doing("computing", 0, 0.75), Done: 1, Failed: 2},
		{ID: "cellar-5e6f", Name: "cellar", State: "draining", Kernel: "neon", Cores: 1, Speed: 0.6, Doing: doing("sending", 1, 1), Done: 7},
		{ID: "a-machine-with-a-very-long-name-in-a-rack-of-somebodys-7a8b", Name: "a-machine-with-a-very-long-name-in-a-rack-of-somebodys", State: "quarantined", Kernel: "generic", Cores: 64,
			Speed: 2, Doing: none, Failed: 2},
	}
}

const machines = `document.querySelector("#machines")`

func TestPageShowsMachines(t *testing.T) {
	f := &Fake{Crew: crew()}
	b := serve(t, f, "/", desk)
	b.until(machines + `.checkVisibility()`)
	text := eval[string](b, machines+`.innerText`)
	for _, want := range []string{
		"Machines", "18 pictures under way · about 1 min 15 sec left · 1 machine vanished so far", "studio (this server)", "2 cores · avx2\n", "Idle", "12 units of work done", "16 cores · avx512 · 8.2× as fast as this server",
		"Enlarging 12 pictures, 40% done", "1,234 units", "Enlarging part of a large picture, 75% done", "1 unit of work done · 2 failed", "1 core · neon", "Leaving: it ends", "gave wrong results twice",
		"classsr cluster release a-machine-with",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not tell %q:\n%s", want, text)
		}
	}
	if got := eval[int](b, machines+`.querySelectorAll("li").length`); got != 5 {
		t.Errorf("there are %d machines", got)
	}

	// What is shown follows the server, and elements that stay are the same ones.
	eval[int](b, machines+`.querySelectorAll("li")[1].id = "kept", 0`)
	fewer := crew()[:2]
	fewer[0].Here, fewer[1].State, fewer[1].Doing = false, "idle", nil
	fewer[1].Doing = []map[string]any{}
	f.Help(fewer)
	b.until(machines + `.querySelectorAll("li").length === 2 && document.querySelector("#kept").innerText.includes("Idle") && ` + machines + `.innerText.includes("speed 12.3")`)
	if text := eval[string](b, machines+`.innerText`); !strings.Contains(text, "Nothing to do · 1 machine vanished") {
		t.Errorf("the page tells\n%s", text)
	}

	// The server alone is no cluster, nor is one that does not tell of it; that one is not asked again.
	f.Help(crew()[:1])
	b.until(machines + `.hidden`)
	f.Help(crew())
	b.until(machines + `.checkVisibility()`)
	f.Help(nil)
	b.until(machines + `.hidden`)
	asked := len(f.Requests("GET /v1/cluster"))
	eval[int](b, `new Promise((r) => setTimeout(() => r(0), 3500))`)
	if again := len(f.Requests("GET /v1/cluster")); again != asked {
		t.Errorf("a server without machines was asked %d times more", again-asked)
	}
	b.quiet("404")
}

// A server that takes no help is not asked for machines at all.
func TestPageWithoutMachines(t *testing.T) {
	f := &Fake{}
	b := serve(t, f, "/", desk)
	b.until(`document.querySelector("#drop-limits").textContent !== ""`)
	eval[int](b, `new Promise((r) => setTimeout(() => r(0), 300))`)
	if asked := f.Requests("GET /v1/cluster"); len(asked) > 0 || !eval[bool](b, machines+`.hidden`) {
		t.Errorf("asked: %q", asked)
	}
	b.quiet()
}

// A job that failed on several machines tells what they said, and is tried again on demand.
func TestPageTriesAgain(t *testing.T) {
	f := &Fake{Crew: crew(), Fails: 1}
	b := serve(t, f, "/", desk)
	good, _ := pictureFiles(t)
	b.choose(good[0])
	b.until(cards("waiting-list", 1) + " && " + planned)
	b.do(chromedp.Click(chromedp.CSS("#options button[type=submit]")))
	retry := `[...document.querySelectorAll("#job-list button")].find((b) => b.textContent === "Try again")`
	b.until(cards("job-list", 1) + " && " + retry)
	text := eval[string](b, `document.querySelector("#job-list").innerText`)
	for _, want := range []string{"Something went wrong in the server.", "On shed-1a2b: cannot write the result: the disk of shed-1a2b is full", "On attic-3c4d: "} {
		if !strings.Contains(text, want) {
			t.Errorf("the card does not tell %q:\n%s", want, text)
		}
	}
	b.shot("page-failures")
	eval[int](b, retry+`.click(), 0`)
	b.until(done)
	if text := eval[string](b, `document.querySelector("#job-list").innerText`); strings.Contains(text, "shed-1a2b") {
		t.Errorf("of what failed before stays\n%s", text)
	}
	b.quiet()
}

func TestMachinesHaveNoBarriers(t *testing.T) {
	for _, language := range []string{"en", "zh"} {
		f := &Fake{Crew: crew(), Fails: 1}
		b := serve(t, f, "/?lang="+language, desk)
		good, _ := pictureFiles(t)
		b.choose(good[0])
		b.until(cards("waiting-list", 1) + ` && document.querySelectorAll("#waiting-list strong").length === 1`)
		b.do(chromedp.Click(chromedp.CSS("#options button[type=submit]")))
		b.until(cards("job-list", 1) + ` && document.querySelectorAll("#job-list .actions button").length === 2 && ` + machines + `.checkVisibility()`)
		for _, w := range []window{desk, {1280, 860, true}, {375, 700, false}, {375, 700, true}} {
			b.show(w)
			what := fmt.Sprintf("machines-%s-%d-%v", language, w.width, w.dark)
			b.axe(what)
			b.narrow(what)
			b.targets(what)
			eval[int](b, `document.querySelector("#job-list").scrollIntoView(), 0`)
			b.shot(what)
		}
		b.quiet()
	}
}

// The page of a real server with two workers tells what they do.
func TestServersMachines(t *testing.T) {
	program := program(t)
	address := start(t, program, "--cluster-listen", "127.0.0.1:0")
	b := open(t, address+"?lang=en", desk)
	b.until(`document.querySelector("#drop-limits").textContent !== ""`)
	for _, name := range []string{"shed", "attic"} {
		cmd := exec.Command(program, "worker", "--server", strings.TrimSuffix(address, "/"), "--name", name, "--threads", "1", "--cache", t.TempDir(), "--log-level", "error")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			_ = cmd.Wait()
		})
	}
	b.until(machines + `.checkVisibility() && ` + machines + `.querySelectorAll("li").length === 3`)
	large := filepath.Join(t.TempDir(), "large.png")
	if out, err := exec.Command(program, "upscale", "-s", "5", "../../docs/images/sample.png", "-o", large).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b.choose(large)
	b.until(cards("waiting-list", 1) + " && " + planned)
	b.do(chromedp.Click(chromedp.CSS("#options button[type=submit]")))
	b.until(machines + `.innerText.includes("Enlarging ")`)
	b.shot("server-machines")
	b.until(cards("job-list", 1) + " && " + done)
	b.until(`!` + machines + `.innerText.includes("Enlarging ")`)
	b.axe("server-machines")
	b.shot("server-machines-done")
	b.quiet()
}
