package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"classsr/fault"
	"classsr/server/blobs"
)

// packed are packs with what their files hold.
type packed struct {
	Pack
	contents [][]byte
}

func (p packed) open(i int) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(p.contents[i])), nil
}

// bytes gives the stream.
func (p packed) bytes(t rapid.TB) []byte {
	var b bytes.Buffer
	if err := WritePack(&b, p.Pack, p.open); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (p *packed) add(f File, content []byte) {
	if f.Error == nil {
		f.Bytes = int64(len(content))
		if f.Role != Samples {
			f.Sum = sha256.Sum256(content)
		}
	}
	p.Files, p.contents = append(p.Files, f), append(p.contents, content)
}

var packs = rapid.Custom(func(t *rapid.T) packed {
	p := packed{Pack: Pack{Unit: names.Draw(t, "unit"), Attempt: numbers.Draw(t, "attempt")}}
	for range rapid.IntRange(0, 5).Draw(t, "files") {
		f := File{Task: names.Draw(t, "task"), Role: rapid.SampledFrom([]Role{Picture, Brief, Samples, Result, View, Map}).Draw(t, "role")}
		var content []byte
		switch f.Role {
		case Picture:
			f.Name, f.Ending = texts.Filter(func(s string) bool { return !strings.Contains(s, `\`) }).Draw(t, "name"), rapid.SampledFrom([]string{"", ".png", ".map.png"}).Draw(t, "ending")
			f.Order = rapid.MapOfN(names, texts, 1, 4).Draw(t, "order")
		case Samples:
			f.Top = rapid.IntRange(0, 100).Draw(t, "top")
			f.From = f.Top + rapid.IntRange(0, 100).Draw(t, "from")
			f.Until = f.From + rapid.IntRange(1, 100).Draw(t, "until")
		case Result:
			f.Seconds = seconds.Draw(t, "seconds")
			if rapid.Bool().Draw(t, "failed") {
				f.Error = ProblemOf(fault.New(fault.TooLarge, "too large: %s", texts.Draw(t, "why")), rapid.Bool().Draw(t, "elsewhere"))
			} else {
				f.Ending, f.Report = ".png", json.RawMessage(`{"macs":7}`)
			}
		}
		if f.Error == nil {
			content = rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "content")
		}
		p.add(f, content)
	}
	return p
})

// read reads a stream.
func read(r io.Reader, most int64) (got packed, err error) {
	err = ReadPack(r, most, func(p Pack) error { got.Pack = p; return nil }, func(f File, r io.Reader) error {
		b, err := io.ReadAll(r)
		if i := len(got.contents); !reflect.DeepEqual(got.Files[i], f) {
			return fmt.Errorf("file %d is %+v", i, f)
		}
		got.contents = append(got.contents, b)
		return err
	})
	return got, err
}

func TestPacksArriveAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := packs.Draw(t, "pack")
		stream := p.bytes(t)
		var r io.Reader = bytes.NewReader(stream)
		if rapid.Bool().Draw(t, "slowly") {
			r = iotest.DataErrReader(iotest.HalfReader(r))
		}
		got, err := read(r, p.Size())
		if err != nil {
			t.Fatal(err)
		}
		if got.Unit != p.Unit || got.Attempt != p.Attempt || len(got.Files) != len(p.Files) {
			t.Fatalf("%+v became %+v", p, got)
		}
		for i, f := range p.Files {
			if !reflect.DeepEqual(got.Files[i], f) || !bytes.Equal(got.contents[i], p.contents[i]) {
				t.Fatalf("file %d: %+v became %+v", i, f, got.Files[i])
			}
		}
		if again := got.bytes(t); !bytes.Equal(again, stream) {
			t.Fatal("it was written in another way")
		}
		if p.Size() > 0 {
			if _, err := read(bytes.NewReader(stream), p.Size()-1); fault.KindOf(err) != fault.TooLarge {
				t.Fatalf("a byte more than is taken: %v", err)
			}
		}
	})
}

// aPack has a file of every sort; of rows it has none, since those have their own hashes.
func aPack() packed {
	p := packed{Pack: Pack{Unit: "u1", Attempt: 2}}
	p.add(File{Task: "j1", Role: Picture, Name: "a b.jpg", Ending: ".png", Order: map[string]string{"model": "span-x4"}}, []byte("first picture"))
	p.add(File{Task: "j2", Role: Brief}, []byte(`{"scale":4}`))
	p.add(File{Task: "j3", Role: View}, nil)
	p.add(File{Task: "j4", Role: Result, Seconds: 2, Error: ProblemOf(errors.New("no"), true)}, nil)
	p.add(File{Task: "j5", Role: Result, Report: json.RawMessage(`{"a":[1]}`)}, []byte("last"))
	return p
}

func TestEveryFlippedByteOfAPackIsFound(t *testing.T) {
	stream := aPack().bytes(t)
	if _, err := read(bytes.NewReader(stream), 1<<20); err != nil {
		t.Fatal(err)
	}
	for at := range stream {
		for _, bits := range []byte{1, 0x10, 0x80, 0xff} {
			wrong := slices.Clone(stream)
			wrong[at] ^= bits
			_, err := read(bytes.NewReader(wrong), 1<<20)
			length := at < 4 && fault.KindOf(err) == fault.TooLarge
			if err == nil || !length && fault.KindOf(err) != fault.Damaged {
				t.Fatalf("byte %d: %v", at, err)
			}
			// Also if nobody looks.
			if err := ReadPack(bytes.NewReader(wrong), 1<<20, nil, func(File, io.Reader) error { return nil }); err == nil {
				t.Fatalf("byte %d was not found, since nobody looked", at)
			}
		}
	}
	for n := range stream {
		if _, err := read(bytes.NewReader(stream[:n]), 1<<20); fault.KindOf(err) != fault.Damaged {
			t.Fatalf("%d of %d bytes: %v", n, len(stream), err)
		}
	}
	if _, err := read(bytes.NewReader(append(stream, 0)), 1<<20); fault.KindOf(err) != fault.Damaged {
		t.Errorf("with a byte more: %v", err)
	}
}

func TestErrorsOfOthersStay(t *testing.T) {
	stream, cause := aPack().bytes(t), errors.New("the network is gone")
	for n := range stream {
		r := io.MultiReader(bytes.NewReader(stream[:n]), iotest.ErrReader(cause))
		if _, err := read(r, 1<<20); !errors.Is(err, cause) {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
	if err := ReadPack(bytes.NewReader(stream), 1<<20, func(Pack) error { return cause }, nil); !errors.Is(err, cause) {
		t.Errorf("of the header: %v", err)
	}
	if err := ReadPack(bytes.NewReader(stream), 1<<20, nil, func(File, io.Reader) error { return cause }); !errors.Is(err, cause) {
		t.Errorf("of a file: %v", err)
	}
	if err := WritePack(io.Discard, aPack().Pack, func(int) (io.ReadCloser, error) { return nil, cause }); !errors.Is(err, cause) {
		t.Errorf("of opening: %v", err)
	}
	if err := WritePack(io.Discard, aPack().Pack, func(int) (io.ReadCloser, error) { return io.NopCloser(iotest.ErrReader(cause)), nil }); !errors.Is(err, cause) {
		t.Errorf("of reading: %v", err)
	}
}

func TestFilesThatChangeWhileTheyAreSent(t *testing.T) {
	for _, change := range []func([]byte) []byte{func(b []byte) []byte { return b[1:] }, func(b []byte) []byte { return append(b, 1) }} {
		p := aPack()
		p.contents[0] = change(p.contents[0])
		if err := WritePack(io.Discard, p.Pack, p.open); fault.KindOf(err) != fault.Damaged {
			t.Error(err)
		}
	}
}

// headed is a stream with a header that has the right hash.
func headed(text []byte, files ...byte) []byte { return slices.Concat(head(text), text, files) }

func TestPacksThatCannotBe(t *testing.T) {
	for _, change := range []func(*Pack){
		func(p *Pack) { p.Unit = "a/b" }, func(p *Pack) { p.Attempt = -1 }, func(p *Pack) { p.Files[0].Role = "other" }, func(p *Pack) { p.Files[0].Bytes = -1 },
		func(p *Pack) { p.Files[0].Bytes, p.Files[4].Bytes = math.MaxInt64, 1 }, func(p *Pack) { p.Files[0].Sum = blobs.Sum{} }, func(p *Pack) { p.Files[0].Role = Samples },
		func(p *Pack) { p.Files[0].Task = "../../x" }, func(p *Pack) { p.Files[0].Name = "../x" }, func(p *Pack) { p.Files[0].Name = `..\x` },
		func(p *Pack) { p.Files[0].Name = "a\x00" }, func(p *Pack) { p.Files[0].Ending = "png" }, func(p *Pack) { p.Files[0].Ending = "./png" },
		func(p *Pack) { p.Files[0].Ending = "..png" }, func(p *Pack) { p.Files[0].Ending = ".looooooooooooong" }, func(p *Pack) { p.Files[0].From = 4 },
		func(p *Pack) { p.Files[0].Until = mostRow }, func(p *Pack) { p.Files[0].Top, p.Files[0].From, p.Files[0].Until = 3, 2, 4 },
		func(p *Pack) { p.Files[0].Order["model"] = "a\nb" }, func(p *Pack) { p.Files[0].Order["--x y"] = "" }, func(p *Pack) { p.Files[0].Seconds = -1 },
		func(p *Pack) { p.Files[3].Bytes = 1 }, func(p *Pack) { p.Files[3].Sum = p.Files[0].Sum }, func(p *Pack) { p.Files[3].Error.Kind = "odd" },
		func(p *Pack) { p.Files[3].Error.Message = "" }, func(p *Pack) { p.Files[3].Error.Message = strings.Repeat("x", mostProblem+1) },
		func(p *Pack) {
			for i := range mostFields {
				p.Files[0].Order[fmt.Sprint("o", i)] = ""
			}
		},
	} {
		p := aPack()
		change(&p.Pack)
		var b bytes.Buffer
		if err := WritePack(&b, p.Pack, p.open); fault.KindOf(err) == fault.Damaged || err == nil || b.Len() > 0 {
			t.Errorf("%+v is sent: %v", p.Pack, err)
		}
		text, err := json.Marshal(p.Pack)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := read(bytes.NewReader(headed(text)), math.MaxInt64); fault.KindOf(err) != fault.Damaged {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, kind := range map[string]fault.Kind{
		"": fault.Damaged, "{}": fault.Damaged, `{"unit":"u","attempt":0,"files":7}`: fault.Damaged, `{"unit":"u","attempt":0,"files":[7]}`: fault.Damaged,
		`{"unit":"u","attempt":0,"files":[],"more":1}`: fault.Damaged, `{"unit":"u","attempt":0,"files":[{"more":1}]}`: fault.Damaged,
		`{"unit":"u","attempt":0,"files":[{"task":"t","role":"view","sum":"00"}]}`: fault.Damaged, strings.Repeat("[", 100000): fault.Damaged,
		`{"unit":"u","attempt":0,"files":[` + strings.Repeat("{},", MostFiles) + `{}]}`: fault.TooLarge,
		strings.Repeat(" ", MostHeader+1):                                               fault.TooLarge,
	} {
		if _, err := read(bytes.NewReader(headed([]byte(text))), 1<<20); fault.KindOf(err) != kind {
			t.Errorf("%.80s: %v", text, err)
		}
	}
	if _, err := read(bytes.NewReader(binary.LittleEndian.AppendUint32(nil, math.MaxUint32)), 1<<20); fault.KindOf(err) != fault.Damaged {
		t.Error(err)
	}
}

func TestPacksOfManyFiles(t *testing.T) {
	p := packed{Pack: Pack{Unit: "u"}}
	for i := range 512 { // as many pictures as a unit has at most, each with its report, a view and a map
		task := fmt.Sprint("01JDA7Q8W6X9Y2Z3A4B5C6", i)
		p.add(File{Task: task, Role: Result, Ending: ".png", Seconds: 0.25, Report: json.RawMessage(`{"x":"` + strings.Repeat("y", 1000) + `"}`)}, []byte{byte(i)})
		p.add(File{Task: task, Role: View}, []byte{1})
		p.add(File{Task: task, Role: Map}, []byte{2})
	}
	if got, err := read(bytes.NewReader(p.bytes(t)), 1<<20); err != nil || len(got.Files) != 3*512 {
		t.Error(len(got.Files), err)
	}
	p.Files = make([]File, MostFiles+1)
	if err := WritePack(io.Discard, p.Pack, nil); err == nil {
		t.Error("more files than are allowed")
	}
}

func TestProblemsKeepTheirKind(t *testing.T) {
	p := ProblemOf(fmt.Errorf("a.png: %w", fault.New(fault.TooLarge, "é%s", strings.Repeat("é", mostProblem))), true)
	if err := p.check(); err != nil || !p.Elsewhere || p.Kind != fault.TooLarge {
		t.Errorf("%+v: %v", p, err)
	}
	if err := p.Err(); fault.KindOf(err) != fault.TooLarge || !strings.HasPrefix(err.Error(), "a.png: éé") {
		t.Error(err)
	}
}

// A stream is either refused, or it is what WritePack writes of what was read. Its header gets the hash that it should have, else hardly anything would come
// further.
func FuzzPack(f *testing.F) {
	p := aPack()
	p.add(File{Task: "j6", Role: Samples, From: 5, Until: 9, Top: 2}, []byte("not a band"))
	stream := p.bytes(f)
	header, err := p.header()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(header[headBytes:], stream[len(header):], true)
	f.Add([]byte(nil), stream, false)
	f.Add([]byte(`{"unit":"u","attempt":0,"files":[]}`), []byte(nil), true)
	f.Add([]byte(`{"unit":"u","attempt":0,"files":[{"task":"t","role":"rows","bytes":9223372036854775807}]}`), []byte("x"), true)
	f.Fuzz(func(t *testing.T, text, files []byte, hashed bool) {
		stream := slices.Concat(text, files)
		if hashed {
			stream = headed(text, files...)
		}
		got, err := read(bytes.NewReader(stream), 1<<20)
		if err != nil {
			if kind := fault.KindOf(err); kind != fault.Damaged && kind != fault.TooLarge {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		var b bytes.Buffer
		if err := WritePack(&b, got.Pack, got.open); err != nil {
			if len(text)*6 > MostHeader { // quotes may become longer
				return
			}
			t.Fatalf("%q was read, but cannot be written: %v", text, err)
		}
		if again, err := read(&b, 1<<20); err != nil || len(again.Files) != len(got.Files) {
			t.Errorf("%q was written, but cannot be read: %v", text, err)
		}
	})
}
