package wire

import (
	"net/url"
	"testing"

	"pgregory.net/rapid"

	"classsr/fault"
)

func TestQueriesArriveAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := Query{
			Worker: rapid.StringMatching(`[A-Za-z0-9_-]{1,64}`).Draw(t, "worker"), Attempt: rapid.IntRange(0, 1000).Draw(t, "attempt"),
			Offset: rapid.Int64Range(0, 1<<50).Draw(t, "offset"), Last: rapid.Bool().Draw(t, "last"),
		}
		if q.Last {
			q.Seconds, q.MACs = rapid.Float64Range(0, 1e6).Draw(t, "seconds"), rapid.Int64Range(0, 1<<60).Draw(t, "macs")
		}
		v, err := url.ParseQuery(q.Values().Encode())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseQuery(v); err != nil || got != q {
			t.Errorf("%+v became %+v: %v", q, got, err)
		}
	})
	for _, text := range []string{"", "worker=a/b", "worker=a&offset=-1", "worker=a&attempt=x", "worker=a&seconds=NaN", "worker=a&last=2", "worker=a&macs=1e3"} {
		v, err := url.ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseQuery(v); fault.KindOf(err) != fault.Usage {
			t.Errorf("%q: %+v %v", text, got, err)
		}
	}
}
