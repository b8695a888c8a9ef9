package tokens

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"classsr/fault"
	"classsr/internal/par"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func add(t *testing.T, path string, token Token) (secret string) {
	t.Helper()
	secret, err := Add(path, token)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestAddAndCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	alice := add(t, path, Token{Name: "alice"})
	write(t, path, "# who\n\n"+read(t, path)[:len(read(t, path))-1]) // without the last line's end
	token := Token{
		Name: "bob.2", Expires: time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC), Weight: 0.5, Rate: 2.25, Bytes: 2e9, Pixels: 1500e6, Jobs: 1000000, Scopes: []string{"jobs", "metrics"},
	}
	bob := add(t, path, token)
	if text := read(t, path); !strings.HasPrefix(text, "# who\n\nalice sha256:") ||
		!strings.HasSuffix(text, " expires=2027-01-31 rate=2.25 bytes=2.0GB pixels=1500MP jobs=1000000 weight=0.5 scopes=jobs,metrics\n") {
		t.Errorf("the file is\n%s", text)
	}
	if strings.Contains(read(t, path), alice) || strings.Contains(read(t, path), bob) {
		t.Error("the file holds a secret")
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v: %v", info.Mode(), err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	f.now = func() time.Time { return time.Date(2027, 1, 31, 23, 59, 59, 0, time.UTC) }
	token.Hash = sha256.Sum256([]byte(bob))
	if got, err := f.Check(bob); err != nil || fmt.Sprint(got) != fmt.Sprint(token) {
		t.Errorf("%+v: %v", got, err)
	}
	if got, err := f.Named("bob.2", token.Hash); err != nil || got.Name != "bob.2" {
		t.Errorf("%+v: %v", got, err)
	}
	if got, err := f.Check(alice); err != nil || got.Name != "alice" || !got.Has(ScopeJobs) || got.Has(ScopeMetrics) {
		t.Errorf("%+v: %v", got, err)
	}
	for _, secret := range []string{"", alice[1:], alice + "x", strings.ToUpper(alice), "csr_"} {
		if _, err := f.Check(secret); fault.KindOf(err) != fault.Unauthorized {
			t.Errorf("%q: %v", secret, err)
		}
	}
	if _, err := f.Named("alice", token.Hash); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("another's hash: %v", err)
	}
	f.now = func() time.Time { return time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC) }
	if _, err := f.Check(bob); fault.KindOf(err) != fault.Unauthorized || !strings.Contains(err.Error(), "bob.2 has expired") {
		t.Errorf("after its time: %v", err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAddRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	add(t, path, Token{Name: "alice"})
	before := read(t, path)
	for _, c := range []struct {
		token Token
		kind  fault.Kind
	}{
		{Token{Name: "alice"}, fault.Conflict},
		{Token{Name: ""}, fault.Usage},
		{Token{Name: "local"}, fault.Usage},
		{Token{Name: "-x"}, fault.Usage},
		{Token{Name: "a b"}, fault.Usage},
		{Token{Name: "a\nmallory"}, fault.Usage},
		{Token{Name: "#a"}, fault.Usage},
		{Token{Name: "ä"}, fault.Usage},
		{Token{Name: strings.Repeat("a", 65)}, fault.Usage},
		{Token{Name: "b", Scopes: []string{"all"}}, fault.Usage},
		{Token{Name: "b", Scopes: []string{"jobs", "jobs"}}, fault.Usage},
		{Token{Name: "b", Rate: -1}, fault.Usage},
		{Token{Name: "b", Jobs: -1}, fault.Usage},
		{Token{Name: "b", Expires: time.Date(20270, 1, 1, 0, 0, 0, 0, time.UTC)}, fault.Usage},
	} {
		if _, err := Add(path, c.token); fault.KindOf(err) != c.kind {
			t.Errorf("%+v: %v", c.token, err)
		}
	}
	if _, err := Add(filepath.Join(path, "x"), Token{Name: "b"}); err == nil {
		t.Error("a file in a file")
	}
	if read(t, path) != before {
		t.Error("a token that was refused was written")
	}
}

// Two programs that add tokens at once lose none of them.
func TestAddAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	var added atomic.Int64
	wait := par.Start(8, func(worker int) error {
		_, err := Add(path, Token{Name: fmt.Sprintf("t%d", worker)})
		if err == nil {
			added.Add(1)
		} else if fault.KindOf(err) == fault.Busy {
			err = nil
		}
		return err
	})
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	if lines := int64(strings.Count(read(t, path), "\n")); lines == 0 || lines != added.Load() {
		t.Errorf("%d were added, %d are there", added.Load(), lines)
	}
}

func TestTheFileIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	alice := add(t, path, Token{Name: "alice"})
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	f.now = func() time.Time { return now }
	var told []string
	f.Tell(func(err error) { told = append(told, err.Error()) })
	works := func(secret string, want bool, when string) {
		t.Helper()
		if _, err := f.Check(secret); (err == nil) != want {
			t.Errorf("%s: %v", when, err)
		}
	}
	bob := add(t, path, Token{Name: "bob"})
	works(bob, false, "at once")
	now = now.Add(lookEach)
	works(bob, true, "after two seconds")

	good := read(t, path)
	write(t, path, good+"mallory\n")
	now = now.Add(lookEach)
	works(alice, true, "with a broken line")
	now = now.Add(lookEach)
	works(alice, true, "with a broken line")
	if len(told) != 1 || !strings.Contains(told[0], path+", line 3: mallory has no hash") {
		t.Errorf("told was %q", told)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		now = now.Add(lookEach)
		works(alice, true, "without the file")
	}
	if len(told) != 2 {
		t.Errorf("told was %q", told)
	}
	write(t, path, strings.SplitAfter(good, "\n")[1])
	now = now.Add(lookEach)
	works(alice, false, "taken out")
	works(bob, true, "left in")
	if _, err := Add(path, Token{Name: "carol"}); err != nil {
		t.Fatal(err)
	}
	if err := f.Reload(); err != nil || len(f.tokens) != 2 {
		t.Errorf("%d tokens after Reload: %v", len(f.tokens), err)
	}
}

func TestModesOfTheFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes")
	}
	path := filepath.Join(t.TempDir(), "tokens")
	add(t, path, Token{Name: "alice"})
	for mode, want := range map[os.FileMode]string{0o600: "", 0o640: "read", 0o604: "read", 0o620: "write", 0o602: "write"} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if want == "write" {
			if fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), "others may write") {
				t.Errorf("%o: %v", mode, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		told := ""
		f.Tell(func(err error) { told = err.Error() })
		if !strings.Contains(told, want) || want == "" && told != "" {
			t.Errorf("%o: told was %q", mode, told)
		}
	}
}

func TestBrokenFiles(t *testing.T) {
	hash := "sha256:" + strings.Repeat("0a", 32)
	for text, want := range map[string]string{
		"alice":                                                        "line 1: alice has no hash",
		"\n# x\nalice md5:00":                                          "line 3: behind alice stands no hash",
		"alice sha256:00":                                              "no hash",
		"alice " + hash + " speed=2":                                   `alice has "speed=2"`,
		"alice " + hash + " rate":                                      `alice has "rate"`,
		"alice " + hash + " rate=2 rate=3":                             "rate= twice",
		"alice " + hash + " rate=NaN":                                  "alice has \"rate=NaN\": it must be a number above 0",
		"alice " + hash + " rate=0":                                    "above 0",
		"alice " + hash + " weight=Inf":                                "above 0",
		"alice " + hash + " jobs=1.5":                                  "whole number",
		"alice " + hash + " bytes=-1":                                  "a size",
		"alice " + hash + " bytes=1e300":                               "a size",
		"alice " + hash + " pixels=0MP":                                "number of pixels",
		"alice " + hash + " pixels=GP":                                 "number of pixels",
		"alice " + hash + " pixels=1e99":                               "number of pixels",
		"alice " + hash + " expires=soon":                              "a date",
		"alice " + hash + " expires=0000-12-31":                        "a date",
		"alice " + hash + " scopes=":                                   "some of jobs, metrics, worker, cluster",
		"alice " + hash + "\nalice sha256:" + strings.Repeat("0b", 32): "line 2: there are two tokens named alice",
		"alice " + hash + "\nbob " + hash:                              "line 2: bob has the secret",
		"local " + hash:                                                "who uses a server without tokens",
		strings.Repeat("#", mostText+1):                                "more than 4 MB",
	} {
		path := filepath.Join(t.TempDir(), "tokens")
		write(t, path, text)
		if _, err := Open(path); fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: %v", text, err)
		}
	}
	if _, err := Open(t.TempDir()); fault.KindOf(err) != fault.Usage {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); fault.KindOf(err) != fault.Usage || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestLocalMayDoEverything(t *testing.T) {
	for _, scope := range scopes {
		if !Local().Has(scope) {
			t.Errorf("not %s", scope)
		}
	}
}

