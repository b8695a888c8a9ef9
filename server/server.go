// Package server enlarges pictures for others: it takes them by HTTP, keeps them and their results on disk for a while, and has the pipeline do the
// work, one budget of memory and cores for all. It survives being killed: a job that was accepted is done once.
package server

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"

	"classsr/budget"
	"classsr/fault"
	"classsr/gpu"
	"classsr/internal/atomicfile"
	"classsr/internal/filelock"
	"classsr/internal/par"
	"classsr/models"
	"classsr/pipeline"
	"classsr/server/api"
	"classsr/server/blobs"
	"classsr/server/jobs"
	"classsr/server/library"
	"classsr/server/limits"
	"classsr/server/metrics"
	"classsr/server/problem"
	"classsr/server/tokens"
	"classsr/server/work"
	"classsr/web"
)

// Config says how a server runs.
type Config struct {
	// Listen is the address; one that is not of this machine's loopback needs a TokenFile.
	Listen string
	// Data is the folder that everything is kept in; it is made if it is not there.
	Data string
	// TokenFile lists who may use the server; "" means everyone who reaches it.
	TokenFile string
	// Certificate and PrivateKey are files for TLS; without them a certificate is made where there is a TokenFile, unless PlainHTTP is set.
	Certificate, PrivateKey string
	PlainHTTP               bool
	// Hosts are names that the server is reached by besides its address, as NAME or, where the port is another one outside, NAME:PORT.
	Hosts  []string
	Limits limits.Limits
	// Jobs is how many jobs run at a time.
	Jobs int
	// Grace is how long running jobs may take to finish when the server is told to end.
	Grace  time.Duration
	Budget *budget.Budget
	// Device, if not nil, is a GPU that computes pictures: all, or with DeviceAuto those at which it is faster.
	Device     *gpu.Device
	DeviceAuto bool
	Log        *slog.Logger
	// Metrics is an address of this machine's loopback where counts are told to whoever asks; "" means at /metrics beside everything else, to those
	// whose token is for that.
	Metrics string
	// Names allows names of pictures in the log.
	Names   bool
	Version string
	// Cluster, if not nil, lets other machines help.
	Cluster *Cluster
}

// Run serves until ctx is done, and then ends: running jobs have their Grace, those that remain are queued again for the next start. listening is
// told the addresses as URLs once requests are answered. Errors about the configuration are of kind fault.Usage, about a folder that another server uses
// of kind fault.Busy.
func Run(ctx context.Context, c Config, listening func(urls []string)) error {
	if err := c.check(); err != nil {
		return err
	}
	s := &server{Config: c}
	unlock, err := s.takeFolder()
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.open(); err != nil {
		return err
	}
	defer s.close()
	listener, guarded, scheme, err := s.listen()
	if err != nil {
		return err
	}
	defer s.stopQueue()
	if err := s.startQueue(ctx, s.encryption); err != nil {
		return errors.Join(err, listener.Close())
	}
	return s.serve(ctx, listener, guarded, scheme, listening)
}

// leastMemory is less than a server can do something with, in bytes.
const leastMemory = 48e6

// check refuses what is not safe, before anything is opened.
func (c Config) check() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fault.New(fault.Usage, "%q is no address to listen on: give HOST:PORT, as 127.0.0.1:8080", c.Listen)
	}
	if c.TokenFile == "" && !loopback(host) {
		return fault.New(fault.Usage, "%s can be reached from other machines: that needs --token-file, see `classsr token new`", c.Listen)
	}
	if (c.Certificate == "") != (c.PrivateKey == "") {
		return fault.New(fault.Usage, "--tls-cert and --tls-key belong together: give both or none")
	}
	if c.Certificate != "" && c.PlainHTTP {
		return fault.New(fault.Usage, "--plain-http is for servers without a certificate: leave out either it, or --tls-cert and --tls-key")
	}
	if c.Budget.Memory() < leastMemory {
		return fault.New(fault.Usage, "--memory %s is too little to serve pictures: give at least %s", humanize.Bytes(uint64(c.Budget.Memory())), humanize.Bytes(leastMemory))
	}
	if err := c.checkHosts(); err != nil {
		return err
	}
	if c.Cluster != nil {
		if err := c.Cluster.check(c); err != nil {
			return err
		}
	}
	if c.Metrics == "" {
		return nil
	}
	if host, _, err := net.SplitHostPort(c.Metrics); err != nil || !loopback(host) {
		return fault.New(fault.Usage, "--metrics-listen is an address of this machine only, as 127.0.0.1:9090, not %q: others read /metrics with a token that has the scope metrics", c.Metrics)
	}
	return nil
}

