package walk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// inFolder makes files in a new folder and goes there.
func inFolder(t *testing.T, names ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, name := range names {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func isPicture(name string) bool {
	return slices.Contains([]string{".png", ".jpg"}, strings.ToLower(path.Ext(name)))
}

// found lists what Walk finds below a root.
func found(t *testing.T, root string, o Options) (string, Left) {
	t.Helper()
	o.Wanted = isPicture
	var all []string
	left, err := Walk(context.Background(), root, o, func(f Folder) error {
		for _, file := range f.Files {
			all = append(all, path.Join(f.Below, file.Name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " "), left
}

func patterns(t *testing.T, texts ...string) Patterns {
	t.Helper()
	p, err := NewPatterns(texts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWalk(t *testing.T) {
	inFolder(t, "in/img10.png", "in/img2.PNG", "in/a.txt", "in/.hidden.png", "in/sub/b.jpg", "in/sub/deep/c.png", "in/.git/d.png",
		"in/Sub2/e.png", "in/out/f.png")
	for _, c := range []struct {
		name    string
		options Options
		want    string
		folders int
	}{
		{"one folder", Options{}, "img2.PNG img10.png", 3},
		{"one level", Options{Depth: 1}, "img2.PNG img10.png out/f.png sub/b.jpg Sub2/e.png", 1},
		{"all", Options{Depth: All}, "img2.PNG img10.png out/f.png sub/b.jpg sub/deep/c.png Sub2/e.png", 0},
		{"pruned", Options{Depth: All, Prune: func(p string) bool { return filepath.Base(p) == "out" }},
			"img2.PNG img10.png sub/b.jpg sub/deep/c.png Sub2/e.png", 0},
		{"included by name", Options{Depth: All, Include: patterns(t, "*.png")}, "img2.PNG img10.png out/f.png sub/deep/c.png Sub2/e.png", 0},
		{"included by path", Options{Depth: All, Include: patterns(t, "sub/**")}, "sub/b.jpg sub/deep/c.png", 0},
		{"excluded", Options{Depth: All, Exclude: patterns(t, "sub", "IMG2.*")}, "img10.png out/f.png Sub2/e.png", 0},
		{"excluded at the root", Options{Depth: All, Exclude: patterns(t, "/img*.png", "deep/")}, "out/f.png sub/b.jpg Sub2/e.png", 0},
		{"both", Options{Depth: All, Include: patterns(t, "*.{jpg,png}"), Exclude: patterns(t, "s*/**")}, "img2.PNG img10.png out/f.png", 0},
		{"matching", Options{Depth: 1, Match: patterns(t, "*/*.png")}, "out/f.png Sub2/e.png", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, left := found(t, "in", c.options); got != c.want || left.Folders != c.folders {
				t.Errorf("found %q and left %d folders, want %q and %d", got, left.Folders, c.want, c.folders)
			}
		})
	}
	if _, err := Walk(context.Background(), "nothere", Options{Wanted: isPicture}, nil); !errors.Is(err, os.ErrNotExist) ||
		!strings.HasPrefix(err.Error(), "cannot read the folder nothere: ") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Walk(ctx, "in", Options{Wanted: isPicture}, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A loop of links is no trap, a link to a file is followed.
func TestLinks(t *testing.T) {
	inFolder(t, "in/sub/a.png", "b.png")
	for link, target := range map[string]string{"in/sub/up": "..", "in/self": "self", "in/b.png": "../b.png", "in/gone.png": "nowhere.png"} {
		if err := os.Symlink(target, link); err != nil {
			t.Skip(err)
		}
		if _, err := os.Lstat(link); err != nil {
			t.Skip("wine says that it made a link:", err)
		}
	}
	got, left := found(t, "in", Options{Depth: All})
	if got != "b.png gone.png sub/a.png" || left.Links != 1 {
		t.Errorf("found %q, %d links", got, left.Links)
	}
}

func TestFoldersThatCannotBeRead(t *testing.T) {
	inFolder(t, "in/a.png", "in/closed/b.png")
	if err := os.Chmod("in/closed", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadDir("in/closed"); err == nil {
		t.Skip("nothing is closed to this user")
	}
	got, left := found(t, "in", Options{Depth: All})
	if got != "a.png" || len(left.Errors) != 1 || !strings.Contains(left.Errors[0].Error(), "closed: permission denied") {
		t.Errorf("found %q, errors %v", got, left.Errors)
	}
}

func TestSplit(t *testing.T) {
	for text, want := range map[string]string{
		"in/*.jpg": "in [*.jpg] 0", "in/**/*.jpg": "in [**/*.jpg] -1", "*.png": ". [*.png] 0", "a/b*/c/?.png": "a [b*/c/?.png] 2",
		"/abs/{x,y}.png": "/abs [{x,y}.png] 0",
	} {
		root, o, err := Split(filepath.FromSlash(text))
		if got := fmt.Sprint(filepath.ToSlash(root), " ", o.Match, " ", o.Depth); err != nil || got != want {
			t.Errorf("%s: %s (%v), want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"[", "", "/", "{a", "a[b-"} {
		if _, err := NewPatterns([]string{text}); err == nil {
			t.Errorf("%q is taken for a pattern", text)
		}
	}
}

func TestNatural(t *testing.T) {
	want := []string{"1.png", "02.png", "2.png", "10.png", "A.png", "a.png", "a1.png", "a01b.png", "a2.png", "a10.png", "B.png", "é.png"}
	got := slices.SortedFunc(slices.Values([]string{
		"a10.png", "é.png", "B.png", "2.png", "a2.png", "a01b.png", "10.png", "a.png", "A.png", "02.png", "1.png", "a1.png",
	}), Natural)
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// It is an order: for all names, whatever they consist of.
func TestNaturalIsAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[aA0-2._é]{0,6}`)
		a, b, c := name.Draw(t, "a"), name.Draw(t, "b"), name.Draw(t, "c")
		if Natural(a, b) != -Natural(b, a) || (Natural(a, b) == 0) != (a == b) || Natural(a, b) <= 0 && Natural(b, c) <= 0 && Natural(a, c) > 0 {
			t.Fatalf("%q, %q, %q", a, b, c)
		}
	})
}
