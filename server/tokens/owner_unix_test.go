//go:build unix

package tokens

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What the administrator writes stays readable for the server's user.
func TestOwnersAreKept(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	const user = 65532
	folder := t.TempDir()
	if err := os.Chown(folder, user, user); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "tokens")
	for _, name := range []string{"new", "changed"} {
		if _, err := Add(path, Token{Name: name}); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != user || owner.Gid != user || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: user %d, group %d, mode %v", name, owner.Uid, owner.Gid, info.Mode())
		}
		if err := os.Chown(folder, 0, 0); err != nil { // from now on the file says it
			t.Fatal(err)
		}
	}
	if err := os.Chown(folder, user, user); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Certificate(filepath.Join(folder, "tls"), nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tls", "tls/cert.pem", "tls/key.pem"} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != user || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: user %d, mode %v", name, owner.Uid, info.Mode())
		}
	}
}

// What the owner of the folder put in place of what was written is not given away.
func TestLinksAreNotGivenAway(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	folder := t.TempDir()
	precious := filepath.Join(folder, "precious")
	if err := os.WriteFile(precious, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, link := range map[string]func(string, string) error{"hard": os.Link, "soft": os.Symlink} {
		path := filepath.Join(folder, name)
		if err := link(precious, path); err != nil {
			t.Fatal(err)
		}
		if err := giveAway(path, 65532, 65532); err == nil {
			t.Errorf("a %s link is followed", name)
		}
	}
	if info, err := os.Stat(precious); err != nil || info.Sys().(*syscall.Stat_t).Uid != 0 {
		t.Errorf("%v %v", info, err)
	}
}
