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
	return secret, change(path, func(text string, known []Token) (string, error) {
		if slices.ContainsFunc(known, func(other Token) bool { return other.Name == t.Name }) {
			return "", fault.New(fault.Conflict, "%s has a token named %s: give another name, or remove it by `classsr token remove`", path, t.Name)
		}
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		return text + t.line() + "\n", nil
	})
}

// Remove removes a token from a file: a server that uses the file lets it in no more. Errors are of kind fault.NotFound if there is no token of that
// name, else as those of Add.
func Remove(path, name string) error {
	return change(path, func(text string, known []Token) (string, error) {
		if !slices.ContainsFunc(known, func(t Token) bool { return t.Name == name }) {
			return "", fault.New(fault.NotFound, "%s has no token named %q: %s", path, name, names(known))
		}
		var rest strings.Builder
		for line := range strings.Lines(text) {
			if fields := strings.Fields(line); len(fields) == 0 || fields[0] != name { // a name is never #, which begins comments
				rest.WriteString(line)
			}
		}
		return rest.String(), nil
	})
}

// names tells which tokens there are.
func names(known []Token) string {
	if len(known) == 0 {
		return "it has none"
	}
	var all []string
	for _, t := range known {
		all = append(all, t.Name)
	}
	return "it has " + strings.Join(all, ", ")
}

// change writes a file of tokens anew, while no other program does. It is made if it is not there, and stays whose it was.
func change(path string, to func(text string, known []Token) (string, error)) error {
	unlock, err := lock(path + ".lock")
	if err != nil {
		return fmt.Errorf("cannot change the tokens in %s: %w", path, err)
	}
	defer unlock()
	text, info, err := readText(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	known, err := parse(path, text)
	if err != nil {
		return err
	}
	if text, err = to(text, known); err != nil {
		return err
	}
	if err := atomicfile.WritePrivate(path, []byte(text)); err != nil {
		return err
	}
	return keepOwner(path, info)
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
