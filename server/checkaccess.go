package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"classsr/fault"
	"classsr/server/tokens"
)

const (
	soon        = 14 * 24 * time.Hour // before which something is renewed
	answerLimit = 5 * time.Second
)

func (d *doctor) tokens() Finding {
	if d.TokenFile == "" {
		return fine("none: everybody on this machine is the server's owner")
	}
	file, err := tokens.Open(d.TokenFile)
	if err != nil {
		return failing("correct the file; `classsr token new` makes one", "%v", err)
	}
	var told error
	file.Tell(func(err error) { told = err })
	if told != nil {
		return warning("chmod 600 it", "%v", told)
	}
	all := file.List()
	var over, ending []string
	for _, t := range all {
		switch {
		case t.Expires.IsZero():
		case !d.now.Before(t.Expires):
			over = append(over, t.Name)
		case t.Expires.Before(d.now.Add(soon)):
			ending = append(ending, t.Name)
		}
	}
	switch {
	case len(all) == len(over):
		return warning("`classsr token new NAME --token-file FILE` makes one", "%s lets nobody in: it has %d tokens, %d of them expired", d.TokenFile, len(all), len(over))
	case len(over)+len(ending) > 0:
		return warning("make new ones for those who need them, and remove the lines of the others", "%d tokens; expired: %s; within two weeks: %s", len(all), list(over), list(ending))
	}
	return fine("%d tokens", len(all))
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (d *doctor) certificate() Finding {
	certFile, keyFile := d.Certificate, d.PrivateKey
	switch {
	case certFile != "":
	case d.TokenFile == "":
		return fine("none is needed: only this machine reaches the server")
	case d.PlainHTTP:
		return warning("see that the server is reached by a proxy that encrypts", "none, because of --plain-http: tokens are sent as they are")
	default:
		certFile, keyFile = ownCertificate(d.Data)
		if _, err := os.Lstat(certFile); errors.Is(err, fs.ErrNotExist) {
			return fine("one is made when the server starts")
		}
	}
	pair, mark, err := tokens.Load(certFile, keyFile)
	if err != nil {
		return failing("give a certificate and its key as PEM, which the server's user may read", "%v", err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return failing("give another certificate", "%v", err)
	}
	return d.judge(leaf, mark)
}

// judge looks at the days and names of a certificate.
func (d *doctor) judge(leaf *x509.Certificate, mark tokens.Fingerprint) Finding {
	text := fmt.Sprintf("until %s, SHA-256 %s", leaf.NotAfter.UTC().Format(time.DateOnly), mark)
	names := d.names()
	if host, _, err := net.SplitHostPort(d.Listen); err == nil && host != "" && !net.ParseIP(host).IsUnspecified() && !loopback(host) {
		names = append(names[:len(names):len(names)], host)
	}
	var missing []string
	for _, name := range names {
		if leaf.VerifyHostname(name) != nil {
			missing = append(missing, name)
		}
	}
	const renew = "renew it: a server that runs reads the new files"
	switch {
	case d.now.After(leaf.NotAfter):
		return failing(renew, "it has expired: %s", text)
	case d.now.Before(leaf.NotBefore):
		return failing("set the clock, or wait", "it is not valid before %s", leaf.NotBefore.UTC().Format(time.RFC3339))
	case leaf.NotAfter.Before(d.now.Add(soon)):
		return warning(renew, "%s", text)
	case len(missing) > 0:
		return warning("clients that go by names refuse it there: use one that has them", "it is not for %s; %s", list(missing), text)
	}
	return fine("%s", text)
}

// ownCertificate names the files of the certificate that the server makes for itself.
func ownCertificate(data string) (certFile, keyFile string) {
	folder := filepath.Join(data, "tls")
	return filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
}

// Ready asks a running server at a URL, as http://127.0.0.1:8080, whether it takes work. Its certificate must be that of the configuration if there is one to
// be read, otherwise one that this machine trusts. It waits for five seconds at most.
func Ready(ctx context.Context, c Config, address string) Finding {
	f := ready(ctx, c, address)
	f.Name = "server"
	return f
}

func ready(ctx context.Context, c Config, address string) Finding {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return failing("give a URL, as http://127.0.0.1:8080", "%q is none", address)
	}
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.Scheme+"://"+u.Host+"/readyz", nil)
	if err != nil {
		return failing("give a URL, as http://127.0.0.1:8080", "%v", err)
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, TLSClientConfig: c.trust(u.Host)}, // and no proxy: it is the server itself that is asked
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(r)
	if err != nil {
		return failing("see whether it runs, and its log", "it does not answer: %v", err)
	}
	_ = answer.Body.Close() // the status tells all
	if answer.StatusCode != http.StatusOK {
		return failing("see its log", "%s answers %s", address, answer.Status)
	}
	return fine("%s takes work", address)
}

// trust knows the server by its certificate, where that can be read.
func (c Config) trust(host string) *tls.Config {
	certFile := c.Certificate
	if certFile == "" {
		certFile, _ = ownCertificate(c.Data)
	}
	mark, err := tokens.FingerprintOf(certFile)
	if fault.KindOf(err) == fault.Usage || mark == (tokens.Fingerprint{}) {
		return nil
	}
	return tokens.Join{Address: host, Fingerprint: mark}.TLS()
}
