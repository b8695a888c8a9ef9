package field

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// process is a process that plays a part.
type process struct {
	t    *testing.T
	part part
	cmd  *exec.Cmd
	log  lockedBuffer
	says chan string   // lines of its output
	over chan struct{} // closed when it has ended
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

// program is the one that is running.
func program(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// start starts a process with a command line that plays a part. It ends with the test, and its log is shown if that has failed.
func start(t *testing.T, p part, environment []string, command ...string) *process {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	r := &process{t: t, part: p, cmd: exec.Command(command[0], command[1:]...), says: make(chan string, 100), over: make(chan struct{})}
	r.cmd.Env = append(append(os.Environ(), partVariable+"="+string(text)), environment...)
	r.cmd.Stderr = &r.log
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.cmd.StdinPipe(); err != nil { // see part.play
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			r.says <- lines.Text()
		}
		_, _ = io.Copy(io.Discard, out)
		_ = r.cmd.Wait()
		close(r.says)
		close(r.over)
	}()
	t.Cleanup(func() {
		r.kill()
		if t.Failed() {
			t.Logf("%s %s:\n%s", p.Role, p.Name, r.story())
		}
	})
	return r
}

// mostLog is how much of a log is shown.
const mostLog = 12 << 10

// story is the end of the log, without requests that went well.
func (r *process) story() string {
	var b strings.Builder
	for line := range strings.Lines(r.log.String()) {
		if !strings.Contains(line, "msg=request") || !strings.Contains(line, " status=2") {
			b.WriteString(line)
		}
	}
	text := b.String()
	return text[max(0, len(text)-mostLog):]
}

// signal sends a signal.
func (r *process) signal(s syscall.Signal) { _ = r.cmd.Process.Signal(s) }

// kill ends the process at once, as a power cut does.
func (r *process) kill() {
	r.signal(syscall.SIGKILL)
	<-r.over
}

// resident is the memory that the process has resident, in bytes.
func (r *process) resident() int64 {
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
