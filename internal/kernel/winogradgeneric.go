package kernel

import "unsafe"

// someTiles is how many tiles the transforms in Go work on at a time, row by row, so that their loops are short and plain.
const someTiles = 64

// productGeneric computes productArgs for any number of results in pure Go.
func productGeneric(outs int, a *productArgs) {
	weight := unsafe.Slice(a.weight, a.frequencies*a.planes*outs)
	for f := range a.frequencies {
		for o := 0; o < outs; o += 2 {
			sums := fourRows{d0: rowAt(a.products, f*a.productFrequency+o*a.plane, a.tiles)}
			fill(sums.d0, 0)
			if o+1 < outs {
				sums.d1 = rowAt(a.products, f*a.productFrequency+(o+1)*a.plane, a.tiles)
				fill(sums.d1, 0)
			}
			for plane := range a.planes {
				row := rowAt(a.transformed, f*a.transformedFrequency+plane*a.plane, a.tiles)
				sums.add(row, weight[(f*a.planes+plane)*outs+o:])
			}
			sums.flush()
		}
	}
}

// winogradInGeneric computes t = B r C.
func winogradInGeneric(a *winogradInArgs) {
	var s [winogradAcross][winogradIn][someTiles]float32 // r C
	for c := range a.count {
		for first := 0; first < a.tiles; first += someTiles {
			n := min(a.tiles-first, someTiles)
			for r := range winogradIn {
				row := rowAt(a.rows[r], c*a.planes[r]+first*WinogradColumns*floatBytes, n*WinogradColumns+2)
				for i := range n {
					d := (*[winogradAcross]float32)(row[i*WinogradColumns:])
					s[0][r][i], s[1][r][i], s[2][r][i], s[3][r][i] = d[0]-d[2], d[1]+d[2], d[2]-d[1], d[1]-d[3]
				}
			}
			for j := range s {
				at := rowAtPointer(a.transformed, j*a.frequency+c*a.plane+first*floatBytes)
				transformRows(at, winogradAcross*a.frequency, n, &s[j])
			}
		}
	}
}

// transformRows computes B r for a column of n tiles and stores row i at at + i*distance.
func transformRows(at *float32, distance, n int, r *[winogradIn][someTiles]float32) {
	var t [winogradIn][]float32
	for i := range t {
		t[i] = rowAt(at, i*distance, n)
	}
	t0, t1, t2, t3, t4, t5, t6, t7 := t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7]
	t1, t2, t3, t4, t5, t6, t7 = t1[:len(t0)], t2[:len(t0)], t3[:len(t0)], t4[:len(t0)], t5[:len(t0)], t6[:len(t0)], t7[:len(t0)]
	for i := range t0[:min(len(t0), someTiles)] {
		r0, r1, r2, r3, r4, r5, r6, r7 := r[0][i], r[1][i], r[2][i], r[3][i], r[4][i], r[5][i], r[6][i], r[7][i]
		t0[i], t7[i] = r0-r6+5.25*(r4-r2), r7-r1+5.25*(r3-r5)
		even, odd := r2+r6-4.25*r4, r1+r5-4.25*r3
		t1[i], t2[i] = even+odd, even-odd
		even, odd = r6+0.25*r2-1.25*r4, 0.5*r1-2.5*r3+2*r5
		t3[i], t4[i] = even+odd, even-odd
		even, odd = r6+4*r2-5*r4, 2*r1-2.5*r3+0.5*r5
		t5[i], t6[i] = even+odd, even-odd
	}
}

// winogradOutGeneric computes y = A m D, adds the bias and the skip connection, and activates.
func winogradOutGeneric(a *winogradOutArgs) {
	bias := unsafe.Slice(a.bias, a.count)
	tiles := (a.left + a.n + WinogradColumns - 1) / WinogradColumns
	var m [WinogradColumns][winogradIn][someTiles]float32 // m D
	var y [WinogradRows][WinogradColumns * someTiles]float32
	for c := range a.count {
		for first := 0; first < tiles; first += someTiles {
			n := min(tiles-first, someTiles)
			for i := range winogradIn {
				at := i*winogradAcross*a.frequency + c*a.plane + first*floatBytes
				m0, m1 := rowAt(a.products, at, n), rowAt(a.products, at+a.frequency, n)
				m2, m3 := rowAt(a.products, at+2*a.frequency, n), rowAt(a.products, at+3*a.frequency, n)
				even, odd := m[0][i][:n], m[1][i][:n]
				for t := range even {
					even[t], odd[t] = m0[t]+m1[t]+m2[t], m1[t]-m2[t]-m3[t]
				}
			}
			for column := range m {
				collectRows(&y, column, n, &m[column], bias[c])
			}
			finishRows(a, c, first*WinogradColumns, n*WinogradColumns, &y)
		}
	}
}

// collectRows computes A m for a column of n tiles, with the bias, and puts it into every second pixel of the rows.
func collectRows(y *[WinogradRows][WinogradColumns * someTiles]float32, column, n int, m *[winogradIn][someTiles]float32, bias float32) {
	for i := range min(n, someTiles) {
		m0, m7 := m[0][i]+bias, m[7][i]+bias
		sum1, difference1 := m[1][i]+m[2][i], m[1][i]-m[2][i]
		sum2, difference2 := m[3][i]+m[4][i], m[3][i]-m[4][i]
		sum3, difference3 := m[5][i]+m[6][i], m[5][i]-m[6][i]
		x := i*WinogradColumns + column
		y[0][x] = m0 + sum1 + sum2 + sum3
		y[1][x] = bias + difference1 + 2*difference2 + 0.5*difference3
		y[2][x] = bias + sum1 + 4*sum2 + 0.25*sum3
		y[3][x] = bias + difference1 + 8*difference2 + 0.125*difference3
		y[4][x] = bias + sum1 + 16*sum2 + 0.0625*sum3
		y[5][x] = m7 + difference1 + 32*difference2 + 0.03125*difference3
	}
}

// finishRows adds the skip connection to n pixels from x on, counted from the first tile, activates them and stores those that are
// wanted.
func finishRows(a *winogradOutArgs, c, x, n int, y *[WinogradRows][WinogradColumns * someTiles]float32) {
	from, to := max(x, a.left), min(x+n, a.left+a.n)
	for r := range y {
		values := y[r][from-x : to-x]
		offset := (from - a.left) * floatBytes
		if a.hasAdd != 0 {
			addRow(values, rowAt(a.add[r], c*a.addPlanes[r]+offset, to-from))
		}
		if a.slope != nil {
			leak(values, unsafe.Slice(a.slope, a.count)[c])
		}
		copy(rowAt(a.rows[r], c*a.rowPlanes[r]+offset, to-from), values)
	}
}
