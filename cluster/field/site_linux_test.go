package field

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"classsr/client"
	"classsr/cluster/queue"
	"classsr/server/tokens"
	"classsr/server/view"
)

// load gives what a test does in seconds, in two minutes together with the others, or whole.
func load[T any](seconds, short, full T) T {
	switch os.Getenv("CLASSSR_LOAD") {
	case "full":
		return full
	case "short":
		return short
	}
	return seconds
}

const version = "field"

// plan says what a cluster is like.
type plan struct {
	net      *Net // nil: everything is on this machine's loopback
	outside  bool // the queue is a process of its own, on host 1
	lease    time.Duration
	divide   float64 // see server.Cluster
	memory   int64   // of the coordinator
	ownCores bool
	program  string // in place of this one
	skew     string // file, see part
	corrupt  bool   // the first worker damages what it sends
	smallMB  int    // the coordinator's folder is a disk of that size; 0: it is on the usual one
}

// site is a cluster: its coordinator is on host 0.
type site struct {
	plan
	t           *testing.T
	base        part // what all parts have
	coordinator *process
	nats        *process // nil: it is inside
	client      *client.Client
	accepted    map[string]sample // by job
	secrets     []string          // of workers' tokens that nobody has yet
	onlyJobs    string            // secret of a token for jobs alone
}

