package sysmem

import (
	"math"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

func TestAvailableIsPlausible(t *testing.T) {
	if got := Available(); got < 64<<20 {
		t.Errorf("%d bytes of memory; this test alone takes more", got)
	}
}

func TestTheTightestLimitCounts(t *testing.T) {
	unknown := func() (uint64, error) { return 0, memlimit.ErrNoLimit }
	for _, c := range []struct {
		limits []memlimit.Provider
		want   int64
	}{
		{nil, math.MaxInt64},
		{[]memlimit.Provider{unknown, memlimit.Limit(math.MaxUint64)}, math.MaxInt64},
		{[]memlimit.Provider{memlimit.Limit(300), unknown, memlimit.Limit(200)}, 200},
	} {
		if got := least(c.limits...); got != c.want {
			t.Errorf("the least limit is %d, want %d", got, c.want)
		}
	}
}

func TestAllowed(t *testing.T) {
	if got := Allowed(7); got != 7 {
		t.Errorf("%d bytes where 7 were set", got)
	}
	if got := Allowed(0); got <= 0 || got >= Available() {
		t.Errorf("%d of %d bytes", got, Available())
	}
}

// A container of any size has room for the process itself.
func TestShareOfAvailableMemory(t *testing.T) {
	const mb = 1 << 20
	for available, want := range map[int64]int64{
		math.MaxInt64: math.MaxInt64 - math.MaxInt64/5, 1000 * mb: 800 * mb, 240 * mb: 192 * mb, 100 * mb: 52 * mb, 50 * mb: 10 * mb, 0: 0,
	} {
		if got := share(available); got != want {
			t.Errorf("of %d bytes work may take %d, want %d", available, got, want)
		}
	}
}
