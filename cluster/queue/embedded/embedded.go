// Package embedded is a nats-server within the process, for a coordinator that needs no other.
package embedded

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"classsr/cluster/queue"
	"classsr/fault"
)

// Options are how a server is started.
type Options struct {
	Listen string // HOST:PORT; port 0: any
	// Folder is where units are kept that were given and are not over. What an earlier server left in it is removed: the coordinator, which knows all that
	// matters, gives it again, and a store that was damaged is in nobody's way.
	Folder string
	TLS    *tls.Config // nil: without, for this machine only

	User, Password string // the coordinator's
	Issuer         *queue.Issuer
	Workers        int // at most
	Log            *slog.Logger
}

// Server is a nats-server that runs.
type Server struct {
	server *server.Server
	tls    bool
}

// patience is how long a server may take to begin.
const patience = 10 * time.Second

// Start starts a server. It takes no signals, has no other ports than this one, and is for a coordinator and its workers only. Errors are of kind fault.Usage if
// the address is none, else mostly fault.Unavailable.
func Start(o Options) (*Server, error) {
	host, port, err := split(o.Listen)
	if err != nil {
		return nil, err
	}
	if err := empty(o.Folder); err != nil {
		return nil, fault.New(fault.Unavailable, "the folder of the nats-server cannot be used: %w", err)
	}
	log := &logger{log: o.Log, fatal: make(chan string, 1)}
	s, err := start(options(o, host, port), log)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "cannot start a nats-server at %s with its store in %s: %w", o.Listen, o.Folder, err)
	}
	return &Server{s, o.TLS != nil}, nil
}

func split(listen string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(listen)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fault.New(fault.Usage, "%q is no address to listen at: it has to be like 0.0.0.0:4222", listen)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, nil
}

// empty makes the folder, without what a server has left there.
func empty(folder string) error {
	if err := os.RemoveAll(filepath.Join(folder, server.JetStreamStoreDir)); err != nil {
		return err
	}
	return os.MkdirAll(folder, 0o700)
}

// options are the same as those that queue.Outside has for a server elsewhere.
func options(o Options, host string, port int) *server.Options {
	account := server.NewAccount(queue.Account)
	return &server.Options{
		ServerName: "classsr", Host: host, Port: port, NoSigs: true, NoSystemAccount: true,
		JetStream: true, StoreDir: o.Folder, SyncAlways: true, JetStreamMaxMemory: queue.MostMemory, JetStreamMaxStore: queue.MostStore,
		MaxPayload: queue.MostPayload, MaxControlLine: queue.MostLine, MaxConn: queue.Connections(o.Workers), MaxSubs: 64,
		TLS: o.TLS != nil, TLSConfig: o.TLS, TLSHandshakeFirst: o.TLS != nil, TLSTimeout: 5, AuthTimeout: 5, PingInterval: 10 * time.Second, MaxPingsOut: 2,
		Accounts:    []*server.Account{account},
		Users:       []*server.User{{Username: o.User, Password: o.Password, Account: account}},
		AuthCallout: &server.AuthCallout{Issuer: o.Issuer.Public(), Account: queue.Account, AuthUsers: []string{o.User}},
	}
}

func start(o *server.Options, log *logger) (*server.Server, error) {
	s, err := server.NewServer(o)
	if err != nil {
		return nil, err
	}
	s.SetLoggerV2(log, false, false, false)
	s.Start()
	if err := ready(s, log); err != nil {
		stop(s)
		return nil, err
	}
	return s, nil
}

// ready waits until the server can be used.
func ready(s *server.Server, log *logger) error {
	for until := time.Now().Add(patience); !s.ReadyForConnections(50 * time.Millisecond); {
		select {
		case text := <-log.fatal:
			return fmt.Errorf("%s", text)
		default:
		}
		if time.Now().After(until) {
			return fmt.Errorf("it is not ready after %v", patience)
		}
	}
	account, err := s.LookupAccount(queue.Account)
	if err != nil {
		return err
	}
	return account.EnableJetStream(nil, nil)
}

func stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// Stop ends the server and waits until it has ended.
func (s *Server) Stop() { stop(s.server) }

// InProcessConn gives a connection that needs no network; for queue.Options.
func (s *Server) InProcessConn() (net.Conn, error) { return s.server.InProcessConn() }

// Port is the one at which the server listens.
func (s *Server) Port() int { return s.server.Addr().(*net.TCPAddr).Port }

// URL is where workers find it, at a host.
func (s *Server) URL(host string) string {
	scheme := "nats"
	if s.tls {
		scheme = "tls"
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(s.Port()))
}
