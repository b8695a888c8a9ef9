package server

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"classsr/cluster/coordinator"
	"classsr/cluster/queue"
	"classsr/cluster/queue/embedded"
	"classsr/cluster/worker"
	"classsr/fault"
	"classsr/models"
	"classsr/server/api"
	"classsr/server/blobs"
	"classsr/server/jobs"
	"classsr/server/tokens"
)

// Cluster says how other machines help a server.
type Cluster struct {
	// Listen is the address at which workers fetch what they are to do; one that is not of this machine's loopback needs TLS. It is empty where NATS is not.
	Listen string
	// NATS is the address of a nats-server that takes the place of the server's own, tls:// or, on this machine, nats://. Its configuration is that of
	// queue.Outside.
	NATS     string
	User     string // of the server there
	Password string
	SHA256   string // fingerprint of its certificate; "" where an authority vouches for it
	// Workers is how many there may be; 0 means 256.
	Workers int
	// OtherCores leaves this machine's own cores out while there are workers.
	OtherCores bool

	// Lease is how long a worker may be silent; 0 means 30 s. For tests.
	Lease time.Duration
	// Divide is from how much arithmetic on, in multiply-accumulates, rows of pictures are shared out among machines; 0 means where it is worth while. For tests.
	Divide float64
}

const (
	mostWorkers = 256
	// rowsShare of the memory may hold rows of a large picture that wait for the encoder.
	rowsShare = 8
)

