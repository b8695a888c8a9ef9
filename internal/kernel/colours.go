package kernel

// YCbCr converts pixels of red, green and blue, three bytes each, to luminance and two differences of colour, as JFIF has them, in fixed point
// with 16 bits after the point (the numbers are those of libjpeg):
//
//	y[i]  = ( 19595*r + 38470*g +  7471*b + 1<<15) >> 16
//	cb[i] = (-11059*r - 21709*g + 32768*b + 128<<16 + 1<<15 - 1) >> 16
//	cr[i] = ( 32768*r - 27439*g -  5329*b + 128<<16 + 1<<15 - 1) >> 16
//
// The planes are of one length, and rgb is three times as long. Every set gives these bytes.
func YCbCr(y, cb, cr, rgb []byte) { yCbCr(samplesSet(), y, cb, cr, rgb) }

func yCbCr(set *Set, y, cb, cr, rgb []byte) {
	n := len(y)
	cb, cr, rgb = cb[:n], cr[:n], rgb[:3*n]
	done := 0
	if set.yCbCr != nil {
		done = set.yCbCr(y, cb, cr, rgb)
	}
	yCbCrGeneric(y[done:], cb[done:], cr[done:], rgb[3*done:])
}

func yCbCrGeneric(y, cb, cr, rgb []byte) {
	const half, middle = 1 << 15, 128<<16 + 1<<15 - 1
	for i := range y {
		r, g, b := int32(rgb[3*i]), int32(rgb[3*i+1]), int32(rgb[3*i+2])
		y[i] = byte((19595*r + 38470*g + 7471*b + half) >> 16)
		cb[i] = byte((-11059*r - 21709*g + 32768*b + middle) >> 16)
		cr[i] = byte((32768*r - 27439*g - 5329*b + middle) >> 16)
	}
}

// Halve makes one sample of each square of two by two in two rows, their mean. Half a step is rounded down and up in turns, so that the
// picture gets no brighter; a quarter is rounded likewise:
//
//	dst[i] = (a[2*i] + a[2*i+1] + b[2*i] + b[2*i+1] + 1 + i%2) >> 2
//
// Both rows are twice as long as dst. Every set gives these bytes.
func Halve(dst, a, b []byte) { halve(samplesSet(), dst, a, b) }

func halve(set *Set, dst, a, b []byte) {
	n := len(dst)
	a, b = a[:2*n], b[:2*n]
	done := 0
	if set.halve != nil {
		done = set.halve(dst, a, b)
	}
	halveGeneric(dst[done:], a[2*done:], b[2*done:])
}

// halveGeneric begins at an even sample.
func halveGeneric(dst, a, b []byte) {
	for i := range dst {
		sum := int(a[2*i]) + int(a[2*i+1]) + int(b[2*i]) + int(b[2*i+1])
		dst[i] = byte((sum + 1 + i%2) >> 2)
	}
}
