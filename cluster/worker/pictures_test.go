package worker

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"classsr/branch/branchtest"
	"classsr/budget"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/imageio"
	"classsr/picture"
	"classsr/pipeline"
	"classsr/pipeline/order"
	"classsr/server/view"
)

// file is a picture as a file of a format.
func file(t *testing.T, p *picture.Picture, format string) []byte {
	t.Helper()
	var b bytes.Buffer
	path := filepath.Join(t.TempDir(), "picture")
	f, err := os.Create(path)
	if err == nil {
		err = imageio.Encode(f, p, format, imageio.EncodeOptions{})
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b.Write(data)
	return b.Bytes()
}

// alone is what the pipeline makes of a picture without a cluster, and its view, if it has one.
func alone(t *testing.T, c content) (data, shown []byte) {
	t.Helper()
	return aloneWith(t, c, nil)
}

// aloneWith is alone with models of a shelf.
func aloneWith(t *testing.T, c content, shelf *pipeline.Shelf) (data, shown []byte) {
	t.Helper()
	folder := t.TempDir()
	in, out, small := filepath.Join(folder, "in"), filepath.Join(folder, "out"+c.Ending), filepath.Join(folder, "view")
	if err := os.WriteFile(in, c.data, 0o600); err != nil {
		t.Fatal(err)
	}
	var o order.Order
	for name, value := range c.Order {
		if err := o.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	p, err := o.Pipeline(shelf, budget.New(memory300, 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	v := view.OfResult(c.Ending, nil, nil)
	p.Rows = v.Rows
	if _, err := p.Single(t.Context(), pipeline.Job{Input: in, Output: out}); err != nil {
		t.Fatal(err)
	}
	made, err := v.Save(small)
	if err == nil && made {
		shown, err = os.ReadFile(small)
	}
	if err == nil {
		data, err = os.ReadFile(out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data, shown
}

// uploads are pictures of several kinds.
func uploads(t *testing.T) []content {
	t.Helper()
	upload := func(task, ending string, data []byte, set ...string) content {
		o := map[string]string{}
		for i := 0; i < len(set); i += 2 {
			o[set[i]] = set[i+1]
		}
		return content{wire.File{Task: task, Role: wire.Picture, Name: task + ".x", Ending: ending, Order: o}, data}
	}
	return []content{
		upload("png", ".png", file(t, branchtest.Patchwork(90, 60, 3, false, 8), "png"), "fast", "true"),
		upload("tiff", ".tif", file(t, branchtest.Patchwork(50, 40, 1, false, 16), "tiff"), "model", "fsrcnn-x2"),
		upload("alpha", ".png", file(t, branchtest.Patchwork(70, 50, 3, true, 8), "png"), "scale", "2.5", "fast", "true"),
	}
}

// Files are those that the pipeline makes, and what is wrong with one picture is told in its place.
func TestPicturesAreThoseOfThePipeline(t *testing.T) {
	d := newDesk(t)
	good := uploads(t)
	half := good[0]
	half.Task, half.data = "half", half.data[:len(half.data)/2]
	strange := good[0]
	strange.Task, strange.Order = "strange", map[string]string{"model": "not-here"}
	wrong := good[0]
	wrong.Task, wrong.Order = "wrong", map[string]string{"scale": "none"}
	huge := good[0]
	huge.Task, huge.data, huge.Order = "huge", file(t, picture.New(4000, 3000, 3, true, 8), "png"), map[string]string{"scale": "40"}
	d.start(d.options())
	d.give("u1", wire.Pictures, d.pack("u1", good[0], half, good[1], strange, wrong, huge, good[2]))
	got := d.over("u1")
	files, data, err := got.unpack()
	if err != nil || got.last == nil || got.last.Seconds <= 0 {
		t.Fatal(err, got.last, got.failed)
	}
	roles := map[string]map[wire.Role]int{}
	for i, f := range files {
		if roles[f.Task] == nil {
			roles[f.Task] = map[wire.Role]int{}
		}
		roles[f.Task][f.Role] = i
	}
	for _, c := range good {
		want, shown := alone(t, c)
		i := roles[c.Task][wire.Result]
		var told struct {
			Input, Output string
			Width         int
		}
		if err := json.Unmarshal(files[i].Report, &told); err != nil || told.Input != c.Name || told.Output != "" || told.Width == 0 {
			t.Errorf("%s: the report is %s (%v)", c.Task, files[i].Report, err)
		}
		if !bytes.Equal(data[i], want) || files[i].Ending != c.Ending || files[i].Seconds <= 0 {
			t.Errorf("%s: another file, %+v", c.Task, files[i])
		}
		at, has := roles[c.Task][wire.View]
		if has != (shown != nil) || has && !bytes.Equal(data[at], shown) {
			t.Errorf("%s: another view (%t)", c.Task, has)
		}
	}
	if _, has := roles["tiff"][wire.View]; has {
		t.Error("a small TIFF has a view, which is made when it is asked for")
	}
	if _, has := roles["png"][wire.Map]; !has {
		t.Error("a routed picture has no map")
	}
	for task, want := range map[string]wire.Problem{
		"half": {Kind: fault.Damaged}, "strange": {Kind: fault.Usage, Elsewhere: true}, "wrong": {Kind: fault.Usage}, "huge": {Kind: fault.TooLarge, Elsewhere: true},
	} {
		p := files[roles[task][wire.Result]].Error
		if p == nil || p.Kind != want.Kind || p.Elsewhere != want.Elsewhere || len(roles[task]) != 1 || bytes.Contains([]byte(p.Message), []byte(os.TempDir())) {
			t.Errorf("%s: %+v", task, p)
		}
	}
}

// What was changed after its hash was taken is found out.
func TestCorruptPicturesAreFoundOut(t *testing.T) {
	d := newDesk(t)
	o := d.options()
	o.Corrupt = func(b []byte) { b[len(b)/2] ^= 1 }
	d.start(o)
	d.give("u1", wire.Pictures, d.pack("u1", uploads(t)[:1]...))
	got := d.over("u1")
	if _, _, err := got.unpack(); fault.KindOf(err) != fault.Damaged {
		t.Error(err)
	}
}

// Inputs that were damaged on their way, or hold something else, fail as a whole, and another machine may do them.
func TestInputsAreChecked(t *testing.T) {
	d := newDesk(t)
	good := d.pack("u1", uploads(t)...)
	damaged, short := bytes.Clone(good), good[:len(good)-100]
	damaged[len(damaged)-100] ^= 1
	brief := d.pack("u1", content{wire.File{Task: "t", Role: wire.Brief}, []byte("{}")})
	d.start(d.options())
	d.give("damaged", wire.Pictures, damaged)
	d.give("short", wire.Pictures, short)
	d.give("other", wire.Pictures, brief)
	d.give("no-samples", wire.Rows, brief)
	d.give("empty", wire.Pictures, nil)
	for _, unit := range []string{"damaged", "short", "other", "no-samples", "empty"} {
		if got := d.over(unit); got.failed == nil || got.failed.Kind != fault.Damaged || !got.failed.Elsewhere {
			t.Errorf("%s: %+v", unit, got.failed)
		}
	}
	d.give("good", wire.Pictures, good)
	if got := d.over("good"); got.last == nil {
		t.Errorf("%+v", got.failed)
	}
}
