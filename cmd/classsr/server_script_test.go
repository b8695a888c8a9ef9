package main

import (
	"bufio"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"classsr/internal/kernel"
)

// started is a server that a script has started.
type started struct {
	cmd    *exec.Cmd
	log    *os.File
	listen string // HOST:PORT
}

// servers are those of scripts, which run at the same time, by their folders of data.
type servers struct{ of sync.Map }

// start starts a server: server DATA [flags...]. It listens on a free port of this machine, or on the port that it had before, and its address is in $URL. What it logs
// goes to DATA.log.
func (s *servers) start(ts *testscript.TestScript, _ bool, args []string) {
	data := ts.MkAbs(args[0])
	log, err := os.Create(data + ".log")
	ts.Check(err)
	program, err := exec.LookPath("classsr") // as the script finds it
	if err != nil {
		program, err = os.Executable()
		ts.Check(err)
	}
	listen := "127.0.0.1:0"
	if before, again := s.of.Load(data); again {
		listen = before.(started).listen
	}
	cmd := exec.Command(program, append([]string{"serve", "--listen", listen, "--data", data}, args[1:]...)...)
	cmd.Dir, cmd.Stderr = ts.MkAbs("."), log
	// The kernels of the script's other commands, whatever those of the test are: their bits are compared.
	cmd.Env = append(os.Environ(), kernel.Environment+"="+ts.Getenv(kernel.Environment))
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		_ = log.Close()
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		ts.Fatalf("the server does not start: %s", ts.ReadFile(args[0]+".log"))
	}
	address := strings.TrimSuffix(lines.Text(), "/")
	ts.Setenv("URL", address)
	_, listen, _ = strings.Cut(address, "://")
	s.of.Store(data, started{cmd, log, listen})
}

// end ends a server as a service manager does, or a terminal that is closed, and demands that it says that all is well: endserver DATA [hangup]. With kill in place
// of hangup it is killed.
func (s *servers) end(ts *testscript.TestScript, _ bool, args []string) {
	found, _ := s.of.Load(ts.MkAbs(args[0]))
	one, ok := found.(started)
	if !ok {
		ts.Fatalf("there is no server %s", args[0])
	}
	if len(args) > 1 && args[1] == "kill" {
		ts.Check(one.cmd.Process.Kill())
		_ = one.cmd.Wait() // it says that it was killed
		return
	}
	sent := os.Interrupt
	if len(args) > 1 && !signal.Ignored(syscall.SIGHUP) { // under nohup the server takes no notice
		sent = syscall.SIGHUP
	}
	ts.Check(one.cmd.Process.Signal(sent))
	late := time.AfterFunc(time.Minute, func() { _ = one.cmd.Process.Kill() })
	defer late.Stop()
	if err := one.cmd.Wait(); err != nil {
		ts.Fatalf("the server: %v\n%s", err, ts.ReadFile(args[0]+".log"))
	}
}
