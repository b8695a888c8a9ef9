package tokens

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"classsr/fault"
	"classsr/internal/atomicfile"
	"classsr/internal/filelock"
)

// Add adds a token to a file, which is made, for its owner only, if it is not there, and gives the token's new secret, which is nowhere else. The
// Hash of t does not matter. Errors are of kind fault.Conflict if there is a token of that name, fault.Busy if another program adds one,
// fault.Usage if the token or the file cannot be.
func Add(path string, t Token) (secret string, err error) {
	if err := checkName(t.Name); err != nil {
		return "", err
	}
	secret = newSecret()
	t.Hash = sha256.Sum256([]byte(secret))
	if parsed, err := parseLine(t.line()); err != nil {
		return "", err
	} else if parsed.line() != t.line() {
		return "", fault.New(fault.Usage, "the token cannot be written as a line: %s", t.line())
	}
	unlock, err := lock(path + ".lock")
	if err != nil {
		return "", fmt.Errorf("cannot add a token to %s: %w", path, err)
	}
	defer unlock()
	text, _, err := readText(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	known, err := parse(path, text)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(known, func(other Token) bool { return other.Name == t.Name }) {
		return "", fault.New(fault.Conflict, "%s has a token named %s: give another name, or remove its line", path, t.Name)
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return secret, atomicfile.WritePrivate(path, []byte(text+t.line()+"\n"))
}

// lock keeps other programs from something, where the file system has locks.
func lock(name string) (unlock func(), err error) {
	unlock, err = filelock.Take(name)
	switch {
	case errors.Is(err, filelock.ErrNoLock):
		return func() {}, nil
	case errors.Is(err, filelock.ErrHeld):
		return nil, fault.New(fault.Busy, "another program is doing so: try again")
	}
	return unlock, fault.Default(fault.Unavailable, err)
}
