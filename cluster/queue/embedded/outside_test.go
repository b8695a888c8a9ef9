package embedded_test

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"classsr/cluster/queue"
	"classsr/cluster/queue/embedded"
	"classsr/cluster/queue/queuetest"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/server/tokens"
)

// program gives a nats-server: CLASSSR_NATS_SERVER, or, where slow tests are wanted, one that is built.
func program(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("CLASSSR_NATS_SERVER"); path != "" {
		return path
	}
	if os.Getenv("CLASSSR_SLOW") == "" {
		t.Skip("a nats-server is built only if CLASSSR_SLOW is set; CLASSSR_NATS_SERVER says where one is (make nats-server)")
	}
	path := filepath.Join(t.TempDir(), "nats-server")
	if out, err := exec.Command("go", "build", "-o", path, "github.com/nats-io/nats-server/v2").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// outside is a nats-server with the configuration that we print.
type outside struct {
	site
	program, config string
	process         *exec.Cmd
}

func newOutside(t *testing.T, encrypted bool) *outside {
	t.Helper()
	awaitGoroutines(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	issuer, err := queue.NewIssuer()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	o := &outside{program: program(t), config: filepath.Join(folder, "nats.conf")}
	o.beats, o.blind, o.url = make(chan wire.Beat, 100), make(chan bool, 100), "nats://"+address
	o.options = embedded.Options{User: "coordinator", Password: `a "secret" \ $HOME`, Issuer: issuer, Log: slog.New(slog.DiscardHandler)}
	config := queue.Outside{
		Listen: address, Folder: filepath.Join(folder, "store"), User: o.options.User, Password: o.options.Password, Issuer: issuer.Public(), Workers: workers,
	}
	if encrypted {
		certificates := filepath.Join(folder, "tls")
		if _, o.print, err = tokens.Certificate(certificates, nil); err != nil {
			t.Fatal(err)
		}
		config.CertFile, config.KeyFile, o.url = filepath.Join(certificates, "cert.pem"), filepath.Join(certificates, "key.pem"), "tls://"+address
	}
	if err := os.WriteFile(o.config, []byte(config.Config()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(o.program, "-t", "-c", o.config).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	o.begin(t)
	t.Cleanup(func() { o.kill() })
	return o
}

// begin starts the server and waits until a coordinator can connect.
func (o *outside) begin(t *testing.T) {
	t.Helper()
	o.process = exec.Command(o.program, "-c", o.config, "-l", o.config+".log")
	if err := o.process.Start(); err != nil {
		t.Fatal(err)
	}
	_, address, _ := strings.Cut(o.url, "//")
	for range 500 {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	log, _ := os.ReadFile(o.config + ".log")
	t.Fatalf("the nats-server does not listen:\n%s", log)
}

func (o *outside) kill() {
	_ = o.process.Process.Kill()
	_ = o.process.Wait()
}

func TestOutside(t *testing.T) {
	for name, encrypted := range map[string]bool{"plain": false, "encrypted": true} {
		t.Run(name, func(t *testing.T) {
			o := newOutside(t, encrypted)
			o.connect(t, o.coordinator(false))
			queuetest.Conform(t, o.ends())
		})
	}
}

// What a server has acknowledged outlives its end, and both ends find back to it without a hand.
func TestOutsideIsKilled(t *testing.T) {
	o := newOutside(t, true)
	o.connect(t, o.coordinator(false))
	a, b := join(t, o.open(t, "a"), nil), join(t, o.open(t, "b"), nil)
	for i := range 3 {
		for n := range 4 {
			o.give(t, "a", fmt.Sprintf("a%d-%d", i, n))
			o.give(t, "b", fmt.Sprintf("b%d-%d", i, n))
		}
		o.kill()
		if !<-o.blind {
			t.Fatal("not blind")
		}
		o.begin(t)
		if <-o.blind {
			t.Fatal("blind")
		}
		for n := range 4 {
			if x, y := queuetest.Next(t, a), queuetest.Next(t, b); x != fmt.Sprintf("a%d-%d", i, n) || y != fmt.Sprintf("b%d-%d", i, n) {
				t.Errorf("%d: %s %s", n, x, y)
			}
		}
	}
}

// A server that hangs, as one whose machine is cut off, is noticed after a while, and both ends go on when it does.
func TestOutsideHangs(t *testing.T) {
	if os.Getenv("CLASSSR_SLOW") == "" || runtime.GOOS == "windows" {
		t.Skip("takes 20 seconds; CLASSSR_SLOW is not set")
	}
	o := newOutside(t, true)
	o.connect(t, o.coordinator(false))
	i := join(t, o.open(t, "a"), nil)
	o.give(t, "a", "u1")
	signal := func(name string) {
		t.Helper()
		if out, err := exec.Command("kill", "-"+name, strconv.Itoa(o.process.Process.Pid)).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
	}
	signal("STOP")
	took := waiting(t, i)
	if err := o.queue.Give(t.Context(), "a", queuetest.Unit("u2")); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	if !<-o.blind {
		t.Fatal("not blind")
	}
	signal("CONT")
	if <-o.blind {
		t.Fatal("blind")
	}
	if x := took(); x != "u1" {
		t.Error(x)
	}
	if err := o.queue.Renew(t.Context(), func() map[string][]wire.Unit { return map[string][]wire.Unit{"a": {queuetest.Unit("u2")}} }); err != nil {
		t.Fatal(err)
	}
	if x := queuetest.Next(t, i); x != "u2" {
		t.Error(x)
	}
}
