package embedded

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"classsr/cluster/queue"
	"classsr/server/tokens"
)

// The configuration that is printed for a server elsewhere says what the server within is told.
func TestConfigSaysTheSame(t *testing.T) {
	issuer, err := queue.NewIssuer()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	certificate, _, err := tokens.Certificate(folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	const password = `a "secret" \ $HOME`
	for _, encrypted := range []bool{false, true} {
		o := Options{Folder: filepath.Join(folder, "store"), User: "coordinator", Password: password, Issuer: issuer, Workers: 20}
		out := queue.Outside{Listen: "127.0.0.1:4222", Folder: o.Folder, User: o.User, Password: o.Password, Issuer: issuer.Public(), Workers: o.Workers}
		if encrypted {
			o.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
			out.CertFile, out.KeyFile = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
		}
		file := filepath.Join(folder, "nats.conf")
		if err := os.WriteFile(file, []byte(out.Config()), 0o600); err != nil {
			t.Fatal(err)
		}
		said, err := server.ProcessConfigFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := options(o, "127.0.0.1", 4222)
		for _, field := range []string{
			"ServerName", "Host", "Port", "JetStream", "StoreDir", "SyncAlways", "JetStreamMaxMemory", "JetStreamMaxStore", "MaxPayload", "MaxControlLine",
			"MaxConn", "MaxSubs", "TLSHandshakeFirst", "AuthTimeout", "PingInterval", "MaxPingsOut", "AuthCallout",
		} {
			of := func(o *server.Options) any { return reflect.ValueOf(o).Elem().FieldByName(field).Interface() }
			if !reflect.DeepEqual(of(said), of(want)) {
				t.Errorf("%s is %v, not %v", field, of(said), of(want))
			}
		}
		if encrypted && (said.TLSConfig == nil || len(said.TLSConfig.Certificates) != 1 || said.TLSTimeout != want.TLSTimeout) {
			t.Error("the certificate is another")
		}
		if len(said.Users) != 1 || said.Users[0].Username != o.User || said.Users[0].Password != password || said.Users[0].Account.Name != queue.Account {
			t.Errorf("users %+v", said.Users)
		}
	}
}
