package server

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"classsr/server/tokens"
)

// A certificate that was renewed is used without another start; one that cannot be read is not.
func TestRenewedCertificate(t *testing.T) {
	folder, other := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	_, first, err := tokens.Certificate(folder, []string{"studio.local"})
	if err != nil {
		t.Fatal(err)
	}
	_, second, err := tokens.Certificate(other, []string{"studio.local"})
	if err != nil {
		t.Fatal(err)
	}
	var log lines
	r, err := openRenewed(filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem"), slog.New(slog.NewJSONHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	copyOver := func(name string) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(other, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), text, 0o600)
		}
		if err == nil {
			now = now.Add(time.Minute)
			err = os.Chtimes(filepath.Join(folder, name), now, now)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	uses := func(when string, want tokens.Fingerprint) {
		t.Helper()
		now = now.Add(lookAgain)
		if got := tokens.FingerprintOfPair(r.get(now)); got != want {
			t.Errorf("%s: %s, not %s", when, got, want)
		}
	}
	uses("as it was", first)
	copyOver("cert.pem")
	uses("with a key that is not its own", first)
	uses("a moment later", first)
	if n := strings.Count(log.String(), "cannot be used"); n != 1 {
		t.Errorf("it is told %d times", n)
	}
	copyOver("key.pem")
	uses("with its key", second)
	if err := os.Remove(filepath.Join(folder, "cert.pem")); err != nil {
		t.Fatal(err)
	}
	uses("without a file", second)
}