// What is written can be read.
func TestLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		token := Token{
			Name:   rapid.StringMatching(`[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}`).Filter(func(s string) bool { return s != localName }).Draw(t, "name"),
			Weight: rapid.Float64Range(0, 1000).Draw(t, "weight"),
			Rate:   rapid.Float64Range(0, 1e6).Draw(t, "rate"),
			Bytes:  rapid.Int64Range(0, mostBytes).Draw(t, "bytes"),
			Pixels: rapid.Int64Range(0, 1e15).Draw(t, "pixels"),
			Jobs:   rapid.IntRange(0, 1<<31-1).Draw(t, "jobs"),
			Scopes: rapid.SliceOfNDistinct(rapid.SampledFrom(scopes), 0, 3, rapid.ID).Draw(t, "scopes"),
		}
		copy(token.Hash[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
		if at := rapid.Int64Range(0, 1<<37).Draw(t, "expires"); at > 946684800 {
			token.Expires = time.Unix(at, 0).UTC()
		}
		if got, err := parseLine(token.line()); err != nil || fmt.Sprint(got) != fmt.Sprint(token) {
			t.Fatalf("%s became %+v: %v", token.line(), got, err)
		}
	})
}

func FuzzTokenFile(f *testing.F) {
	hash := "sha256:" + strings.Repeat("0a", 32)
	f.Add("# x\nalice " + hash + " expires=2027-01-01 rate=5 bytes=2GB pixels=1GP jobs=50 weight=2 scopes=jobs,metrics\r\n")
	f.Add("alice " + hash + " expires=2027-01-01T00:00:00.5+05:00 pixels=1.5kp")
	f.Fuzz(func(t *testing.T, text string) {
		tokens, err := parse("f", text)
		if err != nil {
			if fault.KindOf(err) != fault.Usage {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		var lines []string
		for _, token := range tokens {
			lines = append(lines, token.line())
		}
		again, err := parse("f", strings.Join(lines, "\n"))
		if err != nil || fmt.Sprint(again) != fmt.Sprint(tokens) {
			t.Errorf("%q became %v, then %v: %v", text, tokens, again, err)
		}
	})
}

func TestRemove(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	secrets := map[string]string{}
	for _, name := range []string{"anna", "bert", "carl"} {
		secret, err := Add(path, Token{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		secrets[name] = secret
	}
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append([]byte("# bert is a friend\n\n"), text...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := Remove(path, "bert"); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range secrets {
		if _, err := f.Check(secret); (err == nil) == (name == "bert") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text, err = os.ReadFile(path); err != nil || !strings.HasPrefix(string(text), "# bert is a friend\n\nanna ") || strings.Count(string(text), "\n") != 4 {
		t.Errorf("%v %s", err, text)
	}
	for _, name := range []string{"bert", "", "#", "anna sha256"} {
		if err := Remove(path, name); fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), "anna, carl") {
			t.Errorf("%q: %v", name, err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(text) {
		t.Errorf("%v %s", err, after)
	}
}
