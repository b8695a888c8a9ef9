package sysmem

import "testing"

func TestAvailableIsPlausible(t *testing.T) {
	if got := Available(); got < 64<<20 {
		t.Errorf("%d bytes of memory; this test alone takes more", got)
	}
}
