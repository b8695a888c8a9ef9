package gpu

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"classsr/fault"
	"classsr/gpu/link"
)

// HelperVariable is the environment variable with the path of the helper. If it is set and empty, there is none.
const HelperVariable = "CLASSSR_GPU"

// Find gives the path of the helper: what HelperVariable names, or classsr-gpu beside this program, or else in the PATH. An error of kind
// fault.NotFound says that there is none.
func Find() (string, error) {
	name := "classsr-gpu"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if path, set := os.LookupEnv(HelperVariable); set {
		if path == "" {
			return "", fault.New(fault.NotFound, "%s is empty, which rules out GPUs", HelperVariable)
		}
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return "", fault.New(fault.NotFound, "there is no GPU helper %s, which %s names", path, HelperVariable)
		case info.IsDir():
			return "", fault.New(fault.NotFound, "%s is a folder, and %s is to name the program %s in it", path, HelperVariable, name)
		}
		return path, nil
	}
	if own, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(own), name)
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return "", fault.New(fault.NotFound, "the program %s, which knows GPUs, is neither beside classsr nor in the PATH", name)
}

// lastWords keeps the beginning of what a helper says on its standard error: drivers fill that with warnings, and a crash with pages of which the first line tells
// enough.
type lastWords struct{ said []byte }

func (w *lastWords) Write(b []byte) (int, error) {
	const most = 4096
	w.said = append(w.said, b[:min(len(b), most-len(w.said))]...)
	return len(b), nil
}

// of is an error of a helper that has ended, with the line that says most about it.
func (w *lastWords) of(err error) error {
	lines := strings.FieldsFunc(string(w.said), func(r rune) bool { return r == '\n' || r == '\r' })
	if err == nil || len(lines) == 0 {
		return err
	}
	tells := func(line string) bool { // as Go says why it ends, and the helper itself
		return slices.ContainsFunc([]string{"panic: ", "fatal error: ", "SIG", "classsr-gpu: "}, func(start string) bool { return strings.HasPrefix(line, start) })
	}
	line := lines[len(lines)-1]
	if i := slices.IndexFunc(lines, tells); i >= 0 {
		line = lines[i]
	}
	const most = 200
	return fmt.Errorf("%w: %s", err, strings.ToValidUTF8(line[:min(len(line), most)], "\ufffd"))
}

// StartProgram starts the helper in a file. Of its standard error a line is part of the error of Wait, if there is one.
func StartProgram(path string) (*link.Process, error) {
	cmd := exec.Command(path)
	var words lastWords
	cmd.Stderr = &words
	cmd.WaitDelay = time.Second
	to, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	// Not StdoutPipe: Wait would close it before all was read.
	from, out, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = out
	err = cmd.Start()
	_ = out.Close() // the helper has its own
	if err != nil {
		_ = from.Close()
		return nil, fault.New(fault.Unavailable, "the GPU helper cannot be started: %w", err)
	}
	return &link.Process{From: from, To: to, Kill: func() { _ = cmd.Process.Kill() }, Wait: func() error {
		err := cmd.Wait()
		_ = from.Close()
		return words.of(err)
	}}, nil
}
