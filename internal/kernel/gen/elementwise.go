package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// elementwise writes the kernels that work on numbers one by one, for whole vectors.
func elementwise() {
	for _, set := range bothSets {
		set.combine()
		set.leak()
		set.leakBack()
		set.gate()
		set.multiplyAdd()
		set.addRamp()
	}
}

func (v vectors) combine() {
	v.rowFunction("combine", "func(d, a, b *float32, n int, fa, fb, c float32)", func(x reg.GPVirtual, start bool, r map[string]reg.Register) {
		if start {
			v.broadcast(r, "fa", "fb", "c")
			return
		}
		sum := v.register()
		VMOVAPS(r["c"], sum)
		VFMADD231PS(v.at(r["a"], x), r["fa"], sum)
		VFMADD231PS(v.at(r["b"], x), r["fb"], sum)
		VMOVUPS(sum, v.at(r["d"], x))
	}, "d", "a", "b")
}

func (v vectors) leak() {
	v.rowFunction("leak", "func(d, s *float32, n int, slope float32)", func(x reg.GPVirtual, start bool, r map[string]reg.Register) {
		if start {
			v.broadcast(r, "slope")
			zero := v.register()
			VXORPS(zero.AsY(), zero.AsY(), zero.AsY())
			r["zero"] = zero
			return
		}
		value, negative := v.register(), v.register()
		VMOVUPS(v.at(r["s"], x), value)
		// In this order of operands a NaN stays one.
		VMINPS(value, r["zero"], negative)
		VMAXPS(value, r["zero"], value)
		VFMADD231PS(r["slope"], negative, value)
		VMOVUPS(value, v.at(r["d"], x))
	}, "d", "s")
}

func (v vectors) at(base reg.Register, x reg.GPVirtual) Mem {
	return Mem{Base: base, Index: x, Scale: 1}
}

// broadcast loads parameters into all lanes of registers. It must not go through MOVSS, as Load does: an SSE instruction between AVX ones makes
// some processors wait for a hundred nanoseconds.
func (v vectors) broadcast(r map[string]reg.Register, names ...string) {
	for _, name := range names {
		one, err := Param(name).Resolve()
		if err != nil {
			panic(err)
		}
		all := v.register()
		VBROADCASTSS(one.Addr, all)
		r[name] = all
	}
}

// rowFunction writes a function over rows of n numbers, a multiple of the lanes; body is called to load what does not change, and then
// for the vector at byte x.
func (v vectors) rowFunction(name, signature string, body func(x reg.GPVirtual, start bool, r map[string]reg.Register), rows ...string) {
	TEXT(name+v.name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(name + v.name + " does what the loop in elementwise.go does, for n numbers, a multiple of the lanes.")
	r := map[string]reg.Register{}
	for _, row := range rows {
		r[row] = Load(Param(row), GP64())
	}
	n, x := GP64(), GP64()
	Load(Param("n"), n)
	body(x, true, r)
	XORQ(x, x)
	Label("vector")
	body(x, false, r)
	ADDQ(I32(v.bytes()), x)
	SUBQ(I32(v.lanes), n)
	JNZ(LabelRef("vector"))
	if sum, ok := r["sum"]; ok {
		to := GP64()
		Load(Param("sum"), to)
		v.addLanes(sum.(reg.VecVirtual), Mem{Base: to})
	}
	VZEROUPPER()
	RET()
}

func (v vectors) leakBack() {
	signature := "func(dy, s *float32, n int, slope float32, sum *float32)"
	v.rowFunction("leakBack", signature, func(x reg.GPVirtual, start bool, r map[string]reg.Register) {
		if start {
			v.broadcast(r, "slope")
			zero, sum := v.register(), v.register()
			VXORPS(zero.AsY(), zero.AsY(), zero.AsY())
			VMOVAPS(zero, sum)
			r["zero"], r["sum"] = zero, sum
			return
		}
		dy, value, product := v.register(), v.register(), v.register()
		VMOVUPS(v.at(r["dy"], x), dy)
		VMOVUPS(v.at(r["s"], x), value)
		VMULPS(dy, r["slope"], product)
		const notGreater = 0x0a // not greater than, or not a number
		if v.masked {
			k := K()
			VCMPPS(U8(notGreater), r["zero"], value, k)
			VFMADD231PS(dy, value, k, r["sum"])
			VMOVAPS(product, k, dy)
		} else {
			chosen, part := v.register(), v.register()
			VCMPPS(U8(notGreater), r["zero"], value, chosen)
			VANDPS(dy, chosen, part)
			VFMADD231PS(part, value, r["sum"])
			VBLENDVPS(chosen, product, dy, dy)
		}
		VMOVUPS(dy, v.at(r["dy"], x))
	}, "dy", "s")
}

func (v vectors) gate() {
	v.rowFunction("gate", "func(d, a, b *float32, n int)", func(x reg.GPVirtual, start bool, r map[string]reg.Register) {
		if start {
			return
		}
		sum := v.register()
		VMOVUPS(v.at(r["a"], x), sum)
		VADDPS(v.at(r["b"], x), sum, sum)
		VMULPS(v.at(r["d"], x), sum, sum)
		VMOVUPS(sum, v.at(r["d"], x))
	}, "d", "a", "b")
}

func (v vectors) multiplyAdd() {
	v.rowFunction("multiplyAdd", "func(d, a, b *float32, n int)", func(x reg.GPVirtual, start bool, r map[string]reg.Register) {
		if start {
			return
		}
		sum, factor := v.register(), v.register()
		VMOVUPS(v.at(r["d"], x), sum)
		VMOVUPS(v.at(r["a"], x), factor)
		VFMADD231PS(v.at(r["b"], x), factor, sum)
		VMOVUPS(sum, v.at(r["d"], x))
	}, "d", "a", "b")
}

// addRamp multiplies and adds on its own, since the bits must be those of the loop, wherever a row begins.
func (v vectors) addRamp() {
	v.rowFunction("addRamp", "func(d, s, places *float32, n int, at, step, first float32)", func(x reg.GPVirtual, start bool, r map[string]reg.Register) {
		if start {
			v.broadcast(r, "at", "step", "first")
			VADDPS(Mem{Base: r["places"]}, r["first"], r["first"])
			lanes := v.register()
			VBROADCASTSS(Mem{Base: r["places"], Disp: v.bytes()}, lanes)
			r["lanes"] = lanes
			return
		}
		weight := v.register()
		VMULPS(r["first"], r["step"], weight)
		VADDPS(weight, r["at"], weight)
		VMULPS(v.at(r["s"], x), weight, weight)
		VADDPS(v.at(r["d"], x), weight, weight)
		VMOVUPS(weight, v.at(r["d"], x))
		VADDPS(r["lanes"], r["first"], r["first"])
	}, "d", "s", "places")
}
