package server

import (
	"bytes"
	"crypto/tls"
	"net"
	"path/filepath"

	"classsr/fault"
	"classsr/server/limits"
	"classsr/server/tokens"
)

// listen opens the address, with TLS where others may reach it. Connections are guarded below TLS.
func (s *server) listen() (l net.Listener, guarded *limits.Guarded, scheme string, err error) {
	config, err := s.tls()
	if err != nil {
		return nil, nil, "", err
	}
	raw, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return nil, nil, "", fault.New(fault.Unavailable, "cannot listen on %s: %w", s.Listen, err)
	}
	guarded = limits.Guard(raw, s.Limits.Connections)
	if config == nil {
		return civil{guarded}, guarded, "http", nil
	}
	return civil{tls.NewListener(guarded, config)}, guarded, "https", nil
}

// tls gives the server's certificate: the one that is named, one of its own where there are tokens, or none.
func (s *server) tls() (*tls.Config, error) {
	var certificate tls.Certificate
	var err error
	switch {
	case s.Certificate != "":
		if certificate, err = tls.LoadX509KeyPair(s.Certificate, s.PrivateKey); err != nil {
			return nil, fault.New(fault.Usage, "cannot use %s and %s for TLS: %w", s.Certificate, s.PrivateKey, err)
		}
	case s.tokens == nil || s.PlainHTTP:
		if s.tokens != nil {
			s.Log.Warn("tokens are sent unencrypted: only behind a proxy that encrypts")
		}
		return nil, nil
	default:
		host, _, _ := net.SplitHostPort(s.Listen) // was checked
		var fingerprint tokens.Fingerprint
		certificate, fingerprint, err = tokens.Certificate(filepath.Join(s.Data, "tls"), append([]string{host}, s.Hosts...))
		if err != nil {
			return nil, err
		}
		s.Log.Info("own certificate", "sha256", fingerprint.String())
	}
	return &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}, nil
}

// civil makes refusals of net/http's own, which come before any handler, those of a request that is wrong: 501 and 505 would look like mistakes of the server's.
type civil struct{ net.Listener }

// Accept implements net.Listener.
func (c civil) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return civilConn{conn}, nil
}

type civilConn struct{ net.Conn }

// NetConn gives the connection below, as those of TLS do.
func (c civilConn) NetConn() net.Conn { return c.Conn }

// CloseWrite is for answers to requests whose bodies were not read to the end: the client is to see the answer.
func (c civilConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Write implements net.Conn.
func (c civilConn) Write(p []byte) (int, error) {
	for _, status := range []string{"HTTP/1.1 501 ", "HTTP/1.1 505 "} {
		if bytes.HasPrefix(p, []byte(status)) { // no handler sends them
			p = append([]byte("HTTP/1.1 400 "), p[len(status):]...)
		}
	}
	return c.Conn.Write(p)
}
