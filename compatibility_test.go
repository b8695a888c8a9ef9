package classsr_test

import (
	"fmt"
	"go/types"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// public are the packages whose exported names stay (docs/compatibility.md).
var public = []string{"classsr", "classsr/client", "classsr/imageio", "classsr/picture"}

// What the release exported is still there, with the same types; more may come. UPDATE=1 records anew what is there now.
func TestTheGoAPIStays(t *testing.T) {
	const recorded = "testdata/1.0.0/go.txt"
	loaded, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedTypes}, public...)
	if err != nil {
		t.Fatal(err)
	}
	var now []string
	for _, pkg := range loaded {
		if len(pkg.Errors) > 0 {
			t.Fatal(pkg.Errors)
		}
		scope := pkg.Types.Scope()
		for _, name := range scope.Names() {
			if object := scope.Lookup(name); object.Exported() {
				now = append(now, exported(pkg.PkgPath, object)...)
			}
		}
	}
	slices.Sort(now)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(recorded, []byte(strings.Join(now, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(recorded)
	if err != nil {
		t.Fatal(err)
	}
	before := strings.Split(strings.TrimSpace(strings.ReplaceAll(string(text), "\r", "")), "\n")
	if len(before) < 100 {
		t.Fatalf("%s has %d lines only", recorded, len(before))
	}
	for _, line := range before {
		if !slices.Contains(now, line) {
			t.Errorf("what was promised is gone, or another thing now: %s", line)
		}
	}
}

// exported tells of an object what programs that use it rely on, a line each: its type, and the fields and methods of types, also of types of other packages that have a
// name here.
func exported(in string, object types.Object) []string {
	full := func(p *types.Package) string { return p.Path() }
	at := in + "." + object.Name()
	kind, ok := object.(*types.TypeName)
	if !ok {
		return []string{fmt.Sprintf("%s %s", at, types.TypeString(object.Type(), full))}
	}
	t := types.Unalias(kind.Type())
	lines := []string{at + " type"}
	if s, ok := t.Underlying().(*types.Struct); ok {
		for field := range s.Fields() {
			if field.Exported() {
				lines = append(lines, fmt.Sprintf("%s.%s %s", at, field.Name(), types.TypeString(field.Type(), full)))
			}
		}
	} else {
		lines = append(lines, fmt.Sprintf("%s is %s", at, types.TypeString(t.Underlying(), full)))
	}
	methods := types.NewMethodSet(types.NewPointer(t))
	for method := range methods.Methods() {
		if method.Obj().Exported() {
			lines = append(lines, fmt.Sprintf("%s.%s %s", at, method.Obj().Name(), types.TypeString(method.Type(), full)))
		}
	}
	return lines
}
