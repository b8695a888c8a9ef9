package models

import (
	"io/fs"
	"maps"
	"slices"
	"testing"
)

// TestBuiltins opens every model and compares it with what is said of it.
func TestBuiltins(t *testing.T) {
	used := map[string]bool{}
	for _, b := range builtins {
		file, scale, err := Open(b.Name)
		if err != nil {
			t.Errorf("%s: %v", b.Name, err)
			continue
		}
		used[b.file] = true
		if file.Name != b.Name || scale != b.Scale || !slices.Contains(file.Scales(), b.Scale) {
			t.Errorf("%s: opened as %s, x%d of %v", b.Name, file.Name, scale, file.Scales())
		}
		if classes := file.ClassModule != nil; classes != b.Classes || (file.Weak != nil) != b.Denoise {
			t.Errorf("%s: classes %v, weak end %v, but it is listed otherwise", b.Name, classes, file.Weak != nil)
		}
		if label, err := b.Label(); err != nil || label.Licence != file.Licence || !slices.Equal(label.Classes, file.Classes) {
			t.Errorf("%s: label %+v, %v", b.Name, label, err)
		}
		if file.Licence == "" || file.Provenance == "" || !slices.Contains(Kinds, b.Kind) || b.rank < 1 {
			t.Errorf("%s: kind %q, rank %d, licence %q, from %q", b.Name, b.Kind, b.rank, file.Licence, file.Provenance)
		}
	}
	names, err := fs.Glob(files, "*.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !used[name] {
			t.Errorf("%s is in the program, and no model uses it", name)
		}
	}
	if file, _, err := Open("nothing"); file != nil || err != nil {
		t.Errorf("no model: %v, %v", file, err)
	}
}

// TestOneIsChosen makes sure that the order of the list decides nothing.
func TestOneIsChosen(t *testing.T) {
	type group struct {
		scale, rank int
		kind        Kind
		fast        bool
	}
	seen, names := map[group]string{}, map[string]bool{}
	for _, b := range builtins {
		g := group{b.Scale, b.rank, b.Kind, b.Fast}
		if seen[g] != "" || names[b.Name] {
			t.Errorf("%s and %s have the same scale, kind, speed and rank, or name", seen[g], b.Name)
		}
		seen[g], names[b.Name] = b.Name, true
	}
	if got := Names(); got[0] != Default || len(got) != len(builtins) {
		t.Errorf("names %v", got)
	}
	if b, _ := Choose(4, Wanted{Kind: Clean}); b.Name != Default {
		t.Errorf("%s is chosen where nothing is asked for, and the default is %s", b.Name, Default)
	}
	if b, _ := Choose(4, Wanted{Kind: Clean, Fast: true}); b.Name != Fast {
		t.Errorf("%s is chosen as the fast one, which is %s", b.Name, Fast)
	}
}

// with has other models in the program for a test.
func with(t *testing.T, list ...Builtin) {
	t.Helper()
	saved := builtins
	builtins = list
	t.Cleanup(func() { builtins = saved })
}

func TestNextBest(t *testing.T) {
	with(t,
		Builtin{Name: "good", Scale: 4, Kind: Clean, Classes: true, rank: 2}, Builtin{Name: "better", Scale: 4, Kind: Clean, Classes: true, rank: 1},
		Builtin{Name: "photo", Scale: 4, Kind: Photo, Classes: true, rank: 1}, Builtin{Name: "real", Scale: 4, Kind: Real, rank: 1},
		Builtin{Name: "fast", Scale: 4, Kind: Clean, Fast: true, rank: 1}, Builtin{Name: "slow2", Scale: 2, Kind: Clean, rank: 1},
		Builtin{Name: "photo3", Scale: 3, Kind: Photo, rank: 1}, Builtin{Name: "real3", Scale: 3, Kind: Real, rank: 1},
		Builtin{Name: "real8", Scale: 8, Kind: Real, rank: 1})
	for _, c := range []struct {
		scale         int
		kind          Kind
		fast, classes bool
		want, missing string
	}{
		{4, Clean, false, false, "better", ""},
		{4, Photo, false, false, "photo", ""},
		{4, Photo, true, false, "fast", "there is no fast photo model for x4"},
		{4, Real, false, false, "real", ""},
		{4, Real, true, false, "real", "there is no fast real model for x4"},
		{4, Real, false, true, "photo", "there is no real model with classes for x4"},
		{4, Clean, true, true, "better", "there is no fast model with classes for x4"},
		{2, Photo, false, false, "slow2", "there is no photo model for x2"},
		{2, Clean, true, false, "slow2", "there is no fast model for x2"},
		{2, Real, true, false, "slow2", "there is no fast real model for x2"},
		{3, Clean, false, false, "photo3", "there is no clean model for x3"},
		{3, Real, false, false, "real3", ""},
		{8, Clean, false, false, "", ""}, // nothing invents texture unless it is asked to
		{8, Photo, true, false, "", ""},
		{2, Clean, false, true, "", ""},
		{5, Real, false, false, "", ""},
	} {
		w := Wanted{c.kind, c.fast, c.classes}
		b, ok := Choose(c.scale, w)
		if b.Name != c.want || ok != (c.want != "") || ok && b.Missing(w) != c.missing {
			t.Errorf("x%d, %+v: %q, %q; want %q, %q", c.scale, w, b.Name, b.Missing(w), c.want, c.missing)
		}
	}
	for w, want := range map[Wanted][]int{
		{Kind: Clean}: {2, 4}, {Kind: Clean, Fast: true}: {4}, {Kind: Photo}: {3, 4}, {Kind: Photo, Fast: true}: {4},
		{Kind: Real, Fast: true}: {3, 4, 8}, {Kind: Clean, Classes: true}: {4}, {Kind: Clean, Fast: true, Classes: true}: {4},
	} {
		if got := Scales(w); !slices.Equal(got, want) {
			t.Errorf("%+v: scales %v, want %v", w, got, want)
		}
	}
}

// TestEveryScaleHasAll asks for everything at every scale that there is.
func TestEveryScaleHasAll(t *testing.T) {
	scales := map[int]bool{}
	for _, b := range builtins {
		scales[b.Scale] = true
	}
	for _, scale := range slices.Sorted(maps.Keys(scales)) {
		for _, kind := range Kinds {
			for _, fast := range []bool{false, true} {
				b, ok := Choose(scale, Wanted{Kind: kind, Fast: fast})
				if !ok || b.Scale != scale || b.Kind == Real && kind != Real {
					t.Errorf("x%d, %s, fast %v: %s", scale, kind, fast, b.Name)
				}
			}
		}
	}
}
