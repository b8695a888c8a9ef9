package server

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"classsr/budget"
	"classsr/fault"
	"classsr/server/tokens"
)

// What keeps a server from starting is said as it is, with what to do.
func TestRefusesToStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	locked, inWay := filepath.Join(t.TempDir(), "locked"), filepath.Join(t.TempDir(), "in the way")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.MkdirAll(filepath.Join(inWay, "lock"), 0o700)); err != nil {
		t.Fatal(err)
	}
	c := config(t, io.Discard)
	c.Data = locked
	running(t, c, func(string) {
		for name, one := range map[string]struct {
			change func(*Config)
			kind   fault.Kind
			want   []string
		}{
			"a folder that another uses":   {func(c *Config) { c.Data = locked }, fault.Busy, []string{"another server uses " + locked, "--data"}},
			"a folder that is a file":      {func(c *Config) { c.Data = file }, "", []string{"cannot make the folder " + file, "--data"}},
			"something in the lock's way":  {func(c *Config) { c.Data = inWay }, "", []string{"cannot use the folder", "remove it"}},
			"a token file that is not":     {func(c *Config) { c.TokenFile = file + "s" }, fault.Usage, []string{file + "s", "classsr token new"}},
			"hardly any memory":            {func(c *Config) { c.Budget = budget.New(3, 1) }, fault.Usage, []string{"--memory 3 B", "at least"}},
			"a certificate and plain HTTP": {func(c *Config) { c.Certificate, c.PrivateKey, c.PlainHTTP = "a", "b", true }, fault.Usage, []string{"--plain-http", "--tls-cert"}},
			"a certificate that is none":   {func(c *Config) { c.Certificate, c.PrivateKey = file, file }, fault.Usage, []string{file}},
		} {
			c := config(t, io.Discard)
			one.change(&c)
			err := Run(t.Context(), c, func([]string) { t.Errorf("%s: it listens", name) })
			if err == nil || one.kind != "" && fault.KindOf(err) != one.kind {
				t.Errorf("%s: %v, of kind %s", name, err, fault.KindOf(err))
				continue
			}
			for _, want := range one.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %q is not in: %v", name, want, err)
				}
			}
			if strings.Contains(err.Error(), "another server") != (one.kind == fault.Busy) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// A token that is removed while the server runs is let in no more, nor are its sessions; a new one is.
func TestTokensChangeWhileTheServerRuns(t *testing.T) {
	c := config(t, io.Discard)
	c.TokenFile, c.PlainHTTP = filepath.Join(t.TempDir(), "tokens"), true
	add := func(name string) string {
		secret, err := tokens.Add(c.TokenFile, tokens.Token{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	old, stays := add("old"), add("stays")
	running(t, c, func(url string) {
		status := func(secret string) int {
			status, _ := ask(t, "GET", url+"/v1/jobs", secret, nil)
			return status
		}
		if status(old) != 200 {
			t.Error("the token is not let in")
		}
		if err := tokens.Remove(c.TokenFile, "old"); err != nil {
			t.Error(err)
		}
		late := add("late")
		for status(old) != 401 || status(late) != 200 { // two seconds at most; go test ends it if that never comes
		}
		if status(stays) != 200 {
			t.Error("another token is not let in any more")
		}
	})
}
