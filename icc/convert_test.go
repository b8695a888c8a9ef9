package icc

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"classsr/picture"
)

// file is a profile of testdata (from Debian's icc-profiles-free, see README.md there).
func file(t testing.TB, name string) []byte {
	t.Helper()
	profile, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return profile
}

// TestConversionAsLittleCMS compares with what transicc of Little CMS 2.14 gives for the same profiles and colours (-t1 -b).
func TestConversionAsLittleCMS(t *testing.T) {
	for _, test := range []struct {
		profile string
		in      [4]float64
		want    [3]float64
	}{
		{"compatibleWithAdobeRGB1998.icc", [4]float64{68, 32, 130}, [3]float64{75.997, 26.1403, 133.525}},
		{"compatibleWithAdobeRGB1998.icc", [4]float64{60, 253, 230}, [3]float64{-1098.68, 253.066, 229.705}},
		{"compatibleWithAdobeRGB1998.icc", [4]float64{241, 194, 107}, [3]float64{256.865, 195.379, 101.291}},
		{"compatibleWithAdobeRGB1998.icc", [4]float64{48, 249, 14}, [3]float64{-1128.36, 249.193, -128.436}},
		{"compatibleWithAdobeRGB1998.icc", [4]float64{199, 221, 1}, [3]float64{190.802, 221.937, -103.237}},
		{"compatibleWithAdobeRGB1998.icc", [4]float64{228, 136, 117}, [3]float64{254.246, 137.202, 116.796}},
		{"LStar-RGB.icc", [4]float64{52, 162, 15}, [3]float64{-323.47, 152.42, -11.568}},
		{"LStar-RGB.icc", [4]float64{11, 13, 4}, [3]float64{14.5515, 16.7672, 5.0832}},
		{"LStar-RGB.icc", [4]float64{195, 110, 216}, [3]float64{212.796, 106.459, 214.185}},
		{"LStar-RGB.icc", [4]float64{14, 113, 224}, [3]float64{-345.831, 113.711, 225.064}},
		{"LStar-RGB.icc", [4]float64{253, 119, 176}, [3]float64{294.626, 107.566, 166.754}},
		{"LStar-RGB.icc", [4]float64{118, 112, 235}, [3]float64{95.457, 112.999, 237.134}},
		{"Gray.icc", [4]float64{148}, [3]float64{200.434, 200.434, 200.434}},
		{"Gray.icc", [4]float64{11}, [3]float64{58.5825, 58.5825, 58.5825}},
		{"Gray.icc", [4]float64{213}, [3]float64{235.564, 235.564, 235.564}},
		{"Gray.icc", [4]float64{51}, [3]float64{123.555, 123.555, 123.555}},
		{"Gray.icc", [4]float64{95}, [3]float64{164.262, 164.262, 164.262}},
		{"Gray.icc", [4]float64{151}, [3]float64{202.234, 202.234, 202.234}},
	} {
		c, err := NewConversion(file(t, test.profile))
		if err != nil {
			t.Fatal(err)
		}
		in := [4]float64{test.in[0] / 255, test.in[1] / 255, test.in[2] / 255}
		r, g, b := c.color(&in)
		for i, got := range []float64{r * 255, g * 255, b * 255} {
			if want := max(0, min(test.want[i], 255)); math.Abs(got-want) > 0.05 {
				t.Errorf("%s, %v: channel %d is %.3f, want %.3f", test.profile, test.in, i, got, want)
			}
		}
	}
}

// cmykProfile is a profile for CMYK whose table has two points along each ink: Lab colours of type lut8.
func cmykProfile(lab func(c, m, y, k int) [3]byte) []byte {
	table := []byte("mft1\x00\x00\x00\x00\x04\x03\x02\x00")
	for i := range 9 { // the unit matrix
		table = binary.BigEndian.AppendUint32(table, uint32(0x10000*((i%4+3)/4^1)))
	}
	identity := make([]byte, 256)
	for i := range identity {
		identity[i] = byte(i)
	}
	table = append(table, bytes.Repeat(identity, 4)...)
	for i := range 16 {
		v := lab(i>>3, i>>2&1, i>>1&1, i&1)
		table = append(table, v[:]...)
	}
	table = append(table, bytes.Repeat(identity, 3)...)
	profile := make([]byte, headerLen, 2048)
	copy(profile[8:], "\x02\x40\x00\x00prtrCMYKLab ")
	copy(profile[36:], "acsp")
	copy(profile[68:], "\x00\x00\xf6\xd6\x00\x01\x00\x00\x00\x00\xd3\x2d")
	profile = append(profile, 0, 0, 0, 1)
	profile = append(profile, "A2B0\x00\x00\x00\x90"...)
	profile = append(binary.BigEndian.AppendUint32(profile, uint32(len(table))), table...)
	binary.BigEndian.PutUint32(profile, uint32(len(profile)))
	return profile
}

