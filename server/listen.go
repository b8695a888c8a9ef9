package server

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

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
	s.encryption = config
	raw, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return nil, nil, "", cannotListen(s.Listen, "--listen", err)
	}
	guarded = limits.Guard(raw, s.Limits.Connections)
	if config == nil {
		return civil{guarded}, guarded, "http", nil
	}
	return civil{tls.NewListener(guarded, config)}, guarded, "https", nil
}

// cannotListen is the error of an address that cannot be had, by the flag that gave it.
func cannotListen(address, flag string, err error) error {
	var wrong *net.AddrError
	var unknown *net.DNSError
	switch {
	case errors.As(err, &wrong), errors.As(err, &unknown):
		return fault.New(fault.Usage, "%s %s is no address to listen on: give HOST:PORT of this machine, with a port up to 65535: %w", flag, address, err)
	case errors.Is(err, syscall.EADDRINUSE):
		return fault.New(fault.Unavailable, "cannot listen on %s: another program does: end it, or give another %s", address, flag)
	case errors.Is(err, fs.ErrPermission):
		return fault.New(fault.Unavailable, "cannot listen on %s: ports below 1024 need rights: give another %s, or let a proxy have it", address, flag)
	}
	return fault.New(fault.Unavailable, "cannot listen on %s: give another %s: %w", address, flag, err)
}

// tls gives the server's certificate: the one that is named, one of its own where there are tokens, or none. It notes the names in it.
func (s *server) tls() (*tls.Config, error) {
	if host, _, err := net.SplitHostPort(s.Listen); err == nil && net.ParseIP(host) == nil && host != "" {
		s.certified = []string{host}
	}
	certFile, keyFile := s.Certificate, s.PrivateKey
	if certFile == "" {
		if s.tokens == nil || s.PlainHTTP {
			if s.tokens != nil {
				s.Log.Warn("tokens are sent unencrypted: only behind a proxy that encrypts")
			}
			return nil, nil
		}
		host, _, _ := net.SplitHostPort(s.Listen) // was checked
		_, fingerprint, err := tokens.Certificate(filepath.Join(s.Data, "tls"), append([]string{host}, s.names()...))
		if err != nil {
			return nil, err
		}
		s.Log.Info("own certificate", "sha256", fingerprint.String())
		s.fingerprint = fingerprint.String()
		certFile, keyFile = ownCertificate(s.Data)
	}
	certificate, err := openRenewed(certFile, keyFile, s.Log)
	if err != nil {
		return nil, err
	}
	for _, name := range certificate.pair.Leaf.DNSNames {
		if !strings.Contains(name, "*") { // which stands for many hosts of others
			s.certified = append(s.certified, name)
		}
	}
	return &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate.get(time.Now()), nil },
		MinVersion:     tls.VersionTLS12, NextProtos: []string{"http/1.1"},
	}, nil
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

// plainAnswer is what a client gets that speaks HTTP to a server that speaks TLS.
const plainAnswer = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\nThis server is encrypted: its address begins with https://\n"

// Read implements net.Conn.
func (c civilConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	var other tls.RecordHeaderError
	if errors.As(err, &other) && other.Conn != nil && slices.Contains([]string{"GET /", "POST ", "PUT /", "HEAD ", "DELET"}, string(other.RecordHeader[:])) {
		_ = other.Conn.SetWriteDeadline(time.Now().Add(answerTime))
		_, _ = io.WriteString(other.Conn, plainAnswer) // who does not listen any more is not told
	}
	return n, err
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
