package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"classsr/imageio"
	"classsr/picture"
)

// What interrupt.txtar tests on Unix: Ctrl-Break, which unlike Ctrl-C can be sent to one program alone, stops the work and leaves nothing behind.
func TestInterruptOnWindows(t *testing.T) {
	folder := t.TempDir()
	in, out := filepath.Join(folder, "big.png"), filepath.Join(folder, "out")
	var b bytes.Buffer
	if err := imageio.Encode(&b, picture.New(2400, 2000, 3, false, 8), imageio.PNG, imageio.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("classsr", "upscale", "--mode", "full", "-o", out+"/", in)
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }() // it has ended, unless the test fails
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if files, _ := os.ReadDir(out); len(files) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not begin")
		}
	}
	if err := windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(cmd.Process.Pid)); err != nil {
		t.Skip("there is no console through which a program could be interrupted:", err)
	}
	sent := time.Now()
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(said.String(), "classsr: interrupted") {
		t.Errorf("it ended with %v and said %q", err, said.String())
	}
	if took := time.Since(sent); took > 5*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	if files, _ := os.ReadDir(out); len(files) != 0 {
		t.Errorf("it left %v", files)
	}
}
