package metric

import "testing"

const benchW, benchH = 2040, 1356

func BenchmarkSSIM(b *testing.B) {
	hr, sr := benchPictures()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := SSIM(hr, sr, 4); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPSNROfLuma(b *testing.B) {
	hr, sr := benchPictures()
	for b.Loop() {
		if _, err := PSNR(hr.Luma(), sr.Luma(), 4); err != nil {
			b.Fatal(err)
		}
	}
}

func benchPictures() (hr, sr Image) {
	x, y := make([]uint8, benchW*benchH*3), make([]uint8, benchW*benchH*3)
	for i := range x {
		x[i], y[i] = uint8(i*7), uint8(i*7+i%5)
	}
	return Bytes(benchW, benchH, 3, x), Bytes(benchW, benchH, 3, y)
}
