package server

import (
	"crypto/tls"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"classsr/budget"
	"classsr/internal/filelock"
	"classsr/server/tokens"
)

// found is the finding of that name.
func found(t *testing.T, c Config, name string) Finding {
	t.Helper()
	for _, one := range Check(c) {
		if one.Level != OK && one.Do == "" {
			t.Errorf("%s does not say what to do: %+v", one.Name, one)
		}
		if one.Name == name {
			return one
		}
	}
	t.Fatalf("nothing is found about %s", name)
	return Finding{}
}

func expect(t *testing.T, got Finding, level Level, text string) {
	t.Helper()
	if got.Level != level || !strings.Contains(got.Text, text) {
		t.Errorf("%+v, want %s with %q", got, level, text)
	}
}

// names lists everything in a folder.
func names(t *testing.T, folder string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestCheckOfWhatIsWell(t *testing.T) {
	c := config(t, io.Discard)
	running(t, c, func(string) {})
	before := names(t, c.Data)
	for _, one := range Check(c) {
		if one.Level == Fail || one.Level == Warn && !slices.Contains([]string{"disk", "kernels", "open files"}, one.Name) { // which are the machine's
			t.Errorf("%+v", one)
		}
	}
	if after := names(t, c.Data); !slices.Equal(before, after) {
		t.Errorf("before %v, after %v", before, after)
	}
}

func TestCheckOfTheFolder(t *testing.T) {
	c := config(t, io.Discard)
	expect(t, found(t, c, "data folder"), OK, "is made when the server starts")
	if _, err := os.Stat(c.Data); err == nil {
		t.Error("the folder was made")
	}
	if err := os.MkdirAll(c.Data, 0o755); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		expect(t, found(t, c, "data folder"), Warn, "others on this machine")
	}
	unlock, err := filelock.Take(filepath.Join(c.Data, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, found(t, c, "data folder"), Warn, "a server uses")
	expect(t, found(t, c, "table of jobs"), OK, "the server that runs")
	unlock()
	if err := os.WriteFile(filepath.Join(c.Data, "jobs.db"), make([]byte, 10000), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, found(t, c, "table of jobs"), Warn, "damaged")
	if err := os.Remove(filepath.Join(c.Data, "jobs.db")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.Data, "jobs.db.broken-1"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, found(t, c, "table of jobs"), Warn, "damaged before")
	c.Data = filepath.Join(c.Data, "jobs.db.broken-1")
	expect(t, found(t, c, "data folder"), Fail, "is no folder")
	if os.Getuid() > 0 { // root may write everywhere
		c.Data = filepath.Join(t.TempDir(), "closed")
		if err := os.Mkdir(c.Data, 0o500); err != nil {
			t.Fatal(err)
		}
		expect(t, found(t, c, "data folder"), Fail, "permission denied")
	}
}

func TestCheckOfAddresses(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	c := config(t, io.Discard)
	c.Listen, c.Metrics = other.Addr().String(), other.Addr().String()
	if runtime.GOOS != "windows" { // which has another number for it
		expect(t, found(t, c, "address"), Fail, "in use")
		expect(t, found(t, c, "metrics"), Fail, "in use")
	}
	c.Listen = "127.0.0.1:99999"
	expect(t, found(t, c, "address"), Fail, "cannot listen")
	c.Listen = "nowhere"
	expect(t, found(t, c, "configuration"), Fail, "no address")
}

func TestCheckOfTheMachine(t *testing.T) {
	c := config(t, io.Discard)
	c.Budget = budget.New(1<<60, 1)
	expect(t, found(t, c, "memory"), Fail, "allowed by")
	c.Budget = budget.New(64<<20, 1)
	expect(t, found(t, c, "memory"), Warn, "67 MB for pictures")
	if _, known := openFiles(); known {
		c.Limits.Connections = 1 << 40
		expect(t, found(t, c, "open files"), Warn, "may be open")
	}
	d := &doctor{Config: c, now: earliest.Add(-time.Hour)}
	expect(t, d.clock(), Fail, "2026-10-31")
	c.Limits.MaxDisk = 1 << 60
	if got := found(t, c, "disk"); got.Level == OK && !strings.Contains(got.Text, "does not tell") {
		t.Errorf("a --max-disk larger than the disk: %+v", got)
	}
}

func TestCheckOfTokens(t *testing.T) {
	c := config(t, io.Discard)
	expect(t, found(t, c, "tokens"), OK, "none")
	c.TokenFile = filepath.Join(t.TempDir(), "tokens")
	expect(t, found(t, c, "tokens"), Fail, "cannot read the tokens")
	now := time.Now()
	add := func(name string, expires time.Time) {
		t.Helper()
		if _, err := tokens.Add(c.TokenFile, tokens.Token{Name: name, Expires: expires}); err != nil {
			t.Fatal(err)
		}
	}
	add("old", now.AddDate(0, 0, -10))
	expect(t, found(t, c, "tokens"), Warn, "lets nobody in")
	add("new", time.Time{})
	add("soon", now.AddDate(0, 0, 5))
	expect(t, found(t, c, "tokens"), Warn, "expired: old; within two weeks: soon")
	if err := os.Remove(c.TokenFile); err != nil {
		t.Fatal(err)
	}
	add("new", time.Time{})
	expect(t, found(t, c, "tokens"), OK, "1 tokens")
	if runtime.GOOS == "windows" {
		return
	}
	if err := os.Chmod(c.TokenFile, 0o644); err != nil {
		t.Fatal(err)
	}
	expect(t, found(t, c, "tokens"), Warn, "others may read")
}

func TestCheckOfTheCertificate(t *testing.T) {
	c := config(t, io.Discard)
	expect(t, found(t, c, "certificate"), OK, "none is needed")
	c.TokenFile = filepath.Join(t.TempDir(), "tokens")
	expect(t, found(t, c, "certificate"), OK, "one is made")
	if _, _, err := tokens.Certificate(filepath.Join(c.Data, "tls"), []string{"studio.local"}); err != nil {
		t.Fatal(err)
	}
	c.Hosts = []string{"studio.local"}
	expect(t, found(t, c, "certificate"), OK, "SHA-256")
	c.Hosts = []string{"studio.local", "shed.local"}
	expect(t, found(t, c, "certificate"), Warn, "not for shed.local")
	d := &doctor{Config: c, now: time.Now().AddDate(11, 0, 0)}
	expect(t, d.certificate(), Fail, "has expired")
	d.now = time.Now().AddDate(9, 11, 25)
	expect(t, d.certificate(), Warn, "until")
	d.now = time.Now().AddDate(-1, 0, 0)
	expect(t, d.certificate(), Fail, "is not valid before")
	c.Certificate, c.PrivateKey = c.TokenFile, c.TokenFile
	expect(t, found(t, c, "certificate"), Fail, "no certificate")
	c.Certificate, c.PrivateKey, c.PlainHTTP = "", "", true
	expect(t, found(t, c, "certificate"), Warn, "--plain-http")
}

func TestReady(t *testing.T) {
	c := config(t, io.Discard)
	c.TokenFile = filepath.Join(t.TempDir(), "tokens")
	if _, err := tokens.Add(c.TokenFile, tokens.Token{Name: "one"}); err != nil {
		t.Fatal(err)
	}
	running(t, c, func(url string) {
		expect(t, Ready(t.Context(), c, url), OK, "takes work")
		other := c
		other.Data = t.TempDir()
		expect(t, Ready(t.Context(), other, url), Fail, "certificate")
		if _, _, err := tokens.Certificate(filepath.Join(other.Data, "tls"), nil); err != nil {
			t.Error(err)
		}
		expect(t, Ready(t.Context(), other, url), Fail, "another certificate")
	})
	for status, level := range map[int]Level{200: OK, 204: Fail, 302: Fail, 503: Fail} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/readyz" {
				t.Errorf("it asks %s", r.URL)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}))
		expect(t, Ready(t.Context(), c, s.URL+"/any/path"), level, s.URL)
		s.Close()
		expect(t, Ready(t.Context(), c, s.URL), Fail, "does not answer")
	}
	for _, url := range []string{"", "127.0.0.1:8080", "ftp://127.0.0.1", "http://", "http://%zz"} {
		expect(t, Ready(t.Context(), c, url), Fail, "")
	}
	var none *tls.Config
	if got := (Config{Data: t.TempDir()}).trust(""); got != none {
		t.Error("a certificate that is not there is trusted")
	}
}
