package classsr_test

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// layers lists every package in the order of docs/architecture.md. A package, its tests included, imports only from lines
// above its own.
var layers = []string{
	"fault",
	"internal/stopwatch",
	"internal/kernel",
	"internal/portable",
	"internal/par",
	"internal/regular",
	"internal/atomicfile",
	"internal/filelock",
	"internal/sysmem",
	"tensor",
	"internal/testref",
	"internal/smalldisk",
	"nn",
	"arch",
	"arch/archtest",
	"program",
	"weights/torch",
	"weights/ncnn",
	"weights/onnx",
	"weights",
	"engine",
	"budget",
	"tile",
	"picture",
	"icc",
	"imageio/ifd",
	"metadata",
	"imageio/codec",
	"imageio/strips",
	"imageio/deflate",
	"imageio/png",
	"imageio/jpeg/baseline",
	"imageio/jpeg",
	"imageio/webp/vp8l",
	"imageio/webp",
	"imageio/tiff",
	"imageio/heif",
	"imageio/gif",
	"imageio/bmp",
	"imageio/pnm",
	"imageio/tga",
	"imageio/y4m",
	"imageio/yuv",
	"imageio",
	"resample",
	"degrade",
	"scaling",
	"metric",
	"route",
	"gpu/shaders",
	"gpu/shaders/translate",
	"gpu/vulkan",
	"gpu/device",
	"branch/branchtest",
	"branch",
	"cost",
	"gpu/link",
	"gpu/helper",
	"gpu/gputest",
	"gpu",
	"infer",
	"models",
	"internal/chart",
	"",
	"evaluate",
	"calibrate",
	"bench",
	"bench/cluster",
	"bench/nets",
	"bench/gpu",
	"bench/video",
	"cards",
	"convert",
	"dataset",
	"train/report",
	"train",
	"pipeline/walk",
	"pipeline/journal",
	"pipeline",
	"pipeline/order",
	"web",
	"server/problem",
	"server/fair",
	"server/pace",
	"server/tokens",
	"server/limits",
	"server/blobs",
	"server/library",
	"server/jobs",
	"server/view",
	"cluster/wire",
	"cluster/schedule",
	"cluster/queue",
	"cluster/queue/queuetest",
	"cluster/queue/embedded",
	"cluster/coordinator",
	"cluster/worker",
	"server/work",
	"server/metrics",
	"server/api",
	"server",
	"server/soak",
	"client",
	"cluster/remote",
	"licences",
	"cluster/field",
	"cmd/classsr-gpu",
	"cmd/classsr",
	"packaging/pack",
}

// alone lists packages that know nothing of some others above them.
var alone = map[string][]string{
	"tile":             {"nn", "arch", "weights", "engine", "imageio"},
	"picture":          {"nn", "arch", "weights", "engine", "route"},
	"route":            {"nn", "arch", "weights", "engine", "imageio", "picture"},
	"resample":         {"nn", "arch", "weights", "engine", "imageio"},
	"metric":           {"nn", "arch", "weights", "engine"},
	"imageio":          {"nn", "arch", "weights", "engine"},
	"program":          {"arch", "internal/kernel"},
	"engine":           {"weights", "weights/torch", "arch"},
	"internal/kernel":  {"tensor", "nn"},
	"branch":           {"imageio", "route"},
	"infer":            {"imageio", "internal/atomicfile"},
	"web":              {"imageio", "picture", "route", "pipeline"},
	"server/fair":      {"imageio", "picture", "pipeline"},
	"server/jobs":      {"imageio", "picture", "pipeline"},
	"server/api":       {"imageio", "picture", "pipeline"},
	"server/tokens":    {"imageio", "picture", "pipeline"},
	"server/limits":    {"imageio", "picture", "pipeline"},
	"server/metrics":   {"imageio", "picture", "pipeline"},
	"server/blobs":     {"imageio", "picture", "pipeline"},
	"cluster/schedule": {"imageio", "picture", "pipeline", "infer", "server/blobs", "server/jobs", "cluster/wire"},
	"cluster/queue":    {"imageio", "picture", "pipeline", "infer", "server/jobs", "cluster/schedule"},
	"cluster/worker":   {"server/jobs", "cluster/schedule"},
	"cluster/wire":     {"imageio", "pipeline", "infer", "server", "server/jobs", "server/limits", "server/tokens"},
	"client": {
		"server", "server/api", "server/work", "server/jobs", "server/blobs", "server/limits", "server/tokens", "server/pace", "server/fair", "server/problem",
		"imageio", "picture", "pipeline", "pipeline/order",
	},
	"cmd/classsr": {"engine", "nn", "tensor", "branch", "metric", "tile"},
}

// reserved says of some libraries which packages alone know them.
var reserved = map[string][]string{
	"github.com/nats-io/":                {"cluster/queue", "cluster/queue/embedded"},
	"github.com/nats-io/nats-server/v2/": {"cluster/queue/embedded"},
	// What imports it makes a program that needs the system's loader of shared libraries; bin/classsr is to be one file.
	"github.com/ebitengine/purego": {"gpu/vulkan", "gpu/device", "cmd/classsr-gpu"},
}

func TestFewPackagesKnowTheQueuesLibraries(t *testing.T) {
	for _, dir := range packageFolders(t) {
		pkg, err := build.Default.ImportDir(filepath.FromSlash("./"+dir), 0)
		if err != nil {
			t.Errorf("%s: %v", dir, err)
			continue
		}
		for _, imported := range slices.Concat(pkg.Imports, pkg.TestImports, pkg.XTestImports) {
			for library, by := range reserved {
				if strings.HasPrefix(imported, library) && !slices.Contains(by, dir) {
					t.Errorf("%s imports %s, which is for %v", dir, imported, by)
				}
			}
		}
	}
}

