// Package journal keeps account of the results that runs over many pictures have finished in a folder, so that a run that was killed goes
// on where it was, and a later one knows what is up to date.
//
// The account is a text file, Name, in the folder that results go to. A line is added for each result after all of the result is on disk
// and before it gets its final name. So the result of every line is there whole, or not at all: a line says how long the file is and when
// it was last written, which tells whether it is. Lines that a kill or a crash left incomplete are passed over.
//
//	classsr journal 1
//	run overwrite=false passing=false model="carn-x4" x4
//	done "sub/a_x4.jpg" 81234 1764211111000000000 "../in/sub/a.jpg" 5123 1764200000000000000
//	end
//
// A run line begins a run with its options, end says that it came to its end. A done line has the result and the picture that it was made
// from, as paths from the journal's folder in Go's quotation marks, each with its size in bytes and its time in nanoseconds since 1970.
package journal

import (
	"bufio"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"classsr/fault"
	"classsr/internal/filelock"
	"classsr/internal/regular"
)

// Name is the name of a journal.
const Name = ".classsr-journal"

// header is the first line.
const header = "classsr journal 1\n"

// longestLine bounds a line: two paths of 4096 bytes, each byte written as four.
const longestLine = 64 << 10

// Stamp tells a state of a file from others: its size in bytes and when it was last written, in nanoseconds since 1970.
type Stamp struct{ Size, Modified int64 }

// StampOf gives the stamp of a file.
func StampOf(info fs.FileInfo) Stamp { return Stamp{info.Size(), info.ModTime().UnixNano()} }

// Entry is what is known of a result.
type Entry struct {
	Result, Source Stamp
	source         uint64 // identifies the path of the picture that it was made from
	like           uint32 // index of Journal.runs
	run            uint32 // the number of the run that made it
	line           int    // the number of its line, among all that tell of results
}

// Journal is an account in memory; per result it takes about 100 bytes. A nil Journal is empty, and writing to it does nothing.
type Journal struct {
	folder  string // as an absolute path
	entries map[uint64]Entry
	runs    []string // the different ones, as their lines have them
	run     uint32   // the number of the last run
	running bool     // it has not come to its end
	current uint32   // index of the run that goes on
	begun   bool     // the line of the run that goes on is written
	file    *os.File // nil if it was only read
	synced  time.Time
	lines   int  // that were read and tell of results
	passed  bool // it is to be removed
	unlock  func()
}

// Read reads the journal of a folder, to ask what Open's would be asked, and gives nil if it has none.
func Read(folder string, run Run) (*Journal, error) {
	f, err := regular.Open(filepath.Join(folder, Name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the journal: %w", fault.Default(fault.Unavailable, err))
	}
	defer func() { _ = f.Close() }() // nothing was written
	j, err := newJournal(folder)
	if err != nil {
		return nil, err
	}
	if _, err = j.read(f); err != nil {
		return nil, err
	}
	j.begin(run)
	return j, nil
}

// Run is what a run is like. Options says in one line how its results are made, Overwrite that it replaces what is there. A run that is
// Passing needs the journal only to go on after a kill: when it comes to its end, a journal is removed that tells of no others.
type Run struct {
	Options            string
	Overwrite, Passing bool
}

// line is a run as lines have it.
func (r Run) line() string {
	return fmt.Sprintf("overwrite=%v passing=%v %s", r.Overwrite, r.Passing, r.Options)
}

// optionsOf takes the options out of a run's line.
func optionsOf(line string) string {
	_, rest, _ := strings.Cut(line, " ")
	_, rest, _ = strings.Cut(rest, " ")
	return rest
}

// Open reads the journal of a folder, which must exist, to go on with it in a run. It returns an error of kind fault.Busy if another run has it open. Close must be called.
func Open(folder string, run Run) (*Journal, error) {
	j, err := newJournal(folder)
	if err != nil {
		return nil, err
	}
	name := filepath.Join(folder, Name)
	j.unlock, err = filelock.Take(name + ".lock")
	switch {
	case errors.Is(err, filelock.ErrHeld):
		return nil, fault.New(fault.Busy, "another run is writing to %s: wait until it has ended, or choose another output folder with -o", folder)
	case errors.Is(err, filelock.ErrNoLock):
		j.unlock = func() {}
	case errors.Is(err, filelock.ErrInWay):
		return nil, writeError(name+".lock", err)
	case err != nil:
		return nil, fmt.Errorf("%w; choose another output folder with -o", writeError("to "+folder, err))
	}
	if err := j.open(name); err != nil {
		j.Close()
		return nil, err
	}
	j.begin(run)
	return j, nil
}

func newJournal(folder string) (*Journal, error) {
	full, err := filepath.Abs(folder)
	if err != nil {
		return nil, fmt.Errorf("cannot find the folder %s: %w", folder, err)
	}
	return &Journal{folder: full, entries: map[uint64]Entry{}, runs: []string{""}}, nil
}

// begin goes on with the last run, if it did not come to its end and is the same, or begins another.
func (j *Journal) begin(run Run) {
	j.begun = j.running && j.runs[j.current] == run.line()
	if !j.begun {
		j.current, j.running = j.runIndex(run.line()), false
	}
}

func (j *Journal) open(name string) error {
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return fault.New(fault.Conflict, "%s is in the way, since it is not a file: remove it", name)
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return writeError(name, err)
	}
	j.file = f
	end, err := j.read(f)
	if err != nil {
		return err
	}
	if j.lines > 2*len(j.entries)+spareLines {
		_ = f.Close() // nothing was written; Windows replaces no open files
		if err := shorten(name, j.entries); err != nil {
			return err
		}
		if f, err = os.OpenFile(name, os.O_RDWR, 0); err != nil {
			return writeError(name, err)
		}
		j.file = f
		if end, err = f.Seek(0, io.SeekEnd); err != nil {
			return writeError(name, err)
		}
	}
	// What a crash left of a line goes away. An empty file gets its first line with the first result.
	if err := f.Truncate(end); err != nil {
		return writeError(name, err)
	}
	if _, err := f.Seek(end, io.SeekStart); err != nil {
		return writeError(name, err)
	}
	return nil
}

