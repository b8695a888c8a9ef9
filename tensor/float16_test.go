package tensor

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Every pattern of bits means what IEEE 754 says.
func TestFloat16MeansWhatItShould(t *testing.T) {
	for i := range 1 << 16 {
		bits := uint16(i)
		exponent, fraction := int(bits>>10&31), float64(bits&0x3ff)
		want := math.Ldexp(1+fraction/1024, exponent-15)
		switch {
		case exponent == 0:
			want = math.Ldexp(fraction, -24)
		case exponent == 31 && fraction == 0:
			want = math.Inf(1)
		case exponent == 31:
			want = math.NaN()
		}
		if bits>>15 == 1 {
			want = -want
		}
		got := float64(Float16(bits))
		if math.IsNaN(want) != math.IsNaN(got) || !math.IsNaN(want) && math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%#x is %v, want %v", bits, got, want)
		}
	}
}

// All half-precision numbers come back; what lies between two goes to the nearer one, and in the middle to the even one.
func TestFloat16(t *testing.T) {
	for bits := range uint16(0x7c00) {
		v := Float16(bits)
		for sign := range uint16(2) {
			signed := float32(math.Copysign(float64(v), 1-2*float64(sign)))
			if got, ok := ToFloat16(signed); got != bits|sign<<15 || !ok {
				t.Fatalf("%v becomes %#x, %v, want %#x", signed, got, ok, bits|sign<<15)
			}
		}
		if bits == 0x7bff {
			break
		}
		next := Float16(bits + 1)
		middle := (v + next) / 2 // exact in float32
		even := bits + bits&1
		for _, c := range []struct {
			v    float32
			want uint16
		}{{middle, even}, {math.Nextafter32(middle, v), bits}, {math.Nextafter32(middle, next), bits + 1}} {
			if got, ok := ToFloat16(c.v); got != c.want || !ok {
				t.Fatalf("%v becomes %#x, %v, want %#x", c.v, got, ok, c.want)
			}
		}
	}
}

func TestFloat16OfLargeNumbers(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		v    float32
		want uint16
		ok   bool
	}{
		{65504, 0x7bff, true}, {65519.996, 0x7bff, true}, {65520, 0, false}, {-65520, 0, false}, {-65519, 0xfbff, true}, {math.MaxFloat32, 0, false},
		{inf, 0x7c00, true}, {-inf, 0xfc00, true},
	} {
		if got, ok := ToFloat16(c.v); got != c.want || ok != c.ok {
			t.Errorf("%v becomes %#x, %v, want %#x, %v", c.v, got, ok, c.want, c.ok)
		}
	}
	nan := math.Float32frombits(0x7f800001)
	if got, ok := ToFloat16(nan); !ok || !math.IsNaN(float64(Float16(got))) {
		t.Errorf("NaN becomes %#x, %v", got, ok)
	}
}

// Random numbers become one of their two neighbours, whichever is nearer.
func TestFloat16IsNearest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100000 {
		v := math.Float32frombits(r.Uint32N(0x477fefff)) // below 65520
		bits, ok := ToFloat16(v)
		if !ok {
			t.Fatalf("%v is not too large", v)
		}
		got := math.Abs(float64(Float16(bits)) - float64(v))
		for _, other := range []uint16{bits - 1, bits + 1} {
			if other < 0x7c00 && math.Abs(float64(Float16(other))-float64(v)) < got {
				t.Fatalf("%v becomes %v, %v is nearer", v, Float16(bits), Float16(other))
			}
		}
	}
}
