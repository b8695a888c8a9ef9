package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A journal stays about as long as there are results, however often they are made again, and says the same.
func TestJournalsStaySmall(t *testing.T) {
	folder := t.TempDir()
	name := filepath.Join(folder, Name)
	longest, in := int64(0), filepath.Join(folder, "in") // beside the results: lines are as long wherever the folder is
	for i := range 12 {                                  // runs over the same 500 results
		j := open(t, folder, options, i%2 == 0)
		if info, err := os.Stat(name); err == nil {
			longest = max(longest, info.Size())
		}
		for k := range 500 {
			done(t, j, fmt.Sprint("out/", k), Stamp{int64(i), int64(k)}, in, source)
		}
		if i < 11 {
			if err := j.End(); err != nil {
				t.Fatal(err)
			}
		}
		j.Close()
	}
	j := open(t, folder, options, false)
	defer j.Close()
	for k := range 500 {
		if s, thisRun := j.Check(fmt.Sprint("out/", k), Stamp{11, int64(k)}, in, source); s != UpToDate || !thisRun {
			t.Fatalf("result %d: %v, %v", k, s, thisRun)
		}
	}
	if longest > 2600*90 {
		t.Errorf("the journal of 500 results had %d bytes", longest)
	}
}

func TestShorten(t *testing.T) {
	name := filepath.Join(t.TempDir(), Name)
	line := func(result string, size int) string {
		return fmt.Sprintf("done %s %s\n", fileText(result, Stamp{Size: int64(size)}), fileText("in", Stamp{}))
	}
	text := header + line("0", 0) + "nonsense\nrun 1\n" + line("a", 1) + line("b", 1) + "end\nrun 2\nend\nrun 3\n" + line("b", 3) + "done x\nend\nrun 4\n" +
		line("a", 4) + line("c", 4) + line("c", 5) + "end\nrun 5\n"
	want := header + line("0", 0) + "run 3\n" + line("b", 3) + "end\nrun 4\n" + line("a", 4) + line("c", 5) + "end\nrun 5\n"
	for _, rest := range []string{"", "done \"cut"} {
		if err := os.WriteFile(name, []byte(text+rest), 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := Read(filepath.Dir(name), Run{})
		if err != nil {
			t.Fatal(err)
		}
		if err := shorten(name, j.entries); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("it became\n%s(%v) want\n%s", strings.TrimPrefix(string(got), header), err, strings.TrimPrefix(want, header))
		}
	}
}
