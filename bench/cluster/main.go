//go:build linux

// Command cluster measures what a cluster costs: two workers with a core each, and the server beside them on the same two cores, against one process on both.
//
//	go run ./bench/cluster -program build/classsr photo.jpg
//	go run ./bench/cluster -program build/classsr -model carn-x4 -pairs 6 folder
//
// Both do the same picture or folder in turns, and the results are compared byte by byte. It prints a line of a Markdown table: seconds of each, medians, their ratio (of medians, and of
// the least), and what the server took for it in processor time and bytes.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

type flags struct {
	program, model string
	pairs          int
	input          string
}

func main() {
	var f flags
	flag.StringVar(&f.program, "program", "build/classsr", "the `PROGRAM` that is measured")
	flag.StringVar(&f.model, "model", "span-x4", "with which model")
	flag.IntVar(&f.pairs, "pairs", 3, "how many times each does it")
	flag.Parse()
	f.input = flag.Arg(0)
	if flag.NArg() != 1 || runtime.NumCPU() < 2 || f.pairs < 1 {
		fmt.Fprintln(os.Stderr, "give one picture or folder, on a machine with at least two cores")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := f.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (f flags) run(ctx context.Context) (err error) {
	folder, err := os.MkdirTemp("", "cluster")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if f.program, err = filepath.Abs(f.program); err != nil {
		return err
	}
	c, err := f.start(ctx, folder)
	if err != nil {
		return err
	}
	defer c.end()
	here, there := filepath.Join(folder, "here"), filepath.Join(folder, "there")
	var alone, together []float64
	before, err := c.costs()
	if err != nil {
		return err
	}
	for range f.pairs {
		seconds, err := f.enlarge(ctx, here, "--threads", "2")
		if err != nil {
			return err
		}
		alone = append(alone, seconds)
		if seconds, err = f.enlarge(ctx, there, "--cluster", c.url); err != nil {
			return err
		}
		together = append(together, seconds)
		if err := same(here, there); err != nil {
			return err
		}
	}
	after, err := c.costs()
	if err != nil {
		return err
	}
	f.report(alone, together, before, after)
	return nil
}

// report prints the line of the table.
func (f flags) report(alone, together []float64, before, after costs) {
	units := max(after.units-before.units, 1)
	fmt.Println("| model | what | one process, s | cluster, s | medians | speed of the cluster (medians; least) | server: CPU ms, sent kB, received kB a unit | units |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	fmt.Printf("| %s | %s | %s | %s | %.2f, %.2f | %.2f; %.2f | %.0f, %.0f, %.0f | %.0f |\n",
		f.model, filepath.Base(f.input), texts(alone), texts(together), median(alone), median(together), median(alone)/median(together), slices.Min(alone)/slices.Min(together),
		1000*(after.cpu-before.cpu)/units, (after.sent-before.sent)/units/1000, (after.received-before.received)/units/1000, units/float64(f.pairs))
}

func texts(all []float64) string {
	var out []string
	for _, s := range all {
		out = append(out, fmt.Sprintf("%.2f", s))
	}
	return strings.Join(out, " ")
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// enlarge has the input enlarged into a folder, and tells how long that took.
func (f flags) enlarge(ctx context.Context, output string, more ...string) (seconds float64, err error) {
	if err := os.RemoveAll(output); err != nil {
		return 0, err
	}
	args := append([]string{"upscale", "-q", "--model", f.model, "-o", output + "/"}, more...)
	cmd := exec.CommandContext(ctx, f.program, append(args, f.input)...)
	cmd.Stderr = os.Stderr
	begun := time.Now()
	err = cmd.Run()
	return time.Since(begun).Seconds(), err
}

// same compares the results in two folders.
func same(a, b string) error {
	return filepath.WalkDir(a, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		x, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		y, err := os.ReadFile(b + strings.TrimPrefix(path, a))
		if err == nil && !bytes.Equal(x, y) {
			err = fmt.Errorf("%s is another file from the cluster", path)
		}
		return err
	})
}

// cluster is a server and two workers.
type cluster struct {
	url       string
	processes []*exec.Cmd // the server is the first
}

// start starts a server that computes nothing itself, and two workers on a core each.
func (f flags) start(ctx context.Context, folder string) (c *cluster, err error) {
	c = &cluster{}
	defer func() {
		if err != nil {
			c.end()
		}
	}()
	server := exec.CommandContext(ctx, f.program, "serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(folder, "data"), "--cluster-listen", "127.0.0.1:0", "--cluster-only")
	server.Stderr = io.Discard
	out, err := server.StdoutPipe()
	if err != nil {
		return c, err
	}
	if err := c.begin(server); err != nil {
		return c, err
	}
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil {
		return c, err
	}
	c.url = strings.TrimSuffix(strings.TrimSpace(string(line[:n])), "/")
	for core := range 2 {
		name := fmt.Sprintf("worker%d", core)
		w := exec.CommandContext(ctx, f.program, "worker", "--server", c.url, "--name", name, "--threads", "1", "--cache", filepath.Join(folder, name))
		w.Stderr = io.Discard
		if err := c.begin(w); err != nil {
			return c, err
		}
		if err := pin(w.Process.Pid, core); err != nil {
			return c, err
		}
	}
	for range 300 {
		if s, err := c.status(); err == nil && len(s.Workers) == 2 {
			return c, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return c, fmt.Errorf("the workers do not join")
}

func (c *cluster) begin(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	c.processes = append(c.processes, cmd)
	return nil
}

// pin leaves a process, all its threads, one core.
func pin(pid, core int) error {
	var set unix.CPUSet
	set.Set(core)
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if err != nil {
		return err
	}
	for _, t := range threads { // those that come later have it from these
		id, err := strconv.Atoi(filepath.Base(t))
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, &set); err != nil {
			return err
		}
	}
	return nil
}

// end ends all processes, the workers first.
func (c *cluster) end() {
	for _, p := range slices.Backward(c.processes) {
		_ = p.Process.Signal(syscall.SIGTERM)
		_ = p.Wait()
	}
}

// status is what the server tells of the cluster.
type status struct {
	Workers []struct{} `json:"workers"`
	Done    float64    `json:"done"`
}

func (c *cluster) status() (s status, err error) {
	text, err := c.get("/v1/cluster")
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	return s, err
}

func (c *cluster) get(path string) ([]byte, error) {
	a, err := http.Get(c.url + path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = a.Body.Close() }()
	return io.ReadAll(a.Body)
}

// costs is what the server has taken so far.
type costs struct{ cpu, sent, received, units float64 }

func (c *cluster) costs() (x costs, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.processes[0].Process.Pid))
	if err != nil {
		return x, err
	}
	const user, system, ticks = 11, 12, 100 // fields behind the name; ticks a second
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+2:]))
	for _, i := range []int{user, system} {
		n, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return x, err
		}
		x.cpu += n / ticks
	}
	counts, err := c.get("/metrics")
	if err != nil {
		return x, err
	}
	for line := range strings.Lines(string(counts)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, _ := strconv.ParseFloat(value, 64)
		switch name {
		case "classsr_cluster_sent_bytes_total":
			x.sent = n
		case "classsr_cluster_received_bytes_total":
			x.received = n
		}
	}
	s, err := c.status()
	x.units = s.Done
	return x, err
}
