package embedded_test

import (
	"testing"

	"classsr/cluster/queue/queuetest"
)

func TestConforms(t *testing.T) {
	for name, c := range map[string]struct{ encrypted, within bool }{
		"within the process": {false, true}, "encrypted": {true, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, t.TempDir(), c.encrypted)
			s.connect(t, s.coordinator(c.within))
			queuetest.Conform(t, s.ends())
		})
	}
}
