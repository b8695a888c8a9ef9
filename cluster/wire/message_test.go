package wire

import (
	"bytes"
	"encoding/json"
	"math"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"classsr/fault"
	"classsr/server/blobs"
)

var (
	names   = rapid.StringMatching(`[A-Za-z0-9_-]{1,64}`)
	numbers = rapid.IntRange(0, math.MaxInt32)
	sizes   = rapid.Int64Range(0, math.MaxInt64)
	seconds = rapid.Float64Range(0, math.MaxFloat64)
	texts   = rapid.StringOfN(rapid.RuneFrom([]rune("aZ 0'\"\\<&é漢🙂")), 0, 60, mostText)
)

var units = rapid.Custom(func(t *rapid.T) Unit {
	return Unit{
		names.Draw(t, "id"), names.Draw(t, "epoch"), numbers.Draw(t, "attempt"), rapid.SampledFrom([]Kind{Pictures, Rows}).Draw(t, "kind"),
		sizes.Draw(t, "bytes"), seconds.Draw(t, "seconds"),
	}
})

var beats = rapid.Custom(func(t *rapid.T) Beat {
	return Beat{
		Worker: names.Draw(t, "worker"), Epoch: names.Draw(t, "epoch"), Seq: numbers.Draw(t, "seq"),
		Has: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Held {
			return Held{
				names.Draw(t, "unit"), numbers.Draw(t, "attempt"), rapid.SampledFrom([]Stage{Waiting, Fetching, Computing, Sending}).Draw(t, "stage"),
				rapid.Float64Range(0, 1).Draw(t, "share"),
			}
		}), 0, 8).Draw(t, "has"),
		Draining: rapid.Bool().Draw(t, "draining"), Waiting: seconds.Draw(t, "waiting"), RSS: sizes.Draw(t, "rss"),
		Speeds: rapid.MapOfN(texts, seconds, 0, 8).Draw(t, "speeds"),
	}
})

var tells = rapid.Custom(func(t *rapid.T) Tell {
	return Tell{
		Drop: rapid.SliceOfN(names, 0, 8).Draw(t, "drop"), Until: rapid.MapOfN(names, numbers, 0, 8).Draw(t, "until"),
		Join: rapid.Bool().Draw(t, "join"), Drain: rapid.Bool().Draw(t, "drain"),
	}
})

// roundTrip sends a message and compares what comes.
func roundTrip[M Message](t *rapid.T, m M) []byte {
	b, err := Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode[M](b)
	if err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	again, err := Encode(got)
	if err != nil || string(again) != string(b) {
		t.Fatalf("%s became %s: %v", b, again, err)
	}
	return b
}

func TestMessagesArriveAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := units.Draw(t, "unit")
		b := roundTrip(t, u)
		if got, _ := Decode[Unit](b); got != u {
			t.Fatalf("%+v became %+v", u, got)
		}
		roundTrip(t, beats.Draw(t, "beat"))
		roundTrip(t, tells.Draw(t, "tell"))
	})
	full := Beat{
		Worker: "w", Epoch: "e", Seq: 7, Has: []Held{{"u", 1, Computing, 0.25}}, Draining: true, Waiting: 1.5, RSS: 1 << 30, Speeds: map[string]float64{"span-x4": 2},
	}
	b, err := Encode(full)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Decode[Beat](b); err != nil || !reflect.DeepEqual(got, full) {
		t.Errorf("%+v became %+v: %v", full, got, err)
	}
}

