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
func winogradInGeneric(a *winogradInArgs)     { transformIn(a, WinogradColumns, winogradAcross) }
func winogradInWideGeneric(a *winogradInArgs) { transformIn(a, WideColumns, wideAcross) }

// transformIn does both.
func transformIn(a *winogradInArgs, columns, across int) {
	var s [wideAcross][winogradIn][someTiles]float32 // r C
	for c := range a.count {
		for first := 0; first < a.tiles; first += someTiles {
			n := min(a.tiles-first, someTiles)
			for r := range winogradIn {
				row := rowAt(a.rows[r], c*a.planes[r]+first*columns*floatBytes, n*columns+2)
				if columns == WideColumns { // no function as a value, which would put s on the heap
					transformWidthWide(&s, r, n, row)
				} else {
					transformWidth(&s, r, n, row)
				}
			}
			for j := range across {
				at := rowAtPointer(a.transformed, j*a.frequency+c*a.plane+first*floatBytes)
				transformRows(at, across*a.frequency, n, &s[j])
			}
		}
	}
}

// transformWidth transforms a row of n tiles along the width.
func transformWidth(s *[wideAcross][winogradIn][someTiles]float32, r, n int, row []float32) {
	for i := range n {
		d := (*[winogradAcross]float32)(row[i*WinogradColumns:])
		s[0][r][i], s[1][r][i], s[2][r][i], s[3][r][i] = d[0]-d[2], d[1]+d[2], d[2]-d[1], d[1]-d[3]
	}
}