func TestCMYK(t *testing.T) {
	c, err := NewConversion(cmykProfile(func(c, m, y, k int) [3]byte {
		// Each ink takes a quarter of the lightness: grays.
		return [3]byte{byte(255 - 63*(c+m+y+k)), 128, 128}
	}))
	if err != nil {
		t.Fatal(err)
	}
	pixels := []uint8{0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 128, 0}
	if err := c.CMYK(pixels); err != nil {
		t.Fatal(err)
	}
	// Of L* = 100, 50.6 and 87.6 the sRGB grays are 255, 120.6 and 219.5.
	for i, want := range []float64{255, 120.6, 219.5} {
		for _, got := range pixels[4*i : 4*i+3] {
			if math.Abs(float64(got)-want) > 1.5 {
				t.Errorf("pixel %d is %v, want grays of %.1f", i, pixels[4*i:4*i+3], want)
				break
			}
		}
	}
}

func TestPictures(t *testing.T) {
	c, err := NewConversion(file(t, "compatibleWithAdobeRGB1998.icc"))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(7, 8))
	for _, depth := range []int{8, 16} {
		p := picture.New(31, 17, 3, true, depth)
		want := picture.New(31, 17, 3, true, depth)
		most := float64(int(1)<<depth - 1)
		for i := range 31 * 17 {
			in := [4]float64{}
			for k := range 4 {
				v := r.IntN(1 << depth)
				if in[k] = float64(v) / most; depth == 8 {
					p.Pix8[4*i+k], want.Pix8[4*i+k] = uint8(v), uint8(v)
				} else {
					p.Pix16[4*i+k], want.Pix16[4*i+k] = uint16(v), uint16(v)
				}
			}
			red, green, blue := c.color(&in)
			for k, v := range []float64{red, green, blue} {
				if v = math.Round(max(0, min(v, 1)) * most); depth == 8 {
					want.Pix8[4*i+k] = uint8(v)
				} else {
					want.Pix16[4*i+k] = uint16(v)
				}
			}
		}
		if err := c.Picture(context.Background(), p, 3); err != nil {
			t.Fatal(err)
		}
		for i := range p.Pix8 {
			if p.Pix8[i] != want.Pix8[i] {
				t.Fatalf("sample %d is %d, want %d", i, p.Pix8[i], want.Pix8[i])
			}
		}
		for i := range p.Pix16 {
			if p.Pix16[i] != want.Pix16[i] {
				t.Fatalf("sample %d of 16 bits is %d, want %d", i, p.Pix16[i], want.Pix16[i])
			}
		}
	}
}

// Floating point gives what 16 bits do, and black and white for what lies beyond.
func TestFloats(t *testing.T) {
	for _, name := range []string{"compatibleWithAdobeRGB1998.icc", "Gray.icc"} {
		c, err := NewConversion(file(t, name))
		if err != nil {
			t.Fatal(err)
		}
		p := picture.New(40, 1, c.inputs, true, 16)
		for i := range p.Pix16 {
			p.Pix16[i] = uint16(i * 7919)
		}
		q := p.To(32)
		q.Pix32[0], p.Pix16[0] = 2.5, 65535
		for _, p := range []*picture.Picture{p, q} {
			if err := c.Picture(context.Background(), p, 1); err != nil {
				t.Fatal(err)
			}
		}
		for i, v := range q.To(16).Pix16 {
			if d := int(v) - int(p.Pix16[i]); d < -1 || d > 1 {
				t.Errorf("%s: sample %d is %d, want %d", name, i, v, p.Pix16[i])
			}
		}
	}
}

// FuzzConversion reads profiles that may be anything, and converts some colours.
func FuzzConversion(f *testing.F) {
	for _, name := range []string{"compatibleWithAdobeRGB1998.icc", "LStar-RGB.icc", "Gray.icc"} {
		f.Add(file(f, name))
	}
	f.Add(cmykProfile(func(c, m, y, _ int) [3]byte { return [3]byte{byte(255 * c), byte(255 * m), byte(255 * y)} }))
	f.Fuzz(func(_ *testing.T, profile []byte) {
		c, err := NewConversion(profile)
		if err != nil {
			return
		}
		_ = Name(profile)
		if c.inputs == 4 {
			_ = c.CMYK([]uint8{0, 0, 0, 0, 255, 255, 255, 255, 1, 100, 200, 30})
			return
		}
		p := picture.New(3, 3, c.inputs, false, 8)
		for i := range p.Pix8 {
			p.Pix8[i] = uint8(i * 37)
		}
		_ = c.Picture(context.Background(), p, 1)
	})
}
