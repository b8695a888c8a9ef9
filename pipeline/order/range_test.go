package order

import (
	"testing"

	"classsr/imageio"
)

func TestParseRange(t *testing.T) {
	for text, want := range map[string]imageio.Range{"0,1": {Low: 0, High: 1}, "-10, 50.5": {Low: -10, High: 50.5}, "1e-3,2e3": {Low: 0.001, High: 2000}} {
		if got, err := ParseRange(text); got != want || err != nil {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1", "1,", ",1", "2,1", "1,1", "a,b", "NaN,1", "0,Inf", "1,2,3"} {
		if got, err := ParseRange(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}