func transformWidthWide(s *[wideAcross][winogradIn][someTiles]float32, r, n int, row []float32) {
	for i := range n {
		d := (*[wideAcross]float32)(row[i*WideColumns:])
		s[0][r][i], s[5][r][i] = 4*(d[0]-d[2])+d[4]-d[2], d[5]-d[3]-4*(d[3]-d[1])
		even, odd := d[4]-4*d[2], d[3]-4*d[1]
		s[1][r][i], s[2][r][i] = even+odd, even-odd
		even, odd = d[4]-d[2], 2*(d[3]-d[1])
		s[3][r][i], s[4][r][i] = even+odd, even-odd
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

// winogradOutGeneric computes y = A m D, scales, adds the bias and the skip connection, and activates.
func winogradOutGeneric(a *winogradOutArgs)     { transformOut(a, WinogradColumns, winogradAcross) }
func winogradOutWideGeneric(a *winogradOutArgs) { transformOut(a, WideColumns, wideAcross) }

// collectWidth transforms row i of n tiles along the width, from the frequencies f.
func collectWidth(m *[WideColumns][winogradIn][someTiles]float32, i, n int, f *[wideAcross][]float32) {
	for t := range n {
		m0, m1, m2, m3 := f[0][t], f[1][t], f[2][t], f[3][t]
		m[0][i][t], m[1][i][t] = m0+m1+m2, m1-m2-m3
	}
}

func collectWidthWide(m *[WideColumns][winogradIn][someTiles]float32, i, n int, f *[wideAcross][]float32) {
	for t := range n {
		sum1, difference1 := f[1][t]+f[2][t], f[1][t]-f[2][t]
		sum2, difference2 := f[3][t]+f[4][t], f[3][t]-f[4][t]
		m[0][i][t], m[1][i][t] = f[0][t]+sum1+sum2, difference1+2*difference2
		m[2][i][t], m[3][i][t] = sum1+4*sum2, f[5][t]+difference1+8*difference2
	}
}

// transformOut does both.
func transformOut(a *winogradOutArgs, columns, across int) {
	bias, scale := unsafe.Slice(a.bias, a.count), unsafe.Slice(a.scale, a.count)
	tiles := (a.left + a.n + columns - 1) / columns
	var m [WideColumns][winogradIn][someTiles]float32 // m D
	var y [WinogradRows][WideColumns * someTiles]float32
	for c := range a.count {
		for first := 0; first < tiles; first += someTiles {
			n := min(tiles-first, someTiles)
			for i := range winogradIn {
				var f [wideAcross][]float32
				for j := range across {
					f[j] = rowAt(a.products, (i*across+j)*a.frequency+c*a.plane+first*floatBytes, n)
				}
				if columns == WideColumns {
					collectWidthWide(&m, i, n, &f)
				} else {
					collectWidth(&m, i, n, &f)
				}
			}
			if factor := scale[c]; factor != 1 {
				for column := range columns {
					for i := range winogradIn {
						for t := range n {
							m[column][i][t] *= factor
						}
					}
				}
			}
			for column := range columns {
				collectRows(&y, column, columns, n, &m[column], bias[c])
			}
			finishRows(a, c, first*columns, n*columns, &y)
		}
	}
}

// collectRows computes A m for a column of n tiles, with the bias, and puts it into that column of each tile.
func collectRows(y *[WinogradRows][WideColumns * someTiles]float32, column, columns, n int, m *[winogradIn][someTiles]float32, bias float32) {
	for i := range min(n, someTiles) {
		m0, m7 := m[0][i]+bias, m[7][i]+bias
		sum1, difference1 := m[1][i]+m[2][i], m[1][i]-m[2][i]
		sum2, difference2 := m[3][i]+m[4][i], m[3][i]-m[4][i]
		sum3, difference3 := m[5][i]+m[6][i], m[5][i]-m[6][i]
		x := i*columns + column
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
func finishRows(a *winogradOutArgs, c, x, n int, y *[WinogradRows][WideColumns * someTiles]float32) {
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

// winogradKernelsGeneric computes u = G k H for all kernels.
func winogradKernelsGeneric(a *kernelsArgs)     { transformKernels(a, winogradAcross) }
func winogradKernelsWideGeneric(a *kernelsArgs) { transformKernels(a, wideAcross) }

// transformKernels does both.
func transformKernels(a *kernelsArgs, across int) {
	var u [winogradIn * wideAcross]float32
	for plane := range a.planes {
		kernels := rowAt(a.kernels, plane*9*a.outs*floatBytes, 9*a.outs)
		for o := range a.outs {
			var k [9]float32
			for j := range k {
				k[j] = kernels[j*a.outs+o]
			}
			if across == wideAcross {
				transformKernelWide(&k, u[:])
			} else {
				transformKernel(&k, u[:])
			}
			for f, v := range u[:winogradIn*across] {
				*rowAtPointer(a.weight, ((f*a.planes+plane)*a.outs+o)*floatBytes) = v
			}
		}
	}
}

// transformKernel computes u = G k H, with
//
//	G = 1 0 0, -2/9 (1 1 1), -2/9 (1 -1 1), 1/90 (1 2 4), 1/90 (1 -2 4), 8/45 (4 2 1), 8/45 (4 -2 1), 0 0 1
//	H = 1 0 0, 1/2 (1 1 1), 1/2 (1 -1 1), 0 0 1 (transposed)
func transformKernel(k *[9]float32, u []float32) {
	for i, row := range transformHeight(k) {
		left, middle, right := row[0], row[1], row[2]
		even, odd := 0.5*(left+right), 0.5*middle
		for j, v := range [winogradAcross]float64{left, even + odd, even - odd, right} {
			u[i*winogradAcross+j] = float32(v)
		}
	}
}

// transformKernelWide computes the same with
//
//	H = 1/4 0 0, -1/6 (1 1 1), -1/6 (1 -1 1), 1/24 (1 2 4), 1/24 (1 -2 4), 0 0 1 (transposed)
func transformKernelWide(k *[9]float32, u []float32) {
	for i, row := range transformHeight(k) {
		left, middle, right := row[0], row[1], row[2]
		even1, odd1 := -(left+right)/6, -middle/6
		even2, odd2 := left/24+right/6, middle/12
		for j, v := range [wideAcross]float64{left / 4, even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, right} {
			u[i*wideAcross+j] = float32(v)
		}
	}
}

// transformHeight computes G k.
func transformHeight(k *[9]float32) (columns [winogradIn][3]float64) {
	for x := range 3 {
		top, middle, bottom := float64(k[x]), float64(k[3+x]), float64(k[6+x])
		columns[0][x], columns[7][x] = top, bottom
		even, odd := -2.0/9*(top+bottom), -2.0/9*middle
		columns[1][x], columns[2][x] = even+odd, even-odd
		even, odd = 1.0/90*top+4.0/90*bottom, 2.0/90*middle
		columns[3][x], columns[4][x] = even+odd, even-odd
		even, odd = 32.0/45*top+8.0/45*bottom, 16.0/45*middle
		columns[5][x], columns[6][x] = even+odd, even-odd
	}
	return columns
}