// loopback tells whether a host of an address to listen on is reached from this machine only.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// server is a server that runs.
type server struct {
	Config
	store  *blobs.Store
	models *library.Library
	table  *jobs.Table
	works  *work.Works
	tokens *tokens.File
	counts *metrics.Metrics
	guard  *limits.Guarded // of the listener
	// certified are the names in the certificate that the server began with, and that of Listen.
	certified []string
	// fingerprint is that of a certificate of its own; "" if it has another one, or none.
	fingerprint string
	encryption  *tls.Config // of the listener; nil: none
	crew        *crew       // nil: it has no cluster
	meter       *limits.Meter
	ending      atomic.Bool
}

// takeFolder makes the folder and keeps other servers from it.
func (s *server) takeFolder() (unlock func(), err error) {
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the folder %s: give another --data, or its user rights: %w", s.Data, fault.Default(fault.Unavailable, err))
	}
	unlock, err = filelock.Take(filepath.Join(s.Data, "lock"))
	switch {
	case errors.Is(err, filelock.ErrHeld):
		return nil, fault.New(fault.Busy, "another server uses %s: end it first, or give another --data", s.Data)
	case errors.Is(err, filelock.ErrNoLock):
		return nil, fault.New(fault.Unavailable, "the disk of %s has no locks, which keep a second server from it: give another --data", s.Data)
	case err != nil:
		return nil, fmt.Errorf("cannot use the folder %s: give another --data, or its user rights: %w", s.Data, fault.Default(fault.Unavailable, err))
	}
	return unlock, nil
}

// open opens what the server stands on, and removes what was left half-done.
func (s *server) open() (err error) {
	if s.TokenFile != "" {
		if s.tokens, err = tokens.Open(s.TokenFile); err != nil {
			return err
		}
		s.tokens.Tell(func(err error) { s.Log.Error("the token file is wrong: the tokens before hold", "error", err.Error()) })
	}
	s.counts = metrics.New(s.Version, s.gauges)
	if s.store, err = blobs.Open(s.Data, blobs.Options{Most: s.Limits.MaxDisk}); err != nil {
		return err
	}
	if err := s.openModels(); err != nil {
		return err
	}
	if err := s.openCluster(); err != nil {
		return err
	}
	files, err := s.files()
	if err != nil {
		return err
	}
	o := jobs.Options{
		Queue: s.Limits.Queue, Jobs: s.Jobs, Retention: s.Limits.Retention, MostTime: mostTimes * s.Limits.MaxJobTime, Bytes: s.store.Bound(),
		Files: files, Log: s.Log, Names: s.Names, Ended: s.counts.Ended,
	}
	if s.crew != nil {
		o.Slots = func() int { return s.works.Slots() }
		o.Away = func(j *jobs.Job) bool { return s.works.Away(j) }
	}
	if s.table, err = jobs.Open(filepath.Join(s.Data, "jobs.db"), o); err != nil {
		return err
	}
	if err := s.sweep(); err != nil {
		return err
	}
	s.meter = limits.NewMeter(s.Limits, time.Now)
	if note := s.table.Note(meterNote); note != nil {
		if err := s.meter.Restore(note); err != nil {
			s.Log.Warn("what tokens have used today is not known", "error", err.Error())
		}
	}
	options := work.Options{
		Budget: s.Budget, Store: s.store, Library: s.models, Limits: s.Limits, Pace: s.table.Pace(), Folder: filepath.Join(s.Data, "direct"), Log: s.Log, Count: s.counts, AtATime: s.Jobs,
		Device: s.Device, DeviceAuto: s.DeviceAuto,
	}
	if s.crew != nil {
		options.Cluster, options.Whole = s.crew.coordinator, s.crew.Divide
	}
	s.works, err = work.New(options)
	return err
}

// openModels opens what has models in files.
func (s *server) openModels() (err error) {
	const most, share = 1e9, 4
	s.models, err = library.Open(filepath.Join(s.Data, "models"), library.Options{
		Most: min(most, s.store.Bound()/share), MostFile: min(pipeline.MostFile(work.ShelfBytes(s.Budget.Memory())), s.Limits.MaxUpload), Reserve: s.store.Reserve,
		Needed: func(sum blobs.Sum) bool { return s.table.NeedsModel(models.InFile(sum)) },
	})
	return err
}

// sweep removes files that nobody knows of. After damage to the table it does not: results of records that were lost may be worth looking for.
func (s *server) sweep() error {
	if aside := s.table.Aside(); aside != "" {
		s.Log.Warn("the table of jobs was damaged: results without a record are kept until the next start", "aside", aside)
		return nil
	}
	picture, result := s.table.Known()
	if s.crew != nil {
		if err := s.crew.coordinator.Sweep(result); err != nil {
			return err
		}
	}
	files, bytes, err := s.store.Sweep(picture, result)
	if files > 0 {
		s.Log.Info("removed what nobody waits for", "files", files, "bytes", bytes)
	}
	return err
}

