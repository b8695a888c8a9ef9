package queue_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"classsr/cluster/queue"
	"classsr/fault"
)

func TestIssuerIsKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cluster.nk")
	first, err := queue.OpenIssuer(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	again, err := queue.OpenIssuer(file)
	if err != nil || again.Public() != first.Public() {
		t.Error(err)
	}
	other, err := queue.NewIssuer()
	if err != nil || other.Public() == first.Public() {
		t.Error(err)
	}
}

func TestIssuerIsDamaged(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cluster.nk")
	for _, text := range []string{
		"", "\n", "SAA", "no key",
		"SUAO3AOOYXI6CZ7CE6GNJ4AEQO7QVC6B6SVX2TNTLC2PWMO6Z4P5B4VWKE", // not even its check sum is right
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := queue.OpenIssuer(file); fault.KindOf(err) != fault.Usage {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := queue.OpenIssuer(filepath.Join(t.TempDir(), "no", "folder")); err == nil {
		t.Error("kept where there is no folder")
	}
}
