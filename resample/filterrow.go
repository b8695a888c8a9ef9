package resample

// filterRowInto resizes a row of pixels, whose samples lie side by side, into a plane for each sample:
//
//	planes[c][i] = sum over k of weight[k] * sums[(first+k)*channels+c]
//
// The fast forms add every second product apart from the others, so that a sum need not wait for the one before it.
func filterRowInto(planes [][]float32, sums []float32, x *taps) {
	switch len(planes) {
	case 1:
		filter1(planes[0], sums, x)
	case 3:
		filter3(planes[0], planes[1], planes[2], sums, x)
	case 4:
		filter4(planes[0], planes[1], planes[2], planes[3], sums, x)
	default:
		filterPlain(planes, sums, x)
	}
}

func filterPlain(planes [][]float32, sums []float32, x *taps) {
	channels := len(planes)
	for c, plane := range planes {
		for i := range plane {
			sum, at := float32(0), x.first[i]*channels+c
			for _, w := range x.at(i) {
				sum += w * sums[at]
				at += channels
			}
			plane[i] = sum
		}
	}
}

func filter1(plane, sums []float32, x *taps) {
	for i := range plane {
		w := x.at(i)
		from := sums[x.first[i]:][:len(w)]
		var a, b float32
		for len(w) >= 2 && len(from) >= 2 {
			a += w[0] * from[0]
			b += w[1] * from[1]
			w, from = w[2:], from[2:]
		}
		if len(w) > 0 {
			a += w[0] * from[0]
		}
		plane[i] = a + b
	}
}

func filter3(red, green, blue, sums []float32, x *taps) {
	green, blue = green[:len(red)], blue[:len(red)]
	for i := range red {
		w := x.at(i)
		from := sums[3*x.first[i]:][:3*len(w)]
		var r0, g0, b0, r1, g1, b1 float32
		for len(w) >= 2 && len(from) >= 6 {
			w0, w1 := w[0], w[1]
			r0 += w0 * from[0]
			g0 += w0 * from[1]
			b0 += w0 * from[2]
			r1 += w1 * from[3]
			g1 += w1 * from[4]
			b1 += w1 * from[5]
			w, from = w[2:], from[6:]
		}
		if len(w) > 0 {
			r0 += w[0] * from[0]
			g0 += w[0] * from[1]
			b0 += w[0] * from[2]
		}
		red[i], green[i], blue[i] = r0+r1, g0+g1, b0+b1
	}
}

func filter4(red, green, blue, alpha, sums []float32, x *taps) {
	green, blue, alpha = green[:len(red)], blue[:len(red)], alpha[:len(red)]
	for i := range red {
		w := x.at(i)
		from := sums[4*x.first[i]:][:4*len(w)]
		var r0, g0, b0, a0, r1, g1, b1, a1 float32
		for len(w) >= 2 && len(from) >= 8 {
			w0, w1 := w[0], w[1]
			r0 += w0 * from[0]
			g0 += w0 * from[1]
			b0 += w0 * from[2]
			a0 += w0 * from[3]
			r1 += w1 * from[4]
			g1 += w1 * from[5]
			b1 += w1 * from[6]
			a1 += w1 * from[7]
			w, from = w[2:], from[8:]
		}
		if len(w) > 0 {
			r0 += w[0] * from[0]
			g0 += w[0] * from[1]
			b0 += w[0] * from[2]
			a0 += w[0] * from[3]
		}
		red[i], green[i], blue[i], alpha[i] = r0+r1, g0+g1, b0+b1, a0+a1
	}
}
