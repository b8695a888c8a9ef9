package journal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"classsr/fault"
)

const options = `model="carn-x4"`

func open(t *testing.T, folder, options string, overwrite bool) *Journal {
	t.Helper()
	j, err := Open(folder, Run{Options: options, Overwrite: overwrite})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func done(t *testing.T, j *Journal, output string, result Stamp, input string, source Stamp) {
	t.Helper()
	if err := j.Done(output, result, input, source); err != nil {
		t.Fatal(err)
	}
}

var (
	result = Stamp{100, 1_764_211_111_123_456_789}
	source = Stamp{50, 1_764_200_000_000_000_000}
)

func TestStates(t *testing.T) {
	folder := t.TempDir()
	out, in := filepath.Join(folder, "sub", "a_x4.png"), filepath.Join(folder, "a \"b\"\n\xff.png")
	j := open(t, folder, options, false)
	done(t, j, out, result, in, source)
	if s, thisRun := j.Check(out, result, in, source); s != UpToDate || !thisRun {
		t.Error("what was done is not up to date")
	}
	j.Close() // without End: killed
	j = open(t, folder, options, false)
	if s, thisRun := j.Check(out, result, in, source); s != UpToDate || !thisRun {
		t.Errorf("a run that was killed does not go on: %v, %v", s, thisRun)
	}
	if err := j.End(); err != nil {
		t.Fatal(err)
	}
	j.Close()
	for _, c := range []struct {
		name     string
		options  string
		output   string
		result   Stamp
		input    string
		source   Stamp
		want     State
		wantMade bool
	}{
		{"the same", options, out, result, in, source, UpToDate, true},
		{"an unknown one", options, out + "x", result, in, source, Unknown, false},
		{"closed late", options, out, Stamp{100, result.Modified + 2e9}, in, source, UpToDate, true},
		{"written by somebody else", options, out, Stamp{100, 5}, in, source, Unknown, false},
		{"another picture", options, out, result, in + "x", source, OtherPicture, true},
		{"the picture changed", options, out, result, in, Stamp{51, source.Modified}, PictureChanged, true},
		{"other options", options + " scale=2", out, result, in, source, OtherOptions, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := open(t, folder, c.options, true)
			defer j.Close()
			if s, thisRun := j.Check(c.output, c.result, c.input, c.source); s != c.want || thisRun {
				t.Errorf("state %v, %v, want %v", s, thisRun, c.want)
			}
			if made := j.Made(c.output, c.result); made != c.wantMade {
				t.Errorf("made: %v", made)
			}
		})
	}
}

// A run that overwrites goes on where it was killed, but makes again what earlier ones made.
func TestRunsThatOverwrite(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder, options, false)
	done(t, j, "1", result, "in", source)
	j.Close() // killed
	j = open(t, folder, options, true)
	if s, thisRun := j.Check("1", result, "in", source); s != UpToDate || thisRun {
		t.Errorf("%v, %v: what another run made counts as this one's", s, thisRun)
	}
	done(t, j, "2", result, "in", source)
	j.Close() // killed
	j = open(t, folder, options, true)
	defer j.Close()
	if _, thisRun := j.Check("2", result, "in", source); !thisRun {
		t.Error("it begins anew")
	}
	if _, thisRun := j.Check("1", result, "in", source); thisRun {
		t.Error("the first run's results count as this one's")
	}
}