func TestPackagesImportOnlyDownwards(t *testing.T) {
	for _, dir := range packageFolders(t) {
		row := slices.Index(layers, dir)
		if row < 0 {
			t.Errorf("package %q has no line in the layers; add it here and to docs/architecture.md", dir)
			continue
		}
		pkg, err := build.Default.ImportDir(filepath.FromSlash("./"+dir), 0)
		if err != nil {
			t.Errorf("%s: %v", dir, err)
			continue
		}
		for _, imported := range slices.Concat(pkg.Imports, pkg.TestImports, pkg.XTestImports) {
			other, own := ownPackage(imported)
			if own && other != dir && slices.Index(layers, other) >= row {
				t.Errorf("%s imports %s, which is not above it", dir, other)
			}
		}
		for _, imported := range pkg.Imports { // tests may know more
			if other, own := ownPackage(imported); own && slices.Contains(alone[dir], other) {
				t.Errorf("%s is to know nothing of %s", dir, other)
			}
		}
	}
}

// The public package is a facade: what it does lies below it.
func TestTheRootIsSmall(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	if len(files) > 8 {
		t.Errorf("the root has %d files, at most 8 are allowed: %v", len(files), files)
	}
	exported := 0
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range file.Scope.Objects {
			if ast.IsExported(o.Name) {
				exported++
			}
		}
	}
	if exported > 22 {
		t.Errorf("the root exports %d names, at most 22 are allowed", exported)
	}
}

func TestGoroutinesForComputingStartInPar(t *testing.T) {
	for _, dir := range packageFolders(t) {
		if dir == "internal/par" || dir == "cmd/classsr" {
			continue
		}
		for name, file := range parsed(t, dir) {
			ast.Inspect(file, func(n ast.Node) bool {
				_, statement := n.(*ast.GoStmt)
				selector, ok := n.(*ast.SelectorExpr)
				if statement || ok && selector.Sel.Name == "Go" {
					t.Errorf("%s starts a goroutine; internal/par does that", name)
				}
				return true
			})
		}
	}
}

func TestLayersAreThoseOfTheDocument(t *testing.T) {
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for _, dir := range layers {
		line := "\n" + dir + "/ "
		if dir == "" {
			line = "\nclasssr (root) "
		}
		at := strings.Index(string(text), line)
		if at < last {
			t.Errorf("docs/architecture.md does not list %q, or in another order", dir)
			continue
		}
		last = at
	}
}

// A new operation takes one case where graphs are lowered and one where programs are packed for the kernels, since nothing else asks what
// an operation is: everybody else has its methods.
func TestOperationsAreToldApartInOnePlace(t *testing.T) {
	got := map[string]int{}
	for _, dir := range []string{"program", "engine"} {
		for name, file := range parsed(t, dir) {
			ast.Inspect(file, func(n ast.Node) bool {
				if _, ok := n.(*ast.TypeAssertExpr); ok { // of a switch, or alone
					got[filepath.ToSlash(name)]++
				}
				return true
			})
		}
	}
	want := map[string]int{
		"program/lower.go":        10, // all of nn; and what a convolution, a product, a sum or a shuffle before the operation can do with it
		"program/pooled.go":       4,  // what attention reads and makes
		"engine/pack.go":          1,
		"engine/tapepack.go":      1, // what nn does not compute
		"engine/tapereference.go": 1, // what it does
	}
	if !maps.Equal(got, want) {
		t.Errorf("types are asked for in %v, want %v", got, want)
	}
}

// parsed gives the files of a folder by their paths, without tests.
func parsed(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files[name], err = parser.ParseFile(token.NewFileSet(), name, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// ownPackage gives the folder of a package of this module.
func ownPackage(path string) (dir string, own bool) {
	if path == "classsr" {
		return "", true
	}
	return strings.CutPrefix(path, "classsr/")
}

// packageFolders lists the folders with Go files, the root as "".
func packageFolders(t *testing.T) []string {
	t.Helper()
	var folders []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			name := d.Name()
			if path != "." && (strings.HasPrefix(name, ".") || slices.Contains([]string{"testdata", "build", "bin", "runs"}, name)) {
				return fs.SkipDir
			}
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil && path != "." {
				return fs.SkipDir // a module of its own
			}
			return nil
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if dir == "." {
			dir = ""
		}
		if strings.HasSuffix(path, ".go") && !slices.Contains(folders, dir) {
			folders = append(folders, dir)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return folders
}

// The program is one static file: what loads the drivers of GPUs, and with them the system's libraries, is another program.
func TestNothingInTheProgramLoadsSharedLibraries(t *testing.T) {
	var look func(dir string, by []string)
	seen := map[string]bool{}
	look = func(dir string, by []string) {
		if seen[dir] {
			return
		}
		seen[dir] = true
		pkg, err := build.Default.ImportDir(filepath.FromSlash("./"+dir), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, imported := range pkg.Imports {
			if strings.HasPrefix(imported, "github.com/ebitengine/purego") {
				t.Errorf("%v import purego", append(by, dir))
			}
			if other, own := ownPackage(imported); own {
				look(other, append(by, dir))
			}
		}
	}
	look("cmd/classsr", nil)
	if !seen["gpu"] {
		t.Error("the program does not know package gpu")
	}
}
