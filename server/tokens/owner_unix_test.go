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
}