// read reads all lines and gives where the last whole one ends.
func (j *Journal) read(f *os.File) (end int64, err error) {
	lines := bufio.NewReaderSize(f, longestLine)
	for {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF):
			return end, nil
		case errors.Is(err, bufio.ErrBufferFull), err == nil && end == 0 && string(line) != header:
			return 0, fault.New(fault.Damaged, "%s is no journal of this program: move it away", f.Name())
		case err != nil:
			return 0, fmt.Errorf("cannot read %s: %w", f.Name(), fault.Default(fault.Unavailable, err))
		}
		end += int64(len(line))
		j.line(strings.TrimSuffix(string(line), "\n"))
	}
}

// line takes a line in. One that makes no sense is passed over.
func (j *Journal) line(line string) {
	kind, rest, _ := strings.Cut(line, " ")
	switch kind {
	case "run":
		j.current, j.running = j.runIndex(rest), true
		j.run++
	case "end":
		j.running = false
	case "done":
		if output, e, ok := parseDone(rest); ok {
			j.lines++
			e.like, e.run, e.line = j.current, j.run, j.lines
			j.entries[output] = e
		}
	}
}

func (j *Journal) runIndex(line string) uint32 {
	for i, l := range j.runs {
		if l == line {
			return uint32(i)
		}
	}
	j.runs = append(j.runs, line)
	return uint32(len(j.runs) - 1)
}

// parseDone reads what follows the word done.
func parseDone(text string) (output uint64, e Entry, ok bool) {
	result, rest, ok := parseFile(text, &e.Result)
	if !ok {
		return 0, e, false
	}
	source, rest, ok := parseFile(strings.TrimPrefix(rest, " "), &e.Source)
	e.source = key(source)
	return key(result), e, ok && rest == ""
}

// parseFile reads a path in quotation marks and a stamp.
func parseFile(text string, s *Stamp) (name, rest string, ok bool) {
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil {
		return "", "", false
	}
	if name, err = strconv.Unquote(quoted); err != nil {
		return "", "", false
	}
	rest = text[len(quoted):]
	for _, field := range []*int64{&s.Size, &s.Modified} {
		var number string
		if rest, ok = strings.CutPrefix(rest, " "); !ok {
			return "", "", false
		}
		end := strings.IndexByte(rest+" ", ' ')
		number, rest = rest[:end], rest[end:]
		if *field, err = strconv.ParseInt(number, 10, 64); err != nil {
			return "", "", false
		}
	}
	return name, rest, true
}

// key stands for a path in memory.
func key(path string) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, path) // a hash never returns an error
	return h.Sum64()
}

// relative is a path as lines have it.
func (j *Journal) relative(path string) string {
	full, err := filepath.Abs(path)
	if err != nil {
		return filepath.ToSlash(path)
	}
	if below, err := filepath.Rel(j.folder, full); err == nil {
		full = below
	}
	return filepath.ToSlash(full)
}

func writeError(name string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fmt.Errorf("cannot write %s: %w", name, fault.Default(fault.Unavailable, err))
}
