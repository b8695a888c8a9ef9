// Package testref finds the reference data that tests compare with: pictures, weights, and tensors that PyTorch wrote. It
// lies outside the repository, in the folder that CLASSSR_SHARED names (by default the folder shared beside the checkout). It also
// decides which tests may be skipped.
package testref

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sbinet/npyio/npz"

	"classsr/tensor"
)

// Path returns the path of a file or folder of the reference data, such as Path(t, "data", "test", "Set5"). Where it is
// absent the test ends as Missing says.
func Path(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("CLASSSR_SHARED")
	if root == "" {
		root = filepath.Join(moduleRoot(t), "..", "shared")
	}
	path := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		Missing(t, "reference data %s not found: set CLASSSR_SHARED to the folder that holds it", filepath.Join(elem...))
	}
	return path
}

// moduleRoot is the folder of go.mod: tests run in their package's folder, somewhere below it.
func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = parent
	}
}

// Archive is an open .npz file of reference tensors.
type Archive struct {
	t    testing.TB
	name string
	r    *npz.Reader
}

// OpenNPZ opens reference/name; where it is absent the test ends as Missing says.
func OpenNPZ(t testing.TB, name string) *Archive {
	t.Helper()
	// The reader takes four bytes at a time, so that the file has to be in memory.
	file, err := os.ReadFile(Path(t, "reference", name))
	if err != nil {
		t.Fatal(err)
	}
	r, err := npz.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return &Archive{t, name, r}
}

// Keys lists the arrays of the archive, without their file ending.
func (a *Archive) Keys() []string {
	keys := a.r.Keys()
	for i, k := range keys {
		keys[i] = strings.TrimSuffix(k, ".npy")
	}
	return keys
}

// Array reads a float32 array.
func (a *Archive) Array(key string) tensor.Array {
	a.t.Helper()
	array := tensor.Array{Dims: a.dims(key)}
	a.read(key, &array.Data)
	return array
}

// Picture reads an array of bytes, height x width x 3.
func (a *Archive) Picture(key string) (width, height int, pix []uint8) {
	a.t.Helper()
	d := a.dims(key)
	if len(d) != 3 || d[2] != 3 {
		a.t.Fatalf("%s: %s has dimensions %v, want a picture of three channels", a.name, key, d)
	}
	a.read(key, &pix)
	return d[1], d[0], pix
}

// Number reads an array of float64 that holds a single one.
func (a *Archive) Number(key string) float64 {
	a.t.Helper()
	var number float64
	a.read(key, &number)
	return number
}

// Tensor reads a four-dimensional float32 array as NCHW.
func (a *Archive) Tensor(key string) *tensor.Tensor {
	a.t.Helper()
	array := a.Array(key)
	d := array.Dims
	if len(d) == 2 {
		d = []int{d[0], d[1], 1, 1}
	}
	if len(d) != 4 {
		a.t.Fatalf("%s: %s has dimensions %v, want four", a.name, key, d)
	}
	return tensor.Wrap(tensor.Shape{N: d[0], C: d[1], H: d[2], W: d[3]}, array.Data)
}

func (a *Archive) dims(key string) []int {
	a.t.Helper()
	header := a.r.Header(key + ".npy")
	if header == nil {
		a.t.Fatalf("%s holds no array %s", a.name, key)
	}
	return header.Descr.Shape
}

func (a *Archive) read(key string, into any) {
	a.t.Helper()
	if err := a.r.Read(key+".npy", into); err != nil {
		a.t.Fatalf("%s: %s: %v", a.name, key, err)
	}
}
