package kernel

import "unsafe"

// A row kernel computes one row of several result planes from weighted source rows; it is the inner loop of all convolutions.
// Sources come as segments, stacks of planes at a fixed distance; from each plane it takes taps rows, each one number further
// on than the one before. With row(s, p, t) for the row that starts at segments[s].src + p*segments[s].plane + t:
//
//	w := weight
//	for each segment s, each of its planes p, each tap t {
//		for o := range outs {
//			for x := range n {
//				sum[o][x] += w[o] * row(s, p, t)[x]      // sum starts as bias[o]
//			}
//		}
//		w = w[outs:]
//	}
//	for o := range outs {
//		for x := range n {
//			v := sum[o][x] + add[o][x]                   // if add is not nil; it may be dst
//			dst[o][x] = max(v, 0) + slope[o]*min(v, 0)   // if slope is not nil
//		}
//	}
//
// Distances are in bytes. The assembly knows the fields by their offsets; gen writes these into layout.go, where a struct that was
// changed does not compile.
type rowArgs struct {
	dst          *float32
	dstPlane     int
	segments     *segment
	segmentCount int
	taps         int
	weight       *float32
	bias         *float32
	n            int
	add          *float32
	addPlane     int
	slope        *float32
}

// segment is a stack of count planes.
type segment struct {
	src   *float32
	plane int
	count int
}

// from is the planes from the given one on; nowhere stays nowhere.
func (s segment) from(plane int) segment {
	if s.src != nil {
		s.src = rowAtPointer(s.src, plane*s.plane)
	}
	s.count -= plane
	return s
}

// sliceSegments cuts planes first to first+count-1 out of segments that lie side by side, and appends them to cut.
func sliceSegments(cut, segments []segment, first, count int) []segment {
	for _, s := range segments {
		if first >= s.count {
			first -= s.count
			continue
		}
		part := s.from(first)
		if part.count = min(part.count, count); part.count == 0 {
			break
		}
		cut = append(cut, part)
		count -= part.count
		first = 0
	}
	return cut
}

// maxPixels bounds the length of the rows given to a kernel, so that none runs for more than about 100 microseconds: assembly
// cannot be interrupted, and would hold up the garbage collector.
const maxPixels = 512

// maxChunks of eight pixels bound likewise what a kernel for samples does at a time.
const maxChunks = maxPixels / 8

// floatBytes is the size of a float32.
const floatBytes = 4

// rowGeneric is the row kernel for any number of results in pure Go.
func rowGeneric(outs int, a *rowArgs) {
	segments := unsafe.Slice(a.segments, a.segmentCount)
	sources := 0
	for _, s := range segments {
		sources += s.count * a.taps
	}
	weight, bias := unsafe.Slice(a.weight, sources*outs), unsafe.Slice(a.bias, outs)
	for o := 0; o < outs; o += 2 {
		d0 := startRow(a, o, bias[o])
		var d1 []float32
		if o+1 < outs {
			d1 = startRow(a, o+1, bias[o+1])
		}
		f := fourRows{d0: d0, d1: d1}
		t := 0
		for _, s := range segments {
			for p := range s.count {
				for tap := range a.taps {
					f.add(rowAt(s.src, p*s.plane+tap*floatBytes, a.n), weight[t*outs+o:])
					t++
				}
			}
		}
		f.flush()
		finish(a, o, d0)
		if d1 != nil {
			finish(a, o+1, d1)
		}
	}
}

// rowAt is n numbers from offset bytes behind p.
func rowAt(p *float32, offset, n int) []float32 { return unsafe.Slice(rowAtPointer(p, offset), n) }

// rowAtPointer points to the number offset bytes behind p.
func rowAtPointer(p *float32, offset int) *float32 {
	return (*float32)(unsafe.Add(unsafe.Pointer(p), offset))
}

// startRow makes a row of the result the bias and the skip connection, which may be the row itself.
func startRow(a *rowArgs, o int, bias float32) []float32 {
	d := rowAt(a.dst, o*a.dstPlane, a.n)
	if a.add == nil {
		fill(d, bias)
		return d
	}
	for i, v := range rowAt(a.add, o*a.addPlane, a.n) {
		d[i] = v + bias
	}
	return d
}

// finish activates.
func finish(a *rowArgs, o int, d []float32) {
	if a.slope != nil {
		leak(d, unsafe.Slice(a.slope, o+1)[o])
	}
}

// fourRows collects weighted source rows until there are four to add at a time, which spares loads and stores of the sums.
type fourRows struct {
	d0, d1 []float32 // the sums; d1 may be nil
	rows   [4][]float32
	w      [8]float32
	count  int
}

// add weights a row with w[0] for d0 and w[1] for d1.
func (f *fourRows) add(row, w []float32) {
	f.rows[f.count] = row
	f.w[f.count] = w[0]
	if f.d1 != nil {
		f.w[f.count+4] = w[1]
	}
	if f.count++; f.count == 4 {
		f.flush()
	}
}

func (f *fourRows) flush() {
	if f.count == 0 {
		return
	}
	for i := f.count; i < 4; i++ { // rows that do not count
		f.rows[i], f.w[i], f.w[i+4] = f.rows[0], 0, 0
	}
	if f.d1 != nil {
		mac4x2(f.d0, f.d1, f.rows[0], f.rows[1], f.rows[2], f.rows[3], &f.w)
	} else {
		mac4x1(f.d0, f.rows[0], f.rows[1], f.rows[2], f.rows[3], (*[4]float32)(f.w[:4]))
	}
	f.count = 0
}

// mac4x2 adds four weighted rows to two rows:
//
//	for i := range d0 {
//		d0[i] += w[0]*s0[i] + w[1]*s1[i] + w[2]*s2[i] + w[3]*s3[i]
//		d1[i] += w[4]*s0[i] + w[5]*s1[i] + w[6]*s2[i] + w[7]*s3[i]
//	}
func mac4x2(d0, d1, s0, s1, s2, s3 []float32, w *[8]float32) {
	n := len(d0)
	d1, s0, s1, s2, s3 = d1[:n], s0[:n], s1[:n], s2[:n], s3[:n]
	w0, w1, w2, w3, w4, w5, w6, w7 := w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]
	for i := range d0 {
		a, b, c, d := s0[i], s1[i], s2[i], s3[i]
		d0[i] += w0*a + w1*b + w2*c + w3*d
		d1[i] += w4*a + w5*b + w6*c + w7*d
	}
}

// mac4x1 adds four weighted rows to one row:
//
//	for i := range d { d[i] += w[0]*s0[i] + w[1]*s1[i] + w[2]*s2[i] + w[3]*s3[i] }
func mac4x1(d, s0, s1, s2, s3 []float32, w *[4]float32) {
	n := len(d)
	s0, s1, s2, s3 = s0[:n], s1[:n], s2[:n], s3[:n]
	w0, w1, w2, w3 := w[0], w[1], w[2], w[3]
	for i := range d {
		d[i] += w0*s0[i] + w1*s1[i] + w2*s2[i] + w3*s3[i]
	}
}

func fill(d []float32, v float32) {
	for i := range d {
		d[i] = v
	}
}

// addRow does d[i] += s[i].
func addRow(d, s []float32) {
	for i, v := range s[:len(d)] {
		d[i] += v
	}
}

// leak multiplies negative numbers with slope.
func leak(d []float32, slope float32) {
	if slope == 0 {
		for i, v := range d {
			d[i] = max(v, 0)
		}
		return
	}
	for i, v := range d {
		if v < 0 {
			d[i] = v * slope
		}
	}
}
