// Package client speaks to a server that `classsr serve` started: it has pictures enlarged there.
//
//	c, err := client.New("http://127.0.0.1:8080", client.Options{})
//	job, err := c.Submit(ctx, file, "photo.jpg", map[string]string{"scale": "4"})
//	job, err = c.Wait(ctx, job.ID, nil)
//	err = c.Result(ctx, job.ID, out)
//
// Calls try again by themselves when the server is busy, ends, or the connection breaks. A job is submitted once even so. Errors have the kinds of package
// fault that the server gives them, and hold an *Error where the server answered.
package client

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"classsr/fault"
)

// Options say how to speak to a server. The zero value is for one on this machine.
type Options struct {
	// Token is the secret that `classsr token new` printed; "" where the server needs none. It is sent as it is: use https outside this machine.
	Token string
	// Fingerprint is the SHA-256 of the server's certificate, 64 hexadecimal digits, colons between them do not matter. With it exactly this certificate is
	// accepted, without it those that the system trusts.
	Fingerprint string
	// HTTP sends the requests, in place of a client of its own; it does not go together with Fingerprint.
	HTTP *http.Client
	// Patience is how long a call waits at most, all its waits together, for a server that is busy or not there; 0 stands for 5 minutes, less than
	// 0 means that nothing is tried again.
	Patience time.Duration
}

// Patience is that of clients of which nothing else is said.
const Patience = 5 * time.Minute

// Client speaks to one server. It may be used by several goroutines at a time.
type Client struct {
	base     *url.URL
	token    string
	http     *http.Client
	patience time.Duration
	// sleep waits, or returns ctx's error before; tests replace it.
	sleep func(ctx context.Context, d time.Duration) error
}

// New makes a client of the server at a URL, as http://127.0.0.1:8080. Nothing is sent yet. Errors are of kind fault.Usage.
func New(address string, o Options) (*Client, error) {
	base, err := url.Parse(address)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, fault.New(fault.Usage, "that is no address of a server: give one as http://127.0.0.1:8080 or https://HOST:PORT")
	}
	if strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, fault.New(fault.Usage, "the token has characters that none has: give it as `classsr token new` printed it")
	}
	c := &Client{base: base, token: o.Token, http: o.HTTP, patience: cmp.Or(o.Patience, Patience), sleep: sleep}
	switch {
	case o.Fingerprint != "" && o.HTTP != nil:
		return nil, fault.New(fault.Usage, "Fingerprint and HTTP do not go together: whoever sends the requests checks the certificate")
	case o.Fingerprint != "" && base.Scheme != "https":
		return nil, fault.New(fault.Usage, "Fingerprint is that of a certificate: it needs an address with https")
	case o.HTTP == nil:
		check, err := certificate(o.Fingerprint)
		if err != nil {
			return nil, err
		}
		c.http = newHTTP(check)
	}
	return c, nil
}

// Join makes a client of what `classsr token new` printed for another machine: classsr://HOST:PORT/#token=...&sha256=... Errors are of kind fault.Usage
// and do not repeat the text, which holds a secret.
func Join(text string) (*Client, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "classsr" || u.User != nil || u.RawQuery != "" || u.Path != "" && u.Path != "/" || u.Hostname() == "" || !isPort(u.Port()) {
		return nil, fault.New(fault.Usage, "it does not look like classsr://HOST:PORT/#token=...&sha256=..., which `classsr token new` prints")
	}
	parts, err := url.ParseQuery(u.EscapedFragment())
	if err != nil || len(parts["token"]) != 1 || parts.Get("token") == "" || len(parts["sha256"]) > 1 || len(parts) != 1+len(parts["sha256"]) {
		return nil, fault.New(fault.Usage, "behind # it needs token=... and at most sha256=..., each once")
	}
	if parts.Has("sha256") && parts.Get("sha256") == "" {
		return nil, fault.New(fault.Usage, "its sha256 is empty")
	}
	return New("https://"+u.Host, Options{Token: parts.Get("token"), Fingerprint: parts.Get("sha256")})
}

// WithPatience gives a client of the same server with another patience, as of Options.
func (c *Client) WithPatience(patience time.Duration) *Client {
	other := *c
	other.patience = cmp.Or(patience, Patience)
	return &other
}

// isPort tells whether a text is the number of a port that can be connected to.
func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// Bounds of connections.
const (
	dialTime      = 10 * time.Second
	handshakeTime = 10 * time.Second
	keepAlive     = 15 * time.Second
	expectTime    = time.Second // for leave to send a picture
	idleTime      = 50 * time.Second
)

// newHTTP makes what sends the requests. Redirects are not followed: the server sends none, and the token is for nobody else.
func newHTTP(check *tls.Config) *http.Client {
	dialer := &net.Dialer{Timeout: dialTime, KeepAlive: keepAlive}
	return &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSClientConfig: check, TLSHandshakeTimeout: handshakeTime,
			ExpectContinueTimeout: expectTime, IdleConnTimeout: idleTime, DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// certificate accepts exactly the certificate with a fingerprint, or those that the system trusts if it is "".
func certificate(fingerprint string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if fingerprint == "" {
		return c, nil
	}
	want, err := hex.DecodeString(strings.ReplaceAll(fingerprint, ":", ""))
	if err != nil || len(want) != sha256.Size {
		return nil, fault.New(fault.Usage, "the fingerprint is no SHA-256 of a certificate: 64 hexadecimal digits")
	}
	c.InsecureSkipVerify = true // what VerifyConnection does is stricter
	c.VerifyConnection = func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) == 0 || sha256.Sum256(s.PeerCertificates[0].Raw) != [sha256.Size]byte(want) {
			return &tls.CertificateVerificationError{
				UnverifiedCertificates: s.PeerCertificates,
				Err:                    fault.New(fault.Unauthorized, "the server has another certificate than the fingerprint says: it may not be the right one"),
			}
		}
		return nil
	}
	return c, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
