package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal gives a terminal with so many columns, which nobody reads.
func openTerminal(t *testing.T, columns uint16) *os.File {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this system gives no terminals: %v", err)
	}
	t.Cleanup(func() { _ = master.Close() }) // nothing was written that counts
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() }) // as above
	if err := unix.IoctlSetWinsize(int(f.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: 24}); err != nil {
		t.Fatal(err)
	}
	return f
}

// The doctor looks at the terminal that progress is drawn on.
func TestDoctorOnATerminal(t *testing.T) {
	t.Setenv("LC_ALL", "C.UTF-8")
	for columns, want := range map[uint16]string{132: "ok    terminal: 132 columns, UTF-8; a bar", 30: "warn  terminal: 30 columns", 0: "warn  terminal: a width that it does not tell"} {
		f := openTerminal(t, columns)
		if p := newProgress(streams{err: f}, false); p.width == nil || columns > 0 && p.width() != int(columns) {
			t.Errorf("progress is not drawn %d columns wide", columns)
		}
		var out bytes.Buffer
		code := Run(t.Context(), []string{"doctor", "--listen", "127.0.0.1:0", "--data", t.TempDir() + "/data", "--memory", "200MB"}, strings.NewReader(""), &out, f)
		if code != exitDone || !strings.Contains(out.String(), "\n"+want) {
			t.Errorf("exit code %d, want %q: %s", code, want, out.String())
		}
	}
}
