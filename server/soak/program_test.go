// Package soak loads, kills and attacks the built program as a server: what it holds under load, what it keeps when it is killed, what it lets in. It has
// tests only. CLASSSR_LOAD says how much: unset for seconds, short for two minutes, full for all of it.
package soak

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// program is the built command.
var program string

func TestMain(m *testing.M) {
	if _, err := exec.LookPath("go"); err != nil { // as under wine
		fmt.Println("soak: nothing is tested, since there is no go command here to build the program with")
		os.Exit(0)
	}
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "classsr")
	build := exec.Command("go", "build", "-o", program, "classsr/cmd/classsr")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// load gives what a test does in seconds, in two minutes together with the others, or whole.
func load(seconds, short, full int) int {
	switch os.Getenv("CLASSSR_LOAD") {
	case "full":
		return full
	case "short":
		return short
	}
	return seconds
}

// running is a server as a process of its own.
type running struct {
	t    *testing.T
	cmd  *exec.Cmd
	url  string
	log  lockedBuffer
	data string
}

// lockedBuffer keeps what a process writes.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start starts a server on a folder and waits until it answers.
func start(t *testing.T, data string, flags ...string) *running {
	t.Helper()
	r := &running{t: t, data: data}
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--data", data}, flags...)
	r.cmd = exec.Command(program, args...)
	r.cmd.Stderr = &r.log
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.kill)
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		_ = r.cmd.Wait()
		t.Fatalf("the server did not start:\n%s", r.log.String())
	}
	r.url = strings.TrimSuffix(lines.Text(), "/")
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return r
}

// kill ends the server at once, as a crash does.
func (r *running) kill() {
	if r.cmd.ProcessState == nil {
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait()
	}
}

// end ends the server as a service manager does, and gives its exit code.
func (r *running) end() int {
	_ = r.cmd.Process.Signal(os.Interrupt)
	_ = r.cmd.Wait()
	return r.cmd.ProcessState.ExitCode()
}

// resident is the memory that the server has resident, in bytes.
func (r *running) resident() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// job is what tests look at of a job.
type job struct {
	ID     string
	State  string
	Error  *struct{ Kind, Message string }
	Result *struct{ SHA256 string }
}

// answer is an answer that was read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// client has connections of its own, and gives up after a while.
func client(limit time.Duration) *http.Client {
	return &http.Client{Timeout: limit, Transport: &http.Transport{DisableKeepAlives: true}}
}

// do sends a request and reads the answer.
func do(ctx context.Context, c *http.Client, method, url string, body io.Reader, header map[string]string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return answer{}, err
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := c.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, text}, err
}

// jobs lists all jobs of a token, or of the owner if there are none.
func (r *running) jobs(secret string) map[string]job {
	r.t.Helper()
	header := map[string]string{}
	if secret != "" {
		header["Authorization"] = "Bearer " + secret
	}
	all := map[string]job{}
	before := ""
	for {
		got, err := do(r.t.Context(), client(20*time.Second), "GET", r.url+"/v1/jobs?limit=200&before="+before, nil, header)
		if err != nil || got.status != http.StatusOK {
			r.t.Fatalf("jobs: %d %s %v", got.status, got.body, err)
		}
		var page struct {
			Jobs []job
			Next string
		}
		if err := json.Unmarshal(got.body, &page); err != nil {
			r.t.Fatal(err)
		}
		for _, j := range page.Jobs {
			all[j.ID] = j
		}
		if before = page.Next; before == "" {
			return all
		}
	}
}

// enlarged gives what the command makes of a picture with these flags.
func enlarged(t *testing.T, png []byte, flags ...string) []byte {
	t.Helper()
	in := filepath.Join(t.TempDir(), "in.png")
	out := in + ".out.png"
	if err := os.WriteFile(in, png, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, append(append([]string{"upscale", "-q", "-o", out}, flags...), in)...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
