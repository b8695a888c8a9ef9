package portable

import (
	"hash/fnv"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// near tells whether two numbers agree to about 1e-13, relative.
func near(got, want float64) bool {
	return got == want || math.Abs(got-want) <= 1e-13*math.Abs(want)
}

func TestPowersAreThoseOfMath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(-300, 300).Draw(t, "x")
		for name, got := range map[string][2]float64{
			"2":  {Exp2(x), math.Exp2(x)},
			"e":  {Exp(x), math.Exp(x)},
			"10": {Pow10(x), math.Pow(10, x)},
		} {
			if !near(got[0], got[1]) {
				t.Fatalf("%s^%g is %g, want %g", name, x, got[0], got[1])
			}
		}
	})
}

func TestLogarithmsAreThoseOfMath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.OneOf(rapid.Float64Range(0.9, 1.1), rapid.Float64Range(1e-300, math.MaxFloat64)).Draw(t, "x")
		// math.Log2 adds log2(m) to the exponent and loses the digits of those near 1; math.Log does not.
		if got, want := Log2(x), math.Log(x)/math.Ln2; !near(got, want) {
			t.Fatalf("log2(%g) is %g, want %g", x, got, want)
		}
		if got, want := Log(x), math.Log(x); !near(got, want) {
			t.Fatalf("log(%g) is %g, want %g", x, got, want)
		}
	})
}

func TestWholePowersOfTwoAreExact(t *testing.T) {
	for n := -1074; n < 1024; n++ {
		power := math.Ldexp(1, n)
		if got := Exp2(float64(n)); got != power {
			t.Errorf("2^%d is %g, want %g", n, got, power)
		}
		if got := Log2(power); got != float64(n) {
			t.Errorf("log2(2^%d) is %g", n, got)
		}
	}
}

func TestLimits(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct{ x, exp2, log2 float64 }{
		{0, 1, -inf}, {math.Copysign(0, -1), 1, -inf}, {inf, inf, inf}, {-inf, 0, nan}, {nan, nan, nan}, {-1, 0.5, nan},
		{1025, inf, math.Log2(1025)}, {1e300, inf, math.Log2(1e300)}, {-1e300, 0, nan}, {-1080, 0, nan},
	} {
		for _, v := range [][2]float64{{Exp2(c.x), c.exp2}, {Log2(c.x), c.log2}} {
			if !near(v[0], v[1]) && !(math.IsNaN(v[0]) && math.IsNaN(v[1])) {
				t.Errorf("of %g: %g, want %g", c.x, v[0], v[1])
			}
		}
	}
}

// The bits of many results, which must be the same on every machine: run it with GOARCH=arm64 too (make arm64).
func TestBitsAreTheSameOnEveryMachine(t *testing.T) {
	for _, c := range []struct {
		name string
		f    func(float64) float64
		want uint64
	}{
		{"Exp2", Exp2, 0xe47cf2c8ec53f7c8},
		{"Exp", Exp, 0x64fb8410f477568},
		{"Pow10", Pow10, 0xd387b1962ebcab71},
		{"Log2", func(x float64) float64 { return Log2(Exp2(x)) }, 0xbd1fdee35767b442},
		{"Log", func(x float64) float64 { return Log(1 + Exp2(x)) }, 0xe86802ad3d8f2dd4},
	} {
		sum := fnv.New64a()
		for i := range 20000 {
			bits := math.Float64bits(c.f(float64(i-10000) / 4096))
			var bytes [8]byte
			for b := range bytes {
				bytes[b] = byte(bits >> (8 * b))
			}
			sum.Write(bytes[:])
		}
		if got := sum.Sum64(); got != c.want {
			t.Errorf("%s: the bits have the sum %#x, want %#x", c.name, got, c.want)
		}
	}
}
