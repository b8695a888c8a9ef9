package server

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"

	"classsr/internal/filelock"
	"classsr/internal/kernel"
	"classsr/internal/sysmem"
	"classsr/server/blobs"
	"classsr/server/jobs"
)

// Level is how bad a Finding is.
type Level string

// With Warn a server starts, but it may not do what is wanted; with Fail it does not start, or not for long.
const (
	OK   Level = "ok"
	Warn Level = "warn"
	Fail Level = "fail"
)

// Finding is what Check found about one thing that a server stands on.
type Finding struct {
	Name  string `json:"name"` // of the thing, as "data folder"
	Level Level  `json:"level"`
	Text  string `json:"text"`         // what was found
	Do    string `json:"do,omitempty"` // what to do, unless it is well
}

func fine(format string, args ...any) Finding {
	return Finding{Level: OK, Text: fmt.Sprintf(format, args...)}
}

func warning(do, format string, args ...any) Finding {
	return Finding{Level: Warn, Text: fmt.Sprintf(format, args...), Do: do}
}

func failing(do, format string, args ...any) Finding {
	return Finding{Level: Fail, Text: fmt.Sprintf(format, args...), Do: do}
}

// Check looks at what a server with this configuration would stand on, and starts none. It leaves everything as it was; a server may run meanwhile.
func Check(c Config) []Finding {
	d := &doctor{Config: c, now: time.Now()}
	all := []check{
		{"configuration", d.configuration}, {"kernels", d.kernels}, {"memory", d.memory}, {"data folder", d.folder}, {"disk", d.disk}, {"table of jobs", d.table},
		{"tokens", d.tokens}, {"certificate", d.certificate}, {"address", func() Finding { return d.address(c.Listen, "--listen") }},
		{"metrics", func() Finding {
			if c.Metrics == "" {
				return fine("told at /metrics of the server")
			}
			return d.address(c.Metrics, "--metrics-listen")
		}},
		{"open files", d.files}, {"clock", d.clock},
	}
	if c.Data == "" {
		all = slices.DeleteFunc(all, func(one check) bool { return one.name == "disk" || one.name == "table of jobs" }) // which are in the folder
	}
	all = append(all, d.cluster()...)
	findings := make([]Finding, len(all))
	for i, one := range all {
		findings[i] = one.look()
		findings[i].Name = one.name
	}
	return findings
}

// check is one thing that is looked at.
type check struct {
	name string
	look func() Finding
}

// doctor is a Check under way.
type doctor struct {
	Config
	now  time.Time
	held bool // a server uses the folder
}

func (d *doctor) configuration() Finding {
	if err := d.check(); err != nil {
		return failing("change the flags", "%v", err)
	}
	return fine("the flags fit together")
}

func (d *doctor) kernels() Finding {
	name, err := kernel.Select()
	switch {
	case err != nil:
		return failing("unset "+kernel.Environment, "%v", err)
	case name == "generic":
		return warning("use a machine with AVX2 or NEON, or unset "+kernel.Environment, "only the portable kernels are used, which are many times slower")
	}
	return fine("%s, %d threads", name, d.Budget.Threads())
}

// littleMemory is less than the program is comfortable with, in bytes.
const littleMemory = 128 << 20

func (d *doctor) memory() Finding {
	there, whose := sysmem.Tightest()
	budget := d.Budget.Memory()
	text := fmt.Sprintf("%s for pictures, of %s that are allowed by %s", humanize.Bytes(uint64(budget)), humanize.Bytes(uint64(there)), whose)
	switch {
	case budget > there:
		return failing("make --memory smaller, or the limit larger: the system would end the server", "%s", text)
	case budget > there/10*9:
		return warning("leave the program itself some memory: make --memory smaller", "%s", text)
	case budget < littleMemory:
		return warning("give it more, if large pictures are refused or slow", "%s", text)
	}
	return fine("%s", text)
}

func (d *doctor) folder() Finding {
	if d.Data == "" {
		return failing("give one as --data", "no folder of the user's is known")
	}
	info, err := os.Stat(d.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return d.noFolder()
	case err != nil:
		return failing("give another --data, or rights to this one", "%v", err)
	case !info.IsDir():
		return failing("give a folder as --data", "%s is no folder", d.Data)
	}
	if err := probe(d.Data); err != nil {
		return failing("give the server's user the folder, or another --data", "%v", err)
	}
	unlock, err := filelock.Take(filepath.Join(d.Data, "lock"))
	switch {
	case errors.Is(err, filelock.ErrHeld):
		d.held = true
		return warning("if it is not the one that you mean, end it or give another --data", "a server uses %s now", d.Data)
	case errors.Is(err, filelock.ErrNoLock):
		return failing("give a --data on a disk of this machine", "the file system of %s has no locks, so two servers could use it", d.Data)
	case err != nil:
		return failing("remove what is in the way", "the folder cannot be locked: %v", err)
	}
	unlock()
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return warning("chmod 700 it", "others on this machine may look into %s", d.Data)
	}
	return fine("%s can be written and locked", d.Data)
}

