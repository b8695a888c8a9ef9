package check

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// program builds the command.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "classsr")
	build := exec.Command("go", "build", "-o", path, "./cmd/classsr")
	build.Dir = filepath.Join("..", "..")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return path
}

// server starts the program as a server and gives its address.
func server(t *testing.T, program string) string {
	t.Helper()
	cmd := exec.Command(program, "serve", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--grace", "0s")
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("the server does not start")
	}
	return lines.Text()
}

// The page on the real server: two pictures are chosen, planned, enlarged, compared and downloaded, and what comes are the bytes that the command gives.
func TestPageOfTheRealServer(t *testing.T) {
	classsr := program(t)
	b := open(t, server(t, classsr), desk)
	b.until(`document.querySelector("h1").textContent !== ""`)
	good, bad := pictureFiles(t)
	photo, err := filepath.Abs(filepath.Join("..", "..", "docs", "images", "sample.png"))
	if err != nil {
		t.Fatal(err)
	}
	b.choose(append(good, photo)...)
	b.until(cards("waiting-list", 3) + " && " + planned)
	b.shot("server-planned")
	b.choose(bad)
	b.until(cards("waiting-list", 4) + ` && document.querySelector("#waiting-list .error")?.textContent === "This kind of file cannot be read."`)
	b.do(chromedp.Click(chromedp.CSS("#options button[type=submit]")))
	b.until(cards("job-list", 3) + " && " + done)
	b.shot("server-done")
	b.axe("the server's page")
	eval[int](b, `[...document.querySelectorAll("#job-list .card")].find((c) => c.innerText.includes("sample")).querySelector("button").click(), 0`)
	b.loaded()
	b.shot("server-viewer")
	b.keys(kb.Escape)
	for _, path := range append(good, photo) {
		out := filepath.Join(t.TempDir(), "folder") + string(filepath.Separator)
		in := filepath.Join(t.TempDir(), "in")
		if err := os.Mkdir(in, 0o700); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(in, filepath.Base(path)), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if text, err := exec.Command(classsr, "upscale", "-q", "-o", out, in).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		names, err := filepath.Glob(out + "*_x4*")
		if err != nil || len(names) != 1 {
			t.Fatalf("%v %v", names, err)
		}
		want, err := os.ReadFile(names[0])
		if err != nil {
			t.Fatal(err)
		}
		stem := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		b.download(`[...document.querySelectorAll("#job-list .card")].find((c) => c.textContent.includes(`+"`"+stem+"`"+`)).querySelector("a[download]").click()`, want)
	}
}