func (s *server) close() {
	if s.table != nil {
		if s.meter != nil {
			s.saveMeter()
		}
		if err := s.table.Close(); err != nil {
			s.Log.Error("the table of jobs did not close", "error", err.Error())
		}
	}
}

// Bounds of connections that are no limits of the API.
const (
	headerTime  = 5 * time.Second
	headerBytes = 16 << 10
	idleTime    = time.Minute
	tidyEach    = time.Minute
	mostTimes   = 4               // as long as allowed by its forecast, a job may run
	answerTime  = 5 * time.Second // for answers under way when the server ends, after the jobs
)

// serve answers requests and has jobs done, until ctx is done.
func (s *server) serve(ctx context.Context, listener net.Listener, guarded *limits.Guarded, scheme string, listening func(urls []string)) error {
	closing, sayBye := context.WithCancel(context.Background())
	defer sayBye()
	handler, err := s.handler(closing, listener)
	if err != nil {
		_ = listener.Close()
		return err
	}
	s.guard = guarded
	countServe, countEnd, err := s.listenMetrics()
	if err != nil {
		_ = listener.Close()
		return err
	}
	h := s.httpServer(guarded, handler)
	listening(s.urls(scheme, listener.Addr().String()))
	s.Log.Info("listening", "address", listener.Addr().String(), "scheme", scheme)

	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	clustered, endCluster := context.WithCancel(context.Background())
	defer endCluster()
	loops := []func() error{
		func() error {
			if err := h.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				fail(err)
				return err
			}
			return nil
		},
		func() error {
			defer endCluster() // it does jobs until the last one is over
			return s.table.Run(ctx, s.Grace, s.works)
		},
		func() error { return s.tidy(ctx) },
		func() error {
			<-ctx.Done()
			s.ending.Store(true)
			s.Log.Info("ending", "grace", s.Grace.String())
			sayBye()
			late, cancel := context.WithTimeout(context.Background(), s.Grace+answerTime)
			defer cancel()
			if err := h.Shutdown(late); err != nil {
				return h.Close()
			}
			return nil
		},
	}
	loops = append(loops, until(ctx, fail, countServe, countEnd)...)
	loops = append(loops, s.clusterLoops(clustered)...)
	return par.Do(context.Background(), len(loops), len(loops), func(_, i int) error { return loops[i]() })
}

// tidy removes what is too old, each minute.
func (s *server) tidy(ctx context.Context) error {
	ticker := time.NewTicker(tidyEach)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			s.table.Expire()
			if err := s.models.Expire(); err != nil {
				s.Log.Error("a model that nobody uses was not removed", "error", err.Error())
			}
			s.saveMeter()
		}
	}
}

// meterNote is where the days' sums of tokens are kept.
const meterNote = "meter"

func (s *server) saveMeter() {
	if err := s.table.SaveNote(meterNote, s.meter.Save()); err != nil {
		s.Log.Warn("what tokens have used today was not saved", "error", err.Error())
	}
}

// handler makes what answers requests.
func (s *server) handler(closing context.Context, l net.Listener) (http.Handler, error) {
	key, err := s.sessionKey()
	if err != nil {
		return nil, err
	}
	b := api.Backends{
		Jobs: s.table, Work: s.works, Store: s.store, Meter: s.meter, Limits: s.Limits, Key: key, Page: web.Files(), Log: s.Log,
		Cluster: s.clusterRoutes(), Ready: s.ready, Version: s.Version, Closing: closing, Count: s.counts,
	}
	if s.Metrics == "" {
		b.Metrics = s.counts.Handler()
	}
	if s.tokens != nil {
		b.Tokens = s.tokens
	}
	h, err := api.New(b)
	if err != nil {
		return nil, err
	}
	return s.knownAs(l.Addr().String()).Known(h, func() { s.counts.Refused(problem.Forbidden) }), nil
}

func (s *server) ready() error {
	if s.ending.Load() {
		return fault.New(fault.Unavailable, "the server is ending")
	}
	return nil
}

// sessionKey reads the key of the page's sessions, or makes it.
func (s *server) sessionKey() ([]byte, error) {
	const size = 32
	name := filepath.Join(s.Data, "key")
	key, err := os.ReadFile(name)
	if err == nil && len(key) == size {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key = make([]byte, size)
	_, _ = rand.Read(key) // never fails
	return key, atomicfile.WritePrivate(name, key)
}
