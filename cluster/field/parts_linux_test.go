package field

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"classsr/budget"
	"classsr/cluster/queue"
	"classsr/cluster/queue/embedded"
	"classsr/cluster/wire"
	"classsr/cluster/worker"
	"classsr/pipeline"
	"classsr/server"
	"classsr/server/library"
	"classsr/server/limits"
	"classsr/server/tokens"
	"classsr/weights"
)

// partVariable says which part a process plays, as JSON; unset: it runs the tests.
const partVariable = "CLASSSR_FIELD_PART"

// part is what a process plays in a test.
type part struct {
	Role    string // coordinator, worker, queue
	Version string
	Memory  int64
	Threads int

	// Of the coordinator, and of the queue those that are about a queue.
	Data, Listen, Tokens  string
	Queue                 string // address that the queue listens at
	NATS, User, Password  string // the server elsewhere that takes its place
	Lease                 time.Duration
	Divide                float64
	OwnCores              bool
	Issuer                string // file
	Certificate, NATSName string // folder, and fingerprint of what is in it

	// Of a worker.
	Name, Server, Secret, Fingerprint, Folder string
	Corrupt                                   string // while this file is there, what is sent is damaged

	Skew string // file with the seconds by which the clock is wrong, in a program that is built for that
}

// setSkew makes the clock wrong; nil in a program that is not built for that.
var setSkew func(seconds int64)

func TestMain(m *testing.M) {
	text := os.Getenv(partVariable)
	if text == "" {
		os.Exit(test(m))
	}
	var p part
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		panic(err)
	}
	if err := p.play(); err != nil {
		fmt.Fprintln(os.Stderr, "ended:", err)
		os.Exit(1)
	}
}

// scratch is a folder that is there for all tests.
var scratch string

func test(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "field"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(scratch) }() // it is below the system's folder for such
	return m.Run()
}

func (p part) play() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() { // nothing is written to it: its end is that of the test
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	if p.Skew != "" {
		go p.follow()
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	switch p.Role {
	case "coordinator":
		return p.coordinate(ctx, log)
	case "worker":
		return p.work(ctx, log)
	}
	return p.queue(ctx, log)
}

// follow makes the clock as wrong as the file says.
func (p part) follow() {
	for ; ; time.Sleep(20 * time.Millisecond) {
		text, _ := os.ReadFile(p.Skew)
		seconds, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		setSkew(seconds)
	}
}

// budget is that of the command, with so much beside it.
func (p part) budget(beside int64) *budget.Budget {
	b := budget.New(p.Memory, p.Threads)
	debug.SetMemoryLimit(b.Memory() + beside)
	debug.SetGCPercent(25)
	return b
}

// coordinate is classsr serve.
func (p part) coordinate(ctx context.Context, log *slog.Logger) error {
	l := limits.Default()
	l.Rate, l.Retention = 10000, 7*24*time.Hour // clocks may jump by a day
	return server.Run(ctx, server.Config{
		Listen: p.Listen, Data: p.Data, TokenFile: p.Tokens, Limits: l, Jobs: l.Jobs, Grace: time.Second, Budget: p.budget(16 << 20), Log: log, Version: p.Version,
		Cluster: &server.Cluster{
			Listen: p.Queue, NATS: p.NATS, User: p.User, Password: p.Password, SHA256: p.NATSName, OtherCores: !p.OwnCores, Lease: p.Lease, Divide: p.Divide,
		},
	}, func(urls []string) { fmt.Println(urls[0]) })
}

// work is classsr worker.
func (p part) work(ctx context.Context, log *slog.Logger) error {
	mark, err := tokens.ParseFingerprint(p.Fingerprint)
	if err != nil {
		return err
	}
	check := tokens.Join{Fingerprint: mark}.TLS()
	transport, err := worker.NewHTTP(p.Server, p.Secret, check)
	if err != nil {
		return err
	}
	b := p.budget(22 << 20)
	about, err := worker.About(ctx, p.Name, p.Version, b)
	if err != nil {
		return err
	}
	models, err := library.Open(p.Folder+".models", library.Options{})
	if err != nil {
		return err
	}
	shelf := pipeline.NewShelf(32 << 20)
	shelf.Files = func(sum [sha256.Size]byte) (*weights.Model, error) { return models.Load(sum) }
	o := worker.Options{
		About: about, Transport: transport, Folder: p.Folder, Budget: b, Shelf: shelf, Library: models, Grace: time.Minute, Log: log,
		Queue: func(ctx context.Context, j wire.Joined, told func(wire.Tell)) (queue.Taker, error) {
			return queue.Join(ctx, j.Login, check, told)
		},
	}
	if p.Corrupt != "" {
		o.Corrupt = func(b []byte) {
			if _, err := os.Stat(p.Corrupt); err == nil {
				b[len(b)-1] ^= 1
			}
		}
	}
	return worker.Run(ctx, o)
}

// queue is a nats-server elsewhere. It is the one that servers have inside, with the same configuration.
func (p part) queue(ctx context.Context, log *slog.Logger) error {
	issuer, err := queue.OpenIssuer(p.Issuer)
	if err != nil {
		return err
	}
	certificate, err := certificateIn(p.Certificate)
	if err != nil {
		return err
	}
	s, err := embedded.Start(embedded.Options{
		Listen: p.Queue, Folder: p.Folder, TLS: certificate, User: p.User, Password: p.Password, Issuer: issuer, Workers: 16, Log: log,
	})
	if err != nil {
		return err
	}
	fmt.Println(s.URL(""))
	<-ctx.Done()
	s.Stop()
	return nil
}
