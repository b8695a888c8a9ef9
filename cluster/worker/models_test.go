package worker

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/models"
	"classsr/pipeline"
	"classsr/server/blobs"
	"classsr/server/library"
	"classsr/weights"
)

// sentModel is a model in a file that says that it is a built-in one.
func sentModel(t *testing.T) (data []byte, sum blobs.Sum) {
	t.Helper()
	m := branchtest.ClassSR(t, "fsrcnn", 4, 2)
	m.Name = models.Default
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), sha256.Sum256(b.Bytes())
}

// read is what a shelf has of the model in a file.
func read(t *testing.T, data []byte) func([sha256.Size]byte) (*weights.Model, error) {
	return func(sum [sha256.Size]byte) (*weights.Model, error) {
		m, err := weights.Read(bytes.NewReader(data), int64(len(data)), 0)
		if err != nil || sum != sha256.Sum256(data) {
			t.Errorf("the model cannot be read, or is another one: %v", err)
		}
		m.Name = models.InFile(sum)
		return m, err
	}
}

// withModels gives a worker a place for models.
func (o Options) withModels(t *testing.T) Options {
	t.Helper()
	l, err := library.Open(t.TempDir(), library.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o.Library, o.Shelf = l, pipeline.NewShelf(64<<20)
	o.Shelf.Files = func(sum [sha256.Size]byte) (*weights.Model, error) { return l.Load(sum) }
	return o
}

// A model that is not here is fetched, once, for pictures and for rows; then all is as with a built-in one.
func TestModelsAreFetched(t *testing.T) {
	data, sum := sentModel(t)
	home := pipeline.NewShelf(64 << 20)
	home.Files = read(t, data)
	d := newDesk(t)
	d.models = map[blobs.Sum][]byte{sum: data}
	upload := uploads(t)[0]
	upload.Order = map[string]string{"model": models.InFile(sum)}
	d.start(d.options().withModels(t))
	d.give("u1", wire.Pictures, d.pack("u1", upload, uploads(t)[1]))
	u := d.over("u1")
	files, got, err := u.unpack()
	if err != nil || len(files) < 2 || files[0].Error != nil {
		t.Fatalf("%v, %+v, %+v", err, files, u.failed)
	}
	if want, _ := aloneWith(t, upload, home); !bytes.Equal(got[0], want) {
		t.Error("the result has other bytes than at home")
	}
	m, err := home.Files(sum)
	if err != nil {
		t.Fatal(err)
	}
	rows := divideBy(t, classsr.ModelOf(m), branchtest.Patchwork(120, 300, 3, false, 8))
	d.give("u2", wire.Rows, d.pack("u2", rows.input(0, 300)...))
	u = d.over("u2")
	if u.failed != nil {
		t.Fatalf("rows: %+v", u.failed)
	}
	if n := rows.check("rows", u.result, 0); n != 300 {
		t.Errorf("%d rows came", n)
	}
	if d.fetched != 1 {
		t.Errorf("the model was fetched %d times", d.fetched)
	}
}

// A model that is another one than its name says, or is gone, is no fault of the pictures: their units go elsewhere, and nothing is kept.
func TestModelsThatCannotBeFetched(t *testing.T) {
	data, sum := sentModel(t)
	d := newDesk(t)
	wrong, gone := blobs.Sum{1}, blobs.Sum{2}
	cut := blobs.Sum{3}
	d.models = map[blobs.Sum][]byte{wrong: data, cut: data[:len(data)/2], sum: data}
	o := d.options().withModels(t)
	d.start(o)
	for unit, asked := range map[string]blobs.Sum{"wrong": wrong, "gone": gone, "cut": cut} {
		upload := uploads(t)[0]
		upload.Order = map[string]string{"model": models.InFile(asked)}
		d.give(unit, wire.Pictures, d.pack(unit, upload))
		u := d.over(unit)
		if u.failed == nil || !u.failed.Elsewhere || u.failed.Kind == fault.NotFound {
			t.Errorf("%s: %+v", unit, u.failed)
		}
		if o.Library.Use(asked) == nil {
			t.Errorf("%s: it was kept", unit)
		}
	}
	d.mu.Lock()
	d.hook = func(what, unit string, _ wire.Query) error {
		if what == "model" {
			return fault.New(fault.NotFound, "unit %s is over", unit)
		}
		return nil
	}
	d.mu.Unlock()
	upload := uploads(t)[0]
	upload.Order = map[string]string{"model": models.InFile(sum)}
	d.give("over", wire.Pictures, d.pack("over", upload))
	d.give("next", wire.Pictures, d.pack("next", uploads(t)[1]))
	if u := d.over("next"); u.failed != nil {
		t.Errorf("after a unit that was over: %+v", u.failed)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if u := d.units["over"]; u.last != nil || u.failed != nil || strings.Contains(string(u.result), "error") {
		t.Errorf("a unit that was over: %+v", u)
	}
}