// noFolder tells whether the folder can be made.
func (d *doctor) noFolder() Finding {
	parent, err := above(d.Data)
	if err == nil {
		err = probe(parent)
	}
	if err != nil {
		return failing("give another --data, or make the folder and give it to the server's user", "%s is not there and cannot be made: %v", d.Data, err)
	}
	return fine("%s is made when the server starts", d.Data)
}

// above is the folder itself, or the nearest one above it that is there.
func above(folder string) (string, error) {
	folder, err := filepath.Abs(folder)
	for err == nil {
		if _, err = os.Stat(folder); err == nil || !errors.Is(err, fs.ErrNotExist) || folder == filepath.Dir(folder) {
			return folder, err
		}
		folder, err = filepath.Dir(folder), nil
	}
	return folder, err
}

// probe tells whether a file can be made in a folder and brought to the disk; it is removed.
func probe(folder string) error {
	f, err := os.CreateTemp(folder, ".doctor-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString("is there room?\n")
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name()))
}

// fewBytes of a disk are soon taken.
const fewBytes = 1 << 30

func (d *doctor) disk() Finding {
	folder, err := above(d.Data)
	if err != nil {
		return failing("give another --data", "%v", err)
	}
	size, free, err := blobs.Disk(folder)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return fine("this system does not tell how full it is")
	case err != nil:
		return failing("give another --data", "%v", err)
	}
	text := fmt.Sprintf("%s of %s are free", humanize.Bytes(uint64(free)), humanize.Bytes(uint64(size)))
	if strange := fileSystem(folder); strange != "" {
		return warning("keep --data on a disk of this machine", "%s; %s", text, strange)
	}
	switch {
	case free <= blobs.KeepFree(size):
		return failing("make room, or give another --data", "%s, and the server leaves %s free: it would refuse every picture", text, humanize.Bytes(uint64(blobs.KeepFree(size))))
	case free < fewBytes, d.Limits.MaxDisk > size:
		return warning("make room, or --max-disk smaller", "%s", text)
	}
	return fine("%s", text)
}

func (d *doctor) table() Finding {
	name := filepath.Join(d.Data, "jobs.db")
	if d.held {
		return fine("the server that runs has it")
	}
	damage, err := jobs.Inspect(name)
	switch {
	case err != nil:
		return failing("give the server's user the file, or another --data", "%v", err)
	case damage != nil:
		return warning("keep a copy if you want to know why; the server goes on with what can be read", "it is damaged: %v", damage)
	}
	if aside, _ := filepath.Glob(name + ".broken-*"); len(aside) > 0 { // the pattern is right
		return warning("remove "+aside[0]+" when nobody needs it", "it was damaged before, and put aside")
	}
	return fine("it can be read, or is made when the server starts")
}

func (d *doctor) address(address, flag string) Finding {
	l, err := net.Listen("tcp", address)
	if err == nil {
		_ = l.Close() // nobody has come
		return fine("%s is free", address)
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		if d.held {
			return warning("if it is not the server that uses the folder, give another "+flag, "%s is in use", address)
		}
		return failing("end the program that uses it, or give another "+flag, "%s is in use", address)
	}
	return failing("give another "+flag, "cannot listen on %s: %v", address, err)
}

// besideConnections is how many files a server has open besides connections and the uploads or results that these are about.
const besideConnections = 100

func (d *doctor) files() Finding {
	most, known := openFiles()
	need := uint64(2*d.Limits.Connections + besideConnections)
	switch {
	case !known:
		return fine("this system has no limit that is known")
	case most < need:
		return warning(fmt.Sprintf("ulimit -n %d, or LimitNOFILE=%d in the service", need, need), "%d may be open, %d can be needed", most, need)
	}
	return fine("%d may be open, %d can be needed", most, need)
}

// earliest is when no clock can be right any more that shows less: this program did not exist.
var earliest = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func (d *doctor) clock() Finding {
	const slack = 2 * time.Minute
	if d.now.Before(earliest) {
		return failing("set the clock: tokens, certificates and retention go by it", "it shows %s", d.now.Format(time.RFC3339))
	}
	if info, err := os.Stat(filepath.Join(d.Data, "jobs.db")); err == nil && info.ModTime().After(d.now.Add(slack)) {
		return warning("set the clock, else results stay longer than they should", "it shows %s, but the table was written at %s", d.now.Format(time.RFC3339), info.ModTime().Format(time.RFC3339))
	}
	return fine("%s", d.now.Format(time.RFC3339))
}
