package server

import (
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"classsr/fault"
	"classsr/server/tokens"
)

// A server for other machines is reached by its address in numbers, by the names it was given and by those of its certificate, and by no others.
func TestServerForOtherMachines(t *testing.T) {
	c := config(t, io.Discard)
	c.Listen, c.TokenFile, c.Hosts = "0.0.0.0:0", filepath.Join(t.TempDir(), "tokens"), []string{"named.example", "mapped.example:443"}
	if _, err := tokens.Add(c.TokenFile, tokens.Token{Name: "one"}); err != nil {
		t.Fatal(err)
	}
	_, mark, err := tokens.Certificate(filepath.Join(c.Data, "tls"), []string{"studio.local"})
	if err != nil {
		t.Fatal(err)
	}
	running(t, c, func(url string) {
		host, port, err := net.SplitHostPort(strings.TrimPrefix(url, "https://"))
		if err != nil || host != "127.0.0.1" {
			t.Errorf("the address %s cannot be opened: %v", url, err)
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: tokens.Join{Fingerprint: mark}.TLS(), DisableKeepAlives: true}}
		for name, want := range map[string]int{
			"127.0.0.1:" + port: 200, "192.168.1.5:" + port: 200, "localhost:" + port: 200, "named.example:" + port: 200, "studio.local:" + port: 200, "mapped.example:" + port: 200,
			"mapped.example": 200, "mapped.example:443": 200, "named.example": 403, "evil.example:" + port: 403, "studio.local:1": 403,
		} {
			r, err := http.NewRequestWithContext(t.Context(), "GET", url+"/readyz", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = name
			answer, err := client.Do(r)
			if err != nil {
				t.Error(err)
				continue
			}
			_ = answer.Body.Close()
			if answer.StatusCode != want {
				t.Errorf("%s: %d, not %d", name, answer.StatusCode, want)
			}
		}
		status, text := ask(t, "GET", "http://127.0.0.1:"+port+"/", "", nil)
		if status != 400 || !strings.Contains(text, "begins with https://") {
			t.Errorf("without TLS: %d %q", status, text)
		}
		if conn, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil { //nolint:gosec // it must be refused
			_ = conn.Close()
			t.Error("TLS 1.1 is spoken")
		}
	})
}

func TestHostsAreChecked(t *testing.T) {
	for _, host := range []string{"http://studio.local", "studio.local/", "a b", "", ":443", "*.studio.local", "x@studio.local", "studio.local:http", "studio.local:"} {
		c := config(t, io.Discard)
		c.Hosts = []string{host}
		if err := c.check(); fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), "--host") {
			t.Errorf("%q: %v", host, err)
		}
	}
	c := config(t, io.Discard)
	c.Hosts, c.PlainHTTP = []string{"studio.local", "studio.local:8443", "192.168.1.5:443", "[2001:db8::5]:443"}, true
	if err := c.check(); err != nil {
		t.Error(err)
	}
	s := &server{Config: c}
	names := s.knownAs("127.0.0.1:8080")
	for _, want := range []string{"studio.local:8080", "studio.local:8443", "studio.local", "192.168.1.5", "[2001:db8::5]", "[2001:db8::5]:8080"} {
		if !slices.Contains(names.Hosts, want) || !slices.Contains(names.Pages, want) || names.Port != "8080" {
			t.Errorf("%s is not among %+v", want, names)
		}
	}
	s.certified = []string{"shared.local"}
	if names := s.knownAs("127.0.0.1:8080"); !slices.Contains(names.Hosts, "shared.local:8080") || slices.Contains(names.Pages, "shared.local:8080") {
		t.Errorf("with a name in the certificate: %+v", names)
	}
}

func TestAddressesThatCannotBeHad(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for address, want := range map[string]fault.Kind{
		taken.Addr().String(): fault.Unavailable, "127.0.0.1:99999": fault.Usage, "127.0.0.1:nothing": fault.Usage, "127.0.0.77.1:80": fault.Usage,
	} {
		c := config(t, io.Discard)
		c.Listen, c.Log = address, slog.New(slog.DiscardHandler)
		if strings.HasPrefix(address, "127.0.0.77") {
			c.TokenFile, c.PlainHTTP = filepath.Join(t.TempDir(), "tokens"), true
			if _, err := tokens.Add(c.TokenFile, tokens.Token{Name: "one"}); err != nil {
				t.Fatal(err)
			}
		}
		err := Run(t.Context(), c, func([]string) { t.Error("it listens") })
		if fault.KindOf(err) != want || !strings.Contains(fmt.Sprint(err), "give ") || !strings.Contains(err.Error(), address) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
