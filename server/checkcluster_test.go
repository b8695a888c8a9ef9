package server

import (
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"classsr/cluster/queue"
	"classsr/cluster/queue/embedded"
	"classsr/server/tokens"
)

func TestCheckOfACluster(t *testing.T) {
	c := config(t, io.Discard)
	for _, one := range Check(c) {
		if strings.Contains(one.Name, "cluster") {
			t.Errorf("without a cluster: %+v", one)
		}
	}
	c.Cluster = &Cluster{Listen: "127.0.0.1:0"}
	before := c.Data
	expect(t, found(t, c, "cluster address"), OK, "is free")
	expect(t, found(t, c, "cluster key"), OK, "is made when the server starts")
	expect(t, found(t, c, "workers' tokens"), OK, "need none")
	if _, err := os.Stat(before); err == nil {
		t.Error("the folder was made")
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	c.Cluster.Listen = l.Addr().String()
	expect(t, found(t, c, "cluster address"), Fail, "is in use")

	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := queue.OpenIssuer(ClusterKey(c.Data)); err != nil {
		t.Fatal(err)
	}
	expect(t, found(t, c, "cluster key"), OK, "can be read")
	if runtime.GOOS != "windows" {
		if err := os.Chmod(ClusterKey(c.Data), 0o644); err != nil {
			t.Fatal(err)
		}
		expect(t, found(t, c, "cluster key"), Warn, "others on this machine may read")
	}
	if err := os.WriteFile(ClusterKey(c.Data), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, found(t, c, "cluster key"), Fail, "does not hold the key")

	c.TokenFile = filepath.Join(t.TempDir(), "tokens")
	for _, scopes := range [][]string{{tokens.ScopeJobs}, {tokens.ScopeWorker}} {
		if _, err := tokens.Add(c.TokenFile, tokens.Token{Name: "of-" + scopes[0], Scopes: scopes}); err != nil {
			t.Fatal(err)
		}
		if f := found(t, c, "workers' tokens"); (f.Level == OK) != (scopes[0] == tokens.ScopeWorker) {
			t.Errorf("%+v", f)
		}
	}
}

func TestCheckOfANATSServer(t *testing.T) {
	c := config(t, io.Discard)
	c.Cluster = &Cluster{NATS: "nats://127.0.0.1:1", User: "coordinator", Password: "secret"}
	expect(t, found(t, c, "cluster key"), Fail, "is not there")
	expect(t, found(t, c, "nats-server"), Fail, "cannot connect")
	c.Cluster.NATS = "nats://example.org:1"
	expect(t, found(t, c, "nats-server"), Fail, "has to be encrypted")
	c.Cluster.NATS, c.Cluster.SHA256 = "tls://127.0.0.1:1", "nonsense"
	expect(t, found(t, c, "nats-server"), Fail, "--cluster-nats-sha256")
	issuer, err := queue.NewIssuer()
	if err != nil {
		t.Fatal(err)
	}
	s, err := embedded.Start(embedded.Options{
		Listen: "127.0.0.1:0", Folder: t.TempDir(), User: "coordinator", Password: "secret", Issuer: issuer, Workers: 1, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	c.Cluster.NATS, c.Cluster.SHA256 = s.URL("127.0.0.1"), ""
	expect(t, found(t, c, "nats-server"), OK, "lets the server in")
	c.Cluster.Password = "another"
	expect(t, found(t, c, "nats-server"), Fail, "Authorization")
}
