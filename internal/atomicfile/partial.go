package atomicfile

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"classsr/fault"
)

// A file is written under a temporary name beside its target, .NAME.N.partial with the smallest N that nobody is writing. Whoever writes
// holds a lock on it until it has its final name; so what is left of a program that was killed is told from what another one is writing,
// and goes away when the same target is written again.

// maxPartials bounds how many may write to one target at a time.
const maxPartials = 1000

// longestStem is the longest name of a target that is part of the temporary one as it is: file systems take 255 bytes, some 143.
const longestStem = 120

// errAbandoned is what a write under way ends with after Abandon.
var errAbandoned = fault.New(fault.Unavailable, "the program is about to end")

// partial holds the temporary files being written.
var partial = struct {
	sync.Mutex
	files map[string]*partialFile // by their names
}{files: map[string]*partialFile{}}

// partialFile is a temporary file being written, and locked.
type partialFile struct {
	*os.File
	name string
}

// createPartial makes a temporary file beside path, with the mode that the user's umask gives new files.
func createPartial(path string) (*partialFile, error) {
	// A path that cannot be is not to be found out at the end.
	if _, err := os.Lstat(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	partial.Lock()
	defer partial.Unlock()
	for n := range maxPartials {
		f, err := claim(partialName(path, n))
		if err != nil {
			return nil, err
		}
		if f == nil {
			continue
		}
		partial.files[f.name] = f
		for n++; removeAbandoned(partialName(path, n)); n++ {
		}
		return f, nil
	}
	return nil, &fs.PathError{Op: "create", Path: path, Err: fault.New(fault.Conflict, "there are %d unfinished files of it already: remove %s",
		maxPartials, filepath.Join(filepath.Dir(path), "."+stem(filepath.Base(path))+".*.partial"))}
}

// claim makes the file of that name and locks it. It gives nil if somebody else is writing it.
func claim(name string) (*partialFile, error) {
	for range 2 {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil {
			// Between the two steps somebody may have taken it for abandoned. Then it is theirs to remove.
			if hold(f) && isAt(f, name) {
				return &partialFile{f, name}, nil
			}
			return nil, f.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		removeAbandoned(name)
	}
	return nil, nil
}

// isAt reports whether name is that of the open file f.
func isAt(f *os.File, name string) bool {
	own, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(name)
	return err == nil && os.SameFile(own, there)
}

// partialName is the n-th temporary name of a file to be at path.
func partialName(path string, n int) string {
	return filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%d.partial", stem(filepath.Base(path)), n))
}

// stem is a file's name, or the beginning of a long one and a checksum.
func stem(name string) string {
	if len(name) <= longestStem {
		return name
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash never returns an error
	cut := longestStem - len("~") - 2*h.Size()
	for !utf8.RuneStart(name[cut]) && cut > longestStem/2 {
		cut--
	}
	return fmt.Sprintf("%s~%016x", name[:cut], h.Sum64())
}

// Sweep removes from a folder what killed programs left of files that they were writing, and nothing that somebody is writing. mine tells
// by a file's name whether it would be one of the caller's; of names too long to be in the temporary one it is not asked. Sweep tells how many
// it removed.
func Sweep(folder string, mine func(name string) bool) (removed int) {
	d, err := os.Open(folder)
	if err != nil {
		return 0 // whoever writes there will be told
	}
	defer func() { _ = d.Close() }() // nothing was written
	for {
		names, err := d.Readdirnames(1024)
		for _, name := range names {
			stem, ok := stemOf(name)
			if !ok || !shortened(stem) && !mine(stem) {
				continue
			}
			name = filepath.Join(folder, name)
			removeAbandoned(name)
			if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
				removed++
			}
		}
		if err != nil {
			return removed
		}
	}
}

// stemOf takes the stem out of a temporary name.
func stemOf(name string) (stem string, ok bool) {
	middle, isPartial := strings.CutSuffix(name, ".partial")
	middle, isHidden := strings.CutPrefix(middle, ".")
	dot := strings.LastIndexByte(middle, '.')
	if !isPartial || !isHidden || dot < 1 {
		return "", false
	}
	stem, number := middle[:dot], middle[dot+1:]
	n, err := strconv.Atoi(number)
	return stem, err == nil && 0 <= n && n < maxPartials && strconv.Itoa(n) == number
}

// shortened tells whether a stem is that of a long name.
func shortened(stem string) bool {
	checksum := len(stem) - 2*fnv.New64a().Size()
	if checksum < longestStem/2 || stem[checksum-1] != '~' {
		return false
	}
	return strings.Trim(stem[checksum:], "0123456789abcdef") == ""
}

// publish gives the file its name.
func (p *partialFile) publish(target string, overwrite bool) error {
	partial.Lock()
	defer partial.Unlock()
	if partial.files[p.name] == nil {
		return errAbandoned
	}
	if err := rename(p.name, target, overwrite); err != nil {
		return err
	}
	delete(partial.files, p.name) // another program may use it from now on
	return nil
}

// discard closes the file, and removes it unless it was published.
func (p *partialFile) discard() {
	partial.Lock()
	defer partial.Unlock()
	if partial.files[p.name] == nil { // published or abandoned
		_ = p.Close() // what was written is on disk, or of no use
		return
	}
	delete(partial.files, p.name)
	// While it is locked, since the name may be another program's afterwards. Windows removes no open files.
	err := os.Remove(p.name)
	_ = p.Close()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		_ = os.Remove(p.name)
	}
}

// Abandon removes the temporary files of all writes under way. A program calls it right before it exits without waiting for
// them.
func Abandon() {
	partial.Lock()
	defer partial.Unlock()
	for name, p := range partial.files {
		if os.Remove(name) != nil { // as in discard
			_ = p.Close()
			_ = os.Remove(name) // there is nobody left to tell
		}
	}
	clear(partial.files)
}