// check refuses what is not safe.
func (c *Cluster) check(s Config) error {
	if c.Workers <= 0 {
		c.Workers = mostWorkers
	}
	if c.NATS != "" {
		if c.Listen != "" {
			return fault.New(fault.Usage, "--cluster-listen and --cluster-nats exclude each other: the server has its own queue, or uses another one")
		}
		return nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	switch {
	case err != nil:
		return fault.New(fault.Usage, "--cluster-listen %q is no address to listen on: give HOST:PORT, as 0.0.0.0:4222", c.Listen)
	case !loopback(host) && s.TokenFile == "":
		return fault.New(fault.Usage, "--cluster-listen %s can be reached from other machines: that needs --token-file, see `classsr token new NAME --scopes worker`", c.Listen)
	case !loopback(host) && s.PlainHTTP:
		return fault.New(fault.Usage, "--cluster-listen %s can be reached from other machines, which needs TLS: leave out --plain-http", c.Listen)
	}
	return nil
}

// ClusterKey is the file of the key by which a server with that folder signs what workers may do.
func ClusterKey(data string) string { return filepath.Join(data, "cluster.nk") }

// crew is what a server has for its cluster.
type crew struct {
	*Cluster
	coordinator *coordinator.Coordinator
	embedded    *embedded.Server
	queue       *queue.Queue
}

// openCluster makes the coordinator.
func (s *server) openCluster() (err error) {
	if s.Cluster == nil {
		return nil
	}
	s.crew = &crew{Cluster: s.Cluster}
	s.crew.coordinator, err = coordinator.New(coordinator.Options{
		Folder: clusterFolder(s.Data), Store: s.store, Library: s.models, Version: s.Version, Models: blobs.Sum(models.Sum()), Most: s.Cluster.Workers, Lease: s.Cluster.Lease, Worth: s.Cluster.Divide,
		Log: s.Log, Count: s.counts, Allowed: s.mayHelp, Changed: func() { s.table.Wake() },
		Memory: s.Budget.Memory() / rowsShare,
	})
	return err
}

// mayHelp tells whether workers may help by a token of that name.
func (s *server) mayHelp(token string) bool {
	if s.tokens == nil {
		return true
	}
	return slices.ContainsFunc(s.tokens.List(), func(t tokens.Token) bool { return t.Name == token && helps(t, time.Now()) })
}

// helps tells whether workers may help by a token now.
func helps(t tokens.Token, now time.Time) bool {
	return t.Has(tokens.ScopeWorker) && (t.Expires.IsZero() || now.Before(t.Expires))
}

// startQueue starts what workers come to. certificate is the server's; nil: it has none.
func (s *server) startQueue(ctx context.Context, certificate *tls.Config) error {
	if s.crew == nil {
		return nil
	}
	c := s.crew
	issuer, err := queue.OpenIssuer(ClusterKey(s.Data))
	if err != nil {
		return err
	}
	o := queue.Options{
		URL: c.NATS, User: c.User, Password: c.Password, Issuer: issuer, Login: queue.Login{URL: c.NATS, SHA256: c.SHA256}, Epoch: c.coordinator.Epoch(),
		Workers: c.Workers, Heard: c.coordinator.Heard(), Log: s.Log,
	}
	if c.NATS == "" {
		o.User, o.Password = "coordinator", rand.Text()
		c.embedded, err = embedded.Start(embedded.Options{
			Listen: c.Listen, Folder: filepath.Join(s.Data, "nats"), TLS: certificate, User: o.User, Password: o.Password, Issuer: issuer, Workers: c.Workers, Log: s.Log,
		})
		if err != nil {
			return err
		}
		o.Server, o.Login = c.embedded, queue.Login{URL: c.embedded.URL(""), SHA256: s.fingerprint}
	}
	if o.TLS, err = c.tls(); err != nil {
		return err
	}
	if c.queue, err = queue.Connect(ctx, o); err != nil {
		return err
	}
	c.coordinator.Serve(c.queue)
	s.Log.Info("workers may join", "queue", o.Login.URL)
	return nil
}

// tls checks the certificate of a nats-server elsewhere; nil: an authority has to vouch for it.
func (c *Cluster) tls() (*tls.Config, error) {
	if c.NATS == "" || c.SHA256 == "" {
		return nil, nil
	}
	f, err := tokens.ParseFingerprint(c.SHA256)
	if err != nil {
		return nil, fault.New(fault.Usage, "--cluster-nats-sha256: %w", err)
	}
	return tokens.Join{Address: c.NATS, Fingerprint: f}.TLS(), nil
}

// stopQueue ends what startQueue began.
func (s *server) stopQueue() {
	if s.crew == nil {
		return
	}
	if s.crew.queue != nil {
		s.crew.queue.Stop()
	}
	if s.crew.embedded != nil {
		s.crew.embedded.Stop()
	}
}

// clusterLoops are what runs for a cluster until ctx is done.
func (s *server) clusterLoops(ctx context.Context) []func() error {
	if s.crew == nil {
		return nil
	}
	loops := []func() error{func() error { return s.crew.coordinator.Run(ctx) }}
	if wait := s.crew.coordinator.Expects(); wait > 0 {
		s.Log.Info("waiting for workers to join again", "seconds", wait.Seconds())
		time.AfterFunc(wait, s.table.Wake)
	}
	if !s.crew.OtherCores {
		loops = append(loops, func() error { return s.workHere(ctx) })
	}
	return loops
}

// workHere lets this machine's cores do what workers do.
func (s *server) workHere(ctx context.Context) error {
	name, err := os.Hostname()
	if err != nil {
		name = "server"
	}
	about, err := worker.About(ctx, name, s.Version, s.Budget)
	if err != nil {
		return nil // ctx is done
	}
	local := s.crew.coordinator.Local()
	err = worker.Run(ctx, worker.Options{
		About: about, Transport: local, Queue: local.Queue, Near: true, Folder: filepath.Join(clusterFolder(s.Data), "here"), Budget: s.Budget, Shelf: s.works.Shelf(), Log: s.Log,
	})
	if err != nil { // others work on
		s.Log.Error("this machine's own cores compute nothing for the cluster", "error", err.Error())
	}
	return nil
}

// files are those of jobs: pictures and results, and rows that have come from other machines.
type files struct {
	*blobs.Store
	cluster *coordinator.Coordinator
}

// RemoveResult implements jobs.Files.
func (f files) RemoveResult(job string) error {
	return errors.Join(f.Store.RemoveResult(job), f.cluster.Forget(job))
}

// files gives the files of jobs. Without a cluster, rows that one has left are removed.
func (s *server) files() (jobs.Files, error) {
	if s.crew != nil {
		return files{s.store, s.crew.coordinator}, nil
	}
	return s.store, os.RemoveAll(clusterFolder(s.Data))
}

func clusterFolder(data string) string { return filepath.Join(data, "cluster") }

// clusterRoutes are what the API has for a cluster.
func (s *server) clusterRoutes() (routes []api.ClusterRoute) {
	if s.crew == nil {
		return nil
	}
	for _, r := range s.crew.coordinator.Routes() {
		routes = append(routes, api.ClusterRoute(r))
	}
	return routes
}
