package tokens

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"classsr/fault"
	"classsr/internal/regular"
)

// lookEach is how often File looks whether the file has changed.
const lookEach = 2 * time.Second

// mostText is how large a file of tokens may be, in bytes.
const mostText = 4 << 20

// File is a file of tokens, which is read again when it has changed. It is safe for concurrent use.
type File struct {
	path string
	now  func() time.Time

	mu     sync.Mutex
	tokens []Token
	looked time.Time
	info   fs.FileInfo // of the file as it was read
	tell   func(error)
	told   error // what was found wrong last, until tell has heard of it
}

// Open reads a file of tokens. Errors say what is wrong in which line, and are of kind fault.Usage. A file that others may write is refused.
func Open(path string) (*File, error) {
	f := &File{path: path, now: time.Now}
	if err := f.Reload(); err != nil {
		return nil, err
	}
	return f, nil
}

// Tell has a function told what is found wrong later, for the log: a file that cannot be read any more, whose tokens go on to hold, and one that
// others may read.
func (f *File) Tell(tell func(error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tell = tell
	f.wrong(f.told)
}

// wrong tells of an error, or remembers it.
func (f *File) wrong(err error) {
	f.told = err
	if err != nil && f.tell != nil {
		f.tell(err)
		f.told = nil
	}
}

// Reload reads the file now. After an error the tokens are what they were.
func (f *File) Reload() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.read()
}

func (f *File) read() error {
	f.looked = f.now()
	text, info, err := readText(f.path)
	f.info = info
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Usage, "%w: `classsr token new NAME --token-file FILE` makes it", err)
	}
	if err != nil {
		return err
	}
	tokens, err := parse(f.path, text)
	if err != nil {
		return err
	}
	f.tokens = tokens
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o044 != 0 {
		f.wrong(fault.New(fault.Usage, "others may read %s: `chmod 600` it", f.path))
	}
	return nil
}

// look reads the file again if it has changed.
func (f *File) look() {
	now := f.now()
	if since := now.Sub(f.looked); since >= 0 && since < lookEach {
		return
	}
	f.looked = now
	info, err := os.Stat(f.path)
	same := f.info != nil && err == nil && os.SameFile(info, f.info) && info.ModTime().Equal(f.info.ModTime()) && info.Size() == f.info.Size() && info.Mode() == f.info.Mode()
	if same || err != nil && f.info == nil { // told before
		return
	}
	if err := f.read(); err != nil {
		f.wrong(fmt.Errorf("the tokens stay what they were: %w", err))
	}
}

// Check gives the token of a secret. Errors are of kind fault.Unauthorized. How long it takes does not depend on the secret.
func (f *File) Check(secret string) (Token, error) {
	return f.find(sha256.Sum256([]byte(secret)), func(Token) bool { return true })
}

// Named gives the token of that name if it still has that hash and has not expired. Errors are of kind fault.Unauthorized.
func (f *File) Named(name string, hash [sha256.Size]byte) (Token, error) {
	return f.find(hash, func(t Token) bool { return t.Name == name })
}

func (f *File) find(hash [sha256.Size]byte, accept func(Token) bool) (Token, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.look()
	found := Token{}
	for _, t := range f.tokens {
		if subtle.ConstantTimeCompare(t.Hash[:], hash[:]) == 1 && accept(t) {
			found = t
		}
	}
	switch {
	case found.Name == "":
		return Token{}, fault.New(fault.Unauthorized, "this token is not known here: ask who runs the server for one")
	case !found.Expires.IsZero() && !f.now().Before(found.Expires):
		return Token{}, fault.New(fault.Unauthorized, "the token %s has expired: ask who runs the server for a new one", found.Name)
	}
	return found, nil
}

// List gives all tokens of the file, those that have expired, too.
func (f *File) List() []Token {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.look()
	return slices.Clone(f.tokens)
}

// readText reads the file. info is nil if there is none.
func readText(path string) (text string, info fs.FileInfo, err error) {
	file, err := regular.Open(path)
	if err != nil {
		return "", nil, fault.As(fault.Usage, fmt.Errorf("cannot read the tokens: %w", err))
	}
	defer func() { _ = file.Close() }() // nothing was written
	if info, err = file.Stat(); err != nil {
		return "", nil, fault.As(fault.Usage, err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0 {
		return "", info, fault.New(fault.Usage, "others may write %s, and so let themselves in: `chmod 600` it", path)
	}
	b, err := io.ReadAll(io.LimitReader(file, mostText+1))
	switch {
	case err != nil:
		return "", info, fault.As(fault.Usage, fmt.Errorf("cannot read the tokens: %w", err))
	case len(b) > mostText:
		return "", info, fault.New(fault.Usage, "%s has more than %d MB: it is no file of tokens", path, mostText>>20)
	}
	return string(b), info, nil
}

// parse reads all tokens.
func parse(path, text string) (tokens []Token, err error) {
	names, hashes := map[string]bool{}, map[[sha256.Size]byte]bool{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		t, err := parseLine(line)
		switch {
		case err != nil:
		case names[t.Name]:
			err = errors.New("there are two tokens named " + t.Name)
		case hashes[t.Hash]:
			err = errors.New(t.Name + " has the secret of another token")
		}
		if err != nil {
			return nil, fault.New(fault.Usage, "%s, line %d: %w", path, number, err)
		}
		names[t.Name], hashes[t.Hash] = true, true
		tokens = append(tokens, t)
	}
	return tokens, nil
}