// newSite starts a coordinator, and a nats-server if there is to be one.
func newSite(t *testing.T, p plan) *site {
	t.Helper()
	if p.program == "" {
		p.program = program(t)
	}
	if p.memory == 0 {
		p.memory = 300 << 20
	}
	folder := t.TempDir()
	s := &site{plan: p, t: t, accepted: map[string]sample{}}
	s.base = part{Role: "coordinator", Version: version, Memory: p.memory, Lease: p.lease, Divide: p.divide, OwnCores: p.ownCores, Skew: p.skew, Data: filepath.Join(folder, "data")}
	s.base.Tokens = filepath.Join(folder, "tokens")
	s.base.Listen, s.base.Queue = s.address(0, 8443), s.address(0, 4222)
	s.base.Certificate = filepath.Join(s.base.Data, "tls")
	s.base.Issuer = filepath.Join(s.base.Data, "cluster.nk")
	host, _, _ := net.SplitHostPort(s.base.Listen)
	if err := os.Mkdir(s.base.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	_, mark, err := tokens.Certificate(s.base.Certificate, []string{host})
	if err != nil {
		t.Fatal(err)
	}
	s.base.Fingerprint, s.base.Server = mark.String(), "https://"+s.base.Listen
	if p.outside {
		s.startQueue()
	}
	s.client = s.newClient(s.token("user", tokens.ScopeJobs, tokens.ScopeCluster))
	const workers = 4
	s.onlyJobs = s.token("jobs", tokens.ScopeJobs)
	for i := range workers { // the server takes a moment to see tokens that are made later
		s.secrets = append(s.secrets, s.token(fmt.Sprintf("worker%d", i), tokens.ScopeWorker))
	}
	s.startCoordinator()
	return s
}

// address is one of a host. On the loopback it has a port that is free now.
func (s *site) address(host, port int) string {
	if s.net != nil {
		return net.JoinHostPort(s.net.address(host), strconv.Itoa(port))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// start starts a process on a host.
func (s *site) start(host int, p part, environment ...string) *process {
	s.t.Helper()
	command := []string{s.program}
	if s.net != nil {
		command = append(s.net.command(host), command...)
	}
	if p.Role == "coordinator" && s.smallMB > 0 {
		script := `mkdir -p "$0.kept" && cp -a "$0/." "$0.kept" && mount -t tmpfs -o size="$1" tmpfs "$0" && cp -a "$0.kept/." "$0" && exec "$2"`
		command = []string{"unshare", "-rm", "sh", "-c", script, p.Data, fmt.Sprintf("%dm", s.smallMB), s.program}
	}
	return start(s.t, p, environment, command...)
}

func (s *site) startCoordinator() {
	s.t.Helper()
	s.coordinator = s.start(0, s.base)
	select {
	case _, ok := <-s.coordinator.says:
		if !ok {
			s.t.Fatalf("the coordinator does not start:\n%s", s.coordinator.log.String())
		}
	case <-time.After(time.Minute):
		s.t.Fatal("the coordinator does not answer")
	}
}

// token makes a token and gives its secret.
func (s *site) token(name string, scopes ...string) string {
	s.t.Helper()
	secret, err := tokens.Add(s.base.Tokens, tokens.Token{Name: name, Scopes: scopes, Rate: 10000})
	if err != nil {
		s.t.Fatal(err)
	}
	return secret
}

// newClient speaks to the coordinator on its own host.
func (s *site) newClient(secret string) *client.Client {
	s.t.Helper()
	dial := (&net.Dialer{}).DialContext
	if s.net != nil {
		dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			return s.net.dial(ctx, 0, network, address)
		}
	}
	mark, err := tokens.ParseFingerprint(s.base.Fingerprint)
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := client.New(s.base.Server, client.Options{Token: secret, HTTP: &http.Client{
		Timeout: time.Minute, Transport: &http.Transport{DialContext: dial, TLSClientConfig: tokens.Join{Fingerprint: mark}.TLS()},
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// workerPart is what a worker of that name plays, which may join by a token of its own.
func (s *site) workerPart(name string) part {
	s.t.Helper()
	p := part{
		Role: "worker", Name: name, Version: version, Memory: 300 << 20, Threads: 1, Folder: filepath.Join(s.t.TempDir(), name), Server: s.base.Server,
		Fingerprint: s.base.Fingerprint, Skew: s.skew,
	}
	p.Secret, s.secrets = s.secrets[0], s.secrets[1:]
	return p
}

// worker starts a worker on a host.
func (s *site) worker(host int, name string, environment ...string) *process {
	s.t.Helper()
	return s.start(host, s.workerPart(name), environment...)
}

// awaitWorkers waits until so many workers are there.
func (s *site) awaitWorkers(count int) {
	s.t.Helper()
	s.await(time.Minute, func() string {
		all, err := s.client.Cluster(s.t.Context())
		if err == nil && len(all.Workers) == count {
			return ""
		}
		return fmt.Sprintf("there are %d workers, not %d: %v", len(all.Workers), count, err)
	})
}

// await waits until what is missing is nothing.
func (s *site) await(patience time.Duration, missing func() string) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		text := missing()
		if text == "" {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("after %v %s", patience, text)
		}
	}
}

// submit sends pictures and does not wait for what becomes of them.
func (s *site) submit(all []sample, options map[string]string) {
	s.t.Helper()
	for _, p := range all {
		j, err := s.client.Submit(s.t.Context(), bytes.NewReader(p.data), p.name, options)
		if err != nil {
			s.t.Fatalf("%s: %v", p.name, err)
		}
		s.accepted[j.ID] = p
	}
}

// jobs lists all jobs.
func (s *site) jobs() map[string]client.Job {
	s.t.Helper()
	all := map[string]client.Job{}
	for j, err := range s.client.List(s.t.Context()) {
		if err != nil {
			s.t.Fatal(err)
		}
		all[j.ID] = j
	}
	return all
}

// awaitDone waits until so many jobs are done.
func (s *site) awaitDone(count int, patience time.Duration) {
	s.t.Helper()
	s.await(patience, func() string {
		states := map[client.State]int{}
		for _, j := range s.jobs() {
			states[j.State]++
		}
		if states[client.Done] >= count || states[client.Failed] > 0 {
			return ""
		}
		return fmt.Sprintf("jobs: %v, %d were to be done", states, count)
	})
}

// settle waits until everything that was submitted is done, and sees that it was done once and right, and that nothing is left of the work.
func (s *site) settle(patience time.Duration) {
	s.t.Helper()
	s.awaitDone(len(s.accepted), patience)
	all := s.jobs()
	for id, p := range s.accepted {
		j, there := all[id]
		switch {
		case !there:
			s.t.Errorf("%s was accepted and is lost", p.name)
		case j.State != client.Done:
			s.t.Errorf("%s is %s: %+v %+v", p.name, j.State, j.Error, j.Failures)
		case j.Result.SHA256 != p.want:
			s.t.Errorf("%s has other bytes than one process gives", p.name)
		}
	}
	if len(all) != len(s.accepted) {
		s.t.Errorf("%d jobs, %d were accepted", len(all), len(s.accepted))
	}
	s.await(time.Minute, func() string {
		c, err := s.client.Cluster(s.t.Context())
		if err == nil && c.Tasks == 0 && c.Units == 0 && !c.Blind {
			return ""
		}
		return fmt.Sprintf("the cluster is at work still: %+v, %v", c, err)
	})
	s.await(10*time.Second, s.leftOver)
	for _, r := range []*process{s.coordinator, s.nats} {
		if r != nil && strings.Contains(r.log.String(), "panic") {
			s.t.Errorf("a panic:\n%s", r.log.String())
		}
	}
}

// data is the coordinator's folder, as this process sees it.
func (s *site) data() string {
	if s.smallMB > 0 {
		return filepath.Join("/proc", strconv.Itoa(s.coordinator.cmd.Process.Pid), "root", s.base.Data)
	}
	return s.base.Data
}

// leftOver names files in the coordinator's folder that nobody needs, and jobs that have no result or several.
func (s *site) leftOver() string {
	results := map[string]int{}
	var wrong []string
	err := filepath.WalkDir(s.data(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(s.data(), path)
		parts := strings.Split(name, "/")
		last := parts[len(parts)-1]
		switch {
		case parts[0] == "incoming", parts[0] == "cluster" && (parts[1] == "units" || parts[1] == "rows"), strings.Contains(name, "partial"):
			wrong = append(wrong, name+" was left")
		case parts[0] == "results" && !strings.HasSuffix(last, view.Ending) && !strings.HasSuffix(last, view.MapEnding):
			id, _, _ := strings.Cut(last, ".")
			results[id]++
		}
		return nil
	})
	if err != nil {
		return err.Error()
	}
	for id := range s.accepted {
		if results[id] != 1 {
			wrong = append(wrong, fmt.Sprintf("job %s has %d results", id, results[id]))
		}
		delete(results, id)
	}
	for id := range results {
		wrong = append(wrong, "nobody waited for the result of "+id)
	}
	return strings.Join(wrong, "\n")
}

// notDivided tells that no rows have come, as yet or any more.
func (s *site) notDivided() string {
	if files, _ := filepath.Glob(filepath.Join(s.data(), "cluster/rows/*/*/*")); len(files) == 0 {
		return "no rows have come"
	}
	return ""
}

// startQueue starts a nats-server on host 1.
func (s *site) startQueue() {
	s.t.Helper()
	if _, err := queue.OpenIssuer(s.base.Issuer); err != nil {
		s.t.Fatal(err)
	}
	address, folder := s.address(1, 4222), s.t.TempDir()
	s.base.NATS, s.base.Queue, s.base.User, s.base.Password, s.base.NATSName = "tls://"+address, "", "coordinator", "secret", s.base.Fingerprint
	if path := os.Getenv("CLASSSR_NATS_SERVER"); path != "" {
		s.runQueue(path, address, folder)
		return
	}
	p := s.base
	p.Role, p.Queue, p.Folder = "queue", address, folder
	s.nats = s.start(1, p)
	if _, ok := <-s.nats.says; !ok {
		s.t.Fatalf("the nats-server does not start:\n%s", s.nats.log.String())
	}
}

// runQueue runs the nats-server that others have.
func (s *site) runQueue(path, address, folder string) {
	s.t.Helper()
	issuer, err := queue.OpenIssuer(s.base.Issuer)
	if err != nil {
		s.t.Fatal(err)
	}
	file := filepath.Join(folder, "nats.conf")
	o := queue.Outside{
		Listen: address, Folder: folder, User: s.base.User, Password: s.base.Password, Issuer: issuer.Public(), Workers: 16,
		CertFile: filepath.Join(s.base.Certificate, "cert.pem"), KeyFile: filepath.Join(s.base.Certificate, "key.pem"),
	}
	if err := os.WriteFile(file, []byte(o.Config()), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if path, err = filepath.Abs(path); err != nil {
		s.t.Fatal(err)
	}
	command := []string{path, "-c", file}
	if s.net != nil {
		command = append(s.net.command(1), command...)
	}
	s.nats = start(s.t, part{Role: "queue"}, nil, command...)
}

// certificateIn reads the certificate in a folder.
func certificateIn(folder string) (*tls.Config, error) {
	pair, _, err := tokens.Certificate(folder, nil)
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, err
}
