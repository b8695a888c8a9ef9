package order

import (
	"math"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"classsr/fault"
)

// draw gives a value for a field: one that may be right, or anything.
func draw(t *rapid.T, f Field) string {
	likely := []string{"", "1", "2", "0.5", "100", "true", "4x", "30x20", "2s", "png", "white", "routed", "branch=1", "1,2,3", "0,1", "fsrcnn-x4"}
	return rapid.OneOf(rapid.SampledFrom(append(likely, f.Enum...)), rapid.String(), rapid.StringMatching(`-?[0-9]{1,400}(\.[0-9]+)?(e[0-9]{1,3})?`)).Draw(t, "value")
}

// Whatever a value is, it is taken, or refused in a line that can be shown; what is refused changes nothing; and what the description of a field says holds.
func TestAnyValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(Fields()).Draw(t, "field")
		value := draw(t, f)
		var o Order
		err := o.Set(f.Name, value)
		if err == nil {
			if o.String() != f.Name+"="+value {
				t.Fatalf("%s=%q is told as %q", f.Name, value, &o)
			}
			if len(f.Enum) > 0 && !slices.Contains(f.Enum, value) {
				t.Fatalf("%s takes %q, which is none of %v", f.Name, value, f.Enum)
			}
			_ = o.Check() // contradicts nothing, or says so
			return
		}
		if fault.KindOf(err) != fault.Usage || !strings.HasPrefix(err.Error(), f.Name) || len(err.Error()) > 500 || strings.ContainsFunc(err.Error(), unicode.IsControl) {
			t.Fatalf("%s=%q: %v, of kind %s", f.Name, value, err, fault.KindOf(err))
		}
		if o.String() != "" {
			t.Fatalf("%s=%q is refused, and told as %q", f.Name, value, &o)
		}
	})
}

// The order in which things are said does not count.
func TestEqualOrdersEqualTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type said struct{ name, value string }
		var all []said
		for range rapid.IntRange(0, 6).Draw(t, "said") {
			f := rapid.SampledFrom(Fields()).Draw(t, "field")
			s := said{f.Name, draw(t, f)}
			if (&Order{}).Set(s.name, s.value) == nil && !slices.ContainsFunc(all, func(o said) bool { return o.name == s.name }) {
				all = append(all, s)
			}
		}
		say := func(all []said) (o Order) {
			for _, s := range all {
				if err := o.Set(s.name, s.value); err != nil {
					t.Fatal(err)
				}
			}
			return o
		}
		one, other := say(all), say(rapid.Permutation(all).Draw(t, "other order"))
		if one.String() != other.String() {
			t.Fatalf("%q and %q", &one, &other)
		}
		if a, b := one.Check(), other.Check(); (a == nil) != (b == nil) || a != nil && a.Error() != b.Error() {
			t.Fatalf("%v and %v", a, b)
		}
	})
}

// Fields are described for those who make forms and clients of them.
func TestFieldsAreDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Fields() {
		if f.Doc == "" || seen[f.Name] || !slices.Contains([]string{"string", "integer", "number", "boolean"}, f.Type) {
			t.Errorf("%+v", f)
		}
		seen[f.Name] = true
		for _, value := range f.Enum {
			if err := (&Order{}).Set(f.Name, value); err != nil {
				t.Errorf("%s does not take %s: %v", f.Name, value, err)
			}
		}
		if f.Min < f.Max && (math.IsInf(f.Max, 0) || f.Type != "integer" && f.Type != "number") {
			t.Errorf("%s has a least and a most: %+v", f.Name, f)
		}
	}
}