func TestWhatACrashLeaves(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder, options, false)
	done(t, j, "a", result, "in", source)
	done(t, j, "b", result, "in", source)
	j.Close()
	name := filepath.Join(folder, Name)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(text) {
		if err := os.WriteFile(name, text[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		j := open(t, folder, options, false)
		done(t, j, "c", result, "in", source)
		j.Close()
		if j, err = Read(folder, Run{Options: options}); err != nil {
			t.Fatal(err)
		}
		if _, ok := j.find("c"); !ok {
			t.Fatalf("after %d bytes the journal does not go on", cut)
		}
	}
}

func TestLinesThatMakeNoSense(t *testing.T) {
	folder := t.TempDir()
	lines := header + "\nrun\ndone\ndone \"a\ndone \"a\" 1\ndone \"a\" 1 2 \"b\" 3\ndone \"a\" 1 2 \"b\" 3 4 5\ndone \"a\" 1 2\"b\" 3 4\nwhat\n" +
		strings.Repeat("x", 5000) + "\ndone \"good\" 1 2 \"b\" 3 4\n"
	if err := os.WriteFile(filepath.Join(folder, Name), []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := Read(folder, Run{Options: options})
	if err != nil || len(j.entries) != 1 {
		t.Fatalf("%v, %v", j, err)
	}
	if s, _ := j.Check(filepath.Join(folder, "good"), Stamp{1, 2}, filepath.Join(folder, "b"), Stamp{3, 4}); s != OtherOptions {
		t.Errorf("a result without a run is in state %v", s)
	}
	for _, other := range []string{"\n", "something else\n", strings.Repeat("x", 1<<20)} {
		if err := os.WriteFile(filepath.Join(folder, Name), []byte(other), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(folder, Run{}); fault.KindOf(err) != fault.Damaged {
			t.Errorf("a file of %d bytes is taken for a journal: %v", len(other), err)
		}
	}
}

func TestOneRunAtATime(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder, options, false)
	if _, err := Open(folder, Run{Options: options}); fault.KindOf(err) != fault.Busy || !strings.Contains(err.Error(), "another run is writing to") {
		t.Errorf("error %v", err)
	}
	j.Close()
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("a run without results leaves %v (%v)", left, err)
	}
	if _, err := Open(filepath.Join(folder, "none"), Run{}); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	if j, err := Read(folder, Run{Options: options}); j != nil || err != nil {
		t.Errorf("%v, %v", j, err)
	}
	if err := os.Mkdir(filepath.Join(folder, Name), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(folder, Run{Options: options}); fault.KindOf(err) != fault.Conflict {
		t.Error(err)
	}
}

// A nil journal is one of nothing.
func TestNoJournal(t *testing.T) {
	var j *Journal
	if s, _ := j.Check("a", result, "b", source); s != Unknown || j.Made("a", result) || j.Done("a", result, "b", source) != nil || j.End() != nil {
		t.Error("a journal that is not there knows something")
	}
	j.Close()
}

func TestAnyNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		want := Stamp{rapid.Int64().Draw(t, "size"), rapid.Int64().Draw(t, "time")}
		var got Stamp
		back, rest, ok := parseFile(fileText(name, want), &got)
		if !ok || back != name || got != want || rest != "" {
			t.Fatalf("%q %v became %q %v", name, want, back, got)
		}
	})
}

// What is only there to go on after a kill goes away when the run has come to its end, but not what tells of other runs.
func TestPassingRuns(t *testing.T) {
	folder := t.TempDir()
	passing := func() *Journal {
		j, err := Open(folder, Run{Options: options, Passing: true})
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	isThere := func() bool {
		_, err := os.Stat(filepath.Join(folder, Name))
		return err == nil
	}
	j := passing()
	done(t, j, "a", result, "in", source)
	j.Close()
	if !isThere() {
		t.Fatal("a run that was killed leaves no journal")
	}
	j = passing()
	if s, thisRun := j.Check("a", result, "in", source); s != UpToDate || !thisRun {
		t.Error("it does not go on")
	}
	if err := j.End(); err != nil {
		t.Fatal(err)
	}
	j.Close()
	if isThere() {
		t.Error("a run that came to its end leaves its journal")
	}
	j = open(t, folder, options, false)
	done(t, j, "a", result, "in", source)
	j.Close()
	j = passing()
	done(t, j, "b", result, "in", source)
	if err := j.End(); err != nil {
		t.Fatal(err)
	}
	j.Close()
	if !isThere() {
		t.Error("a journal of other runs was removed")
	}
}