func TestUnitsAreSmall(t *testing.T) {
	long := strings.Repeat("x", mostName)
	b, err := Encode(Unit{long, long, math.MaxInt, Pictures, math.MaxInt64, math.MaxFloat64})
	if err != nil || len(b) > MostUnit {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestMessagesThatCannotBe(t *testing.T) {
	unit := func(change func(*Unit)) (Unit, error) {
		u := Unit{"u1", "e1", 0, Rows, 5, 0.5}
		change(&u)
		b, err := json.Marshal(u)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Encode(u); fault.KindOf(err) != fault.Internal || err == nil {
			t.Errorf("%s is sent: %v", b, err)
		}
		return Decode[Unit](b)
	}
	for _, change := range []func(*Unit){
		func(u *Unit) { u.ID = "" }, func(u *Unit) { u.ID = "../x" }, func(u *Unit) { u.ID = "a.b" }, func(u *Unit) { u.ID = "a*" }, func(u *Unit) { u.ID = "a>" },
		func(u *Unit) { u.ID = strings.Repeat("a", mostName+1) }, func(u *Unit) { u.Epoch = "é" }, func(u *Unit) { u.Attempt = -1 },
		func(u *Unit) { u.Kind = "other" }, func(u *Unit) { u.Bytes = -1 }, func(u *Unit) { u.Seconds = -0.1 },
	} {
		if u, err := unit(change); fault.KindOf(err) != fault.Damaged || u != (Unit{}) {
			t.Errorf("%+v, %v", u, err)
		}
	}
	for _, text := range []string{
		"", "{}", "null", "[]", `{"id":"u","epoch":"e","attempt":0,"kind":"rows","bytes":1,"seconds":1} {}`,
		`{"id":"u","epoch":"e","attempt":0,"kind":"rows","bytes":1,"seconds":1,"more":1}`, `{"id":"u","epoch":"e","attempt":0,"kind":"rows","bytes":1e30,"seconds":1}`,
		`{"id":"u","epoch":"e","attempt":0,"kind":"rows","bytes":1,"seconds":1}` + strings.Repeat(" ", MostUnit), strings.Repeat("[", MostUnit),
	} {
		if _, err := Decode[Unit]([]byte(text)); fault.KindOf(err) != fault.Damaged {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, b := range []Beat{
		{Worker: "a/b", Epoch: "e"}, {Worker: "w", Epoch: "e", Seq: -1}, {Worker: "w", Epoch: "e", Has: []Held{{"u", 0, "asleep", 0}}},
		{Worker: "w", Epoch: "e", Has: []Held{{"u", 0, Sending, 1.1}}}, {Worker: "w", Epoch: "e", Has: []Held{{"u", 0, Sending, math.NaN()}}},
		{Worker: "w", Epoch: "e", Has: []Held{{"", 0, Sending, 1}}}, {Worker: "w", Epoch: "e", Speeds: map[string]float64{"m": math.Inf(1)}},
		{Worker: "w", Epoch: "e", Speeds: map[string]float64{"a\nb": 1}}, {Worker: "w", Epoch: "e", Has: make([]Held, 1000)},
		{Worker: "w", Epoch: "e", Has: slicesOf(Held{strings.Repeat("u", 64), 1, Waiting, 0}, 200)},
	} {
		if _, err := Encode(b); fault.KindOf(err) != fault.Internal {
			t.Errorf("%+v: %v", b, err)
		}
	}
	for _, m := range []Tell{{Drop: []string{"u", ".."}}, {Until: map[string]int{"u": -1}}, {Until: map[string]int{"a b": 1}}, {Drop: slicesOf(strings.Repeat("u", 64), 300)}} {
		if _, err := Encode(m); fault.KindOf(err) != fault.Internal {
			t.Errorf("%+v: %v", m, err)
		}
	}
}

func slicesOf[T any](v T, n int) []T {
	s := make([]T, n)
	for i := range s {
		s[i] = v
	}
	return s
}

func about() About {
	return About{"shed", "P1", "1.2.3", "abc", "avx2", "AMD EPYC", "linux/amd64", 8, 16 << 30, 1.75, blobs.Sum{1, 2}}
}

func TestAboutArrivesAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := about()
		a.Name, a.CPU = "x"+texts.Filter(func(s string) bool { return len(s) < mostText }).Draw(t, "name"), texts.Draw(t, "cpu")
		a.Cores, a.Memory, a.Speed = rapid.IntRange(1, 4096).Draw(t, "cores"), rapid.Int64Range(1, 1<<50).Draw(t, "memory"), rapid.Float64Range(1e-9, 1e9).Draw(t, "speed")
		v, err := url.ParseQuery(a.Values().Encode())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseAbout(v); err != nil || got != a {
			t.Fatalf("%+v became %+v: %v", a, got, err)
		}
	})
}

func TestAboutThatCannotBe(t *testing.T) {
	for name, values := range map[string][]string{
		"name": {""}, "version": nil, "kernel": {"a", "b"}, "cores": {"0"}, "memory": {"-1"}, "speed": {"NaN"}, "models": {"12"}, "other": {"1"}, "cpu": {"a\x00b"},
		"build": {strings.Repeat("b", mostText+1)}, "system": {"\xff"},
	} {
		v := about().Values()
		delete(v, name)
		if values != nil {
			v[name] = values
		}
		if _, err := ParseAbout(v); fault.KindOf(err) != fault.Usage {
			t.Errorf("%s %q: %v", name, values, err)
		}
	}
	for _, name := range []string{"cores", "memory", "speed", "models"} {
		v := about().Values()
		v.Del(name)
		if _, err := ParseAbout(v); fault.KindOf(err) != fault.Usage {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// Whatever is taken for a unit, a beat or a message to a worker can be sent again, and is the same then.
func FuzzUnit(f *testing.F) {
	for _, seed := range []string{
		`{"id":"u1","epoch":"e1","attempt":1,"kind":"rows","bytes":4000000,"seconds":4.5}`, `{"id":"u1","kind":null}`, `{"worker":"w","epoch":"e","seq":3,"waiting":1e300}`,
		`{"worker":"w","epoch":"e","seq":1,"has":[{"unit":"u","attempt":0,"stage":"computing","share":0.5}],"speeds":{"span-x4":1.5},"rss":7,"draining":true}`,
		`{"drop":["u1","u2"],"until":{"u3":640},"join":true,"drain":true}`, `{"drop":null}`, `[{}]`, `{"until":{"..":1}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		again[Unit](t, b)
		again[Beat](t, b)
		again[Tell](t, b)
	})
}

func again[M Message](t *testing.T, b []byte) {
	m, err := Decode[M](b)
	if err != nil {
		if fault.KindOf(err) != fault.Damaged {
			t.Errorf("%s: %v", b, err)
		}
		return
	}
	sent, err := Encode(m)
	if err != nil {
		if len(b)*2 > m.most() { // numbers and quotes may become longer
			return
		}
		t.Fatalf("%s was taken, but cannot be sent: %v", b, err)
	}
	other, err := Decode[M](sent)
	if err != nil {
		t.Fatalf("%s became %s: %v", b, sent, err)
	}
	if twice, err := Encode(other); err != nil || !bytes.Equal(twice, sent) {
		t.Errorf("%s became %s: %v", sent, twice, err)
	}
}

func TestNumbersThatAreNone(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1} {
		if positive(v) {
			t.Errorf("%g is a positive number", v)
		}
	}
}
