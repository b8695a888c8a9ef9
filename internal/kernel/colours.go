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

// ColourMatrix turns luminance and two differences of colour into red, green and blue. Factors are in units of 1/65536.
type ColourMatrix struct {
	Black                           int32 // the luminance of black
	Luminance                       int32
	RedCr, GreenCb, GreenCr, BlueCb int32
}

// RGB is the way back from luminance and two differences of colour, to pixels of three bytes each:
//
//	l = (y[i]-Black)*Luminance + 1<<15
//	r = (l + RedCr*(cr[i]-128)) >> 16
//	g = (l + GreenCb*(cb[i]-128) + GreenCr*(cr[i]-128)) >> 16
//	b = (l + BlueCb*(cb[i]-128)) >> 16
//
// each within 0..255. The planes are of one length, and rgb is three times as long. Every set gives these bytes.
func RGB(rgb, y, cb, cr []byte, m *ColourMatrix) { toRGB(samplesSet(), rgb, y, cb, cr, m) }

func toRGB(set *Set, rgb, y, cb, cr []byte, m *ColourMatrix) {
	n := len(y)
	cb, cr, rgb = cb[:n], cr[:n], rgb[:3*n]
	done := 0
	if set.rgb != nil {
		done = set.rgb(rgb, y, cb, cr, m)
	}
	rgbGeneric(rgb[3*done:], y[done:], cb[done:], cr[done:], m)
}

func rgbGeneric(rgb, y, cb, cr []byte, m *ColourMatrix) {
	const half = 1 << 15
	for i := range y {
		l := (int32(y[i])-m.Black)*m.Luminance + half
		b, r := int32(cb[i])-128, int32(cr[i])-128
		pixel := rgb[3*i : 3*i+3 : 3*i+3]
		pixel[0] = clampToByte((l + m.RedCr*r) >> 16)
		pixel[1] = clampToByte((l + m.GreenCb*b + m.GreenCr*r) >> 16)
		pixel[2] = clampToByte((l + m.BlueCb*b) >> 16)
	}
}

func clampToByte(v int32) byte { return byte(max(0, min(v, 0xff))) }

// Widen makes two samples of each one of a row, of which near is the row next to it that pixels lie nearer to, or the row itself. With
// s(i) = 3*own[i] + near[i], and with the first and last of these repeated beyond the row:
//
//	dst[2*i]   = (3*s(i) + s(i-1) + 8) >> 4
//	dst[2*i+1] = (3*s(i) + s(i+1) + 7) >> 4
//
// The two roundings of a half, up and down, keep the mean. dst is twice as long as own and near. Every set gives these bytes.
func Widen(dst, own, near []byte) { widen(samplesSet(), dst, own, near) }

func widen(set *Set, dst, own, near []byte) {
	n := len(own)
	near, dst = near[:n], dst[:2*n]
	done := 0
	if set.widen != nil && n > 1 {
		widenGeneric(dst, own, near, 0, 1)
		done = 1 + set.widen(dst, own, near)
	}
	widenGeneric(dst, own, near, done, n)
}

// widenGeneric does samples first to end-1.
func widenGeneric(dst, own, near []byte, first, end int) {
	sum := func(i int) int {
		i = max(0, min(i, len(own)-1))
		return 3*int(own[i]) + int(near[i])
	}
	if first == end {
		return
	}
	for i, before, v := first, sum(first-1), sum(first); i < end; i++ {
		after := sum(i + 1)
		dst[2*i], dst[2*i+1] = byte((3*v+before+8)>>4), byte((3*v+after+7)>>4)
		before, v = v, after
	}
}
