package queue

import "fmt"

// Outside is a nats-server elsewhere, as a coordinator wants it.
type Outside struct {
	Listen   string // HOST:PORT
	Folder   string // of its store
	CertFile string // of its certificate, as PEM; "": without, for this machine only
	KeyFile  string

	User, Password string // the coordinator's
	Issuer         string // the public key
	Workers        int    // at most
}

// Config gives the configuration of such a server, 2.10 or later. It holds the coordinator's password.
func (o Outside) Config() string {
	tls := ""
	if o.CertFile != "" {
		tls = fmt.Sprintf(`
tls {
  cert_file: %q
  key_file: %q
  timeout: 5
  handshake_first: true
}
`, o.CertFile, o.KeyFile)
	}
	return fmt.Sprintf(`# A nats-server 2.10 or later for classsr serve. It has the coordinator's password: keep it private.
server_name: classsr
listen: %q
%s
max_payload: %d
max_control_line: %d
max_connections: %d
max_subscriptions: 64
ping_interval: "10s"
ping_max: 2

jetstream {
  store_dir: %q
  max_memory_store: %d
  max_file_store: %d
  sync_interval: always   # what was acknowledged is on disk
}

accounts {
  %s {
    jetstream: enabled
    users: [ { user: %q, password: %q } ]
  }
}

# Who else comes in, and what they may do, is answered by the coordinator, who signs it.
authorization {
  timeout: 5
  auth_callout {
    issuer: %s
    account: %s
    auth_users: [ %q ]
  }
}
`, o.Listen, tls, MostPayload, MostLine, Connections(o.Workers), o.Folder, MostMemory, MostStore, Account, o.User, o.Password, o.Issuer, Account, o.User)
}
