package library

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"classsr/arch"
	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/models"
	"classsr/server/blobs"
	"classsr/weights"
)

// modelFile is a model's file; models of other widths are others.
func modelFile(t *testing.T, width int) []byte {
	t.Helper()
	spec, err := arch.Paper("fsrcnn", 4, width)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	m := weights.Single(spec, branchtest.RandomParams(spec))
	m.Name = models.Default
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t *testing.T, folder string, o Options) *Library {
	t.Helper()
	l, err := Open(folder, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func add(t *testing.T, l *Library, data []byte) blobs.Sum {
	t.Helper()
	sum, err := l.Add("", bytes.NewReader(data), int64(len(data)), Check)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// files lists what is in a folder.
func files(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestAddAndLoad(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "models")
	l := open(t, folder, Options{})
	data := modelFile(t, 12)
	sum := add(t, l, data)
	if again, err := l.Add("", bytes.NewReader(data), -1, func(io.ReaderAt, int64) error { return errors.New("it is there") }); again != sum || err != nil {
		t.Errorf("the same once more: %v", err)
	}
	if err := os.WriteFile(filepath.Join(folder, incoming+"1"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	l = open(t, folder, Options{}) // after a restart
	if names := files(t, folder); len(names) != 1 {
		t.Errorf("in the folder is %v", names)
	}
	m, err := l.Load(sum)
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != models.InFile(sum) || len(m.Branches) != 1 {
		t.Errorf("it is %s with %d branches: the name is not for the file to say", m.Name, len(m.Branches))
	}
	d, err := l.Describe(sum)
	if err != nil || d.Name != models.Default || d.Bytes != int64(len(data)) || len(d.Scales) != 1 || d.Scales[0] != 4 || len(d.Classes) != 1 {
		t.Errorf("described as %+v, %v", d, err)
	}
}

// Whatever is no whole model of ours is refused, and nothing stays of it.
func TestRefusals(t *testing.T) {
	folder := t.TempDir()
	data := modelFile(t, 12)
	l := open(t, folder, Options{MostFile: int64(len(data))})
	changed := func(at int) []byte {
		other := bytes.Clone(data)
		other[at] ^= 1
		return other
	}
	long := binary.LittleEndian.AppendUint64(nil, 2*mostHeader)
	named := bytes.Replace(data, []byte("full"), []byte("fu\x01l"), 1)
	foreign := bytes.Replace(data, []byte("classsr-1"), []byte("classsr-0"), 1)
	for name, c := range map[string]struct {
		data []byte
		size int64
		kind fault.Kind
	}{
		"nothing":                     {nil, 0, fault.Unsupported},
		"a few bytes":                 {data[:5], 5, fault.Unsupported},
		"a checkpoint":                {[]byte("PK\x03\x04 and what follows"), -1, fault.Unsupported},
		"a flipped bit":               {changed(len(data) - 100), -1, fault.Damaged},
		"cut off":                     {data[:len(data)-4], -1, fault.Damaged},
		"more behind it":              {append(bytes.Clone(data), 0), -1, fault.TooLarge},
		"says that it is larger":      {data, int64(len(data)) + 1, fault.TooLarge},
		"a long header":               {append(long, data[8:]...), -1, fault.TooLarge},
		"of another program":          {foreign, -1, fault.Unsupported},
		"a class with a strange name": {named, -1, fault.Damaged},
	} {
		if _, err := l.Add("", bytes.NewReader(c.data), c.size, Check); fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v, of kind %s", name, err, fault.KindOf(err))
		}
	}
	broken := io.MultiReader(bytes.NewReader(data[:1000]), iotest.ErrReader(io.ErrClosedPipe))
	if _, err := l.Add("", broken, -1, Check); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a reader that breaks: %v", err)
	}
	if err := l.AddAs(blobs.Sum{1}, bytes.NewReader(data), -1); fault.KindOf(err) != fault.Damaged {
		t.Errorf("another one than was asked for: %v", err)
	}
	if names := files(t, folder); len(names) != 0 || l.used != 0 || l.promised != 0 {
		t.Errorf("of what was refused stay %v, %d and %d bytes", names, l.used, l.promised)
	}
	for name, err := range map[string]error{"use": l.Use(blobs.Sum{1}), "load": second(l.Load(blobs.Sum{1})), "describe": second(l.Describe(blobs.Sum{1}))} {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s of a model that is not there: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// A header within its bound takes no more memory than is reckoned with, whatever stands in it.
func TestHeaderTakesBoundedMemory(t *testing.T) {
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("the race detector allocates, too")
	}
	entry := `"%":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},`
	var header strings.Builder
	header.WriteString(`{"__metadata__":{"format":"classsr-1","scale":"[4]","classes":"[\"full\"]"},`)
	for n := 0; header.Len() < mostHeader-100; n++ {
		header.WriteString(strings.Replace(entry, "%", string(rune('a'+n%26))+strings.Repeat("x", n/26%40)+string(rune(0x4e00+n)), 1))
	}
	text := strings.TrimSuffix(header.String(), ",") + "}"
	data := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	most := uint64(ReadBytes(int64(len(data))))
	allocated := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			if err := Check(bytes.NewReader(data), int64(len(data))); fault.KindOf(err) != fault.Unsupported && fault.KindOf(err) != fault.Damaged {
				t.Errorf("empty tensors are taken for a network: %v", err)
			}
		}
	}).AllocedBytesPerOp()
	if uint64(allocated) > most {
		t.Errorf("%d bytes are allocated, where %d are reckoned with", allocated, most)
	}
	t.Logf("%d bytes allocated, %d reckoned with", allocated, most)
}

// What was used longest ago makes room, but not what is needed or was used a moment ago; what nobody uses goes.
func TestRoom(t *testing.T) {
	a, b, c := modelFile(t, 12), modelFile(t, 16), modelFile(t, 20)
	now := time.Now()
	needed := map[blobs.Sum]bool{}
	folder := t.TempDir()
	l := open(t, folder, Options{
		Most: int64(len(b) + len(c)), MostFile: int64(len(c)), Needed: func(s blobs.Sum) bool { return needed[s] }, now: func() time.Time { return now },
	})
	sumA, sumB := add(t, l, a), add(t, l, b)
	if _, err := l.Add("", bytes.NewReader(c), int64(len(c)), Check); fault.KindOf(err) != fault.Busy {
		t.Errorf("two came a moment ago: %v", err)
	}
	now = now.Add(time.Hour)
	if err := l.Use(sumA); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	needed[sumB] = true
	add(t, l, c)
	if l.Use(sumA) == nil || l.Use(sumB) != nil {
		t.Error("what is needed went, or what was not stays")
	}
	if got := files(t, folder); len(got) != 2 || l.promised != 0 {
		t.Errorf("there are %v, %d bytes are promised", got, l.promised)
	}
	now = now.Add(keepTime + time.Minute)
	if err := l.Expire(); err != nil {
		t.Fatal(err)
	}
	if got := files(t, folder); len(got) != 1 || l.Use(sumB) != nil {
		t.Errorf("after a month there are %v", got)
	}
	delete(needed, sumB)
	l = open(t, folder, Options{now: func() time.Time { return now }})
	if err := l.Expire(); err != nil || l.Use(sumB) != nil {
		t.Errorf("a model that was used a moment before the restart is gone: %v", err)
	}
}

// One owner's models make room for his own, so that he takes no more than half; others have theirs for as long as they may.
func TestOwners(t *testing.T) {
	a, b, c := modelFile(t, 12), modelFile(t, 16), modelFile(t, 20)
	l := open(t, t.TempDir(), Options{Most: int64(2*len(c) + 1000), MostFile: int64(len(c))})
	send := func(owner string, data []byte) blobs.Sum {
		sum, err := l.Add(owner, bytes.NewReader(data), int64(len(data)), Check)
		if err != nil {
			t.Fatalf("%s: %v", owner, err)
		}
		return sum
	}
	first := send("anna", a)
	of := send("bert", b)
	second := send("anna", c)
	if l.Use(first) == nil || l.Use(of) != nil || l.Use(second) != nil {
		t.Error("what makes room is not the owner's own")
	}
	l.Needed = func(s blobs.Sum) bool { return s == second }
	if _, err := l.Add("anna", bytes.NewReader(a), int64(len(a)), Check); fault.KindOf(err) != fault.Busy {
		t.Errorf("what jobs need does not go, and she has her half: %v", err)
	}
}

// A file that was changed on the disk, or removed, is not there any more.
func TestChangedOnTheDisk(t *testing.T) {
	folder := t.TempDir()
	l := open(t, folder, Options{})
	data := modelFile(t, 12)
	sum := add(t, l, data)
	data[len(data)-1] ^= 1
	if err := os.WriteFile(l.path(sum), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Load(sum); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a changed model: %v", err)
	}
	data[len(data)-1] ^= 1
	if again := add(t, l, data); again != sum {
		t.Error("it has another sum now")
	}
	if err := os.Remove(l.path(sum)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.File(sum); fault.KindOf(err) != fault.NotFound || l.used != 0 {
		t.Errorf("a removed model: %v", err)
	}
}
