package yuv_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"testing"

	"pgregory.net/rapid"

	"classsr/imageio/y4m"
	"classsr/imageio/yuv"
	"classsr/internal/testref"
	"classsr/picture"
)

// form is how a frame is stored, for ffmpeg and for us.
type form struct {
	pixels, chroma string // as ffmpeg names them; chroma is where swscale is to put it
	h              y4m.Header
	matrix         yuv.Matrix
}

func (f form) String() string {
	return fmt.Sprintf("%s %s full=%v %s", f.pixels, f.h.Format.Siting, f.h.Full, f.matrix)
}

// forms are all that there are, of a size.
func forms(width, height int) []form {
	var all []form
	for _, k := range []struct {
		pixels, chroma string
		format         y4m.Format
	}{
		{"yuv420p", "h_chr_pos=0:%[1]sv_chr_pos=128", y4m.Format{Depth: 8, Across: 2, Down: 2, Siting: y4m.Left}},
		{"yuv420p", "h_chr_pos=128:%[1]sv_chr_pos=128", y4m.Format{Depth: 8, Across: 2, Down: 2, Siting: y4m.Center}},
		{"yuv420p", "h_chr_pos=0:%[1]sv_chr_pos=0", y4m.Format{Depth: 8, Across: 2, Down: 2, Siting: y4m.TopLeft}},
		{"yuv422p", "h_chr_pos=0", y4m.Format{Depth: 8, Across: 2, Down: 1, Siting: y4m.Left}},
		{"yuv444p", "", y4m.Format{Depth: 8, Across: 1, Down: 1}},
		{"yuv420p10le", "h_chr_pos=0:%[1]sv_chr_pos=128", y4m.Format{Depth: 10, Across: 2, Down: 2, Siting: y4m.Left}},
		{"yuv422p10le", "h_chr_pos=0", y4m.Format{Depth: 10, Across: 2, Down: 1, Siting: y4m.Left}},
		{"yuv444p10le", "", y4m.Format{Depth: 10, Across: 1, Down: 1}},
	} {
		for _, full := range []bool{false, true} {
			for _, matrix := range []yuv.Matrix{yuv.BT601, yuv.BT709} {
				all = append(all, form{k.pixels, k.chroma, y4m.Header{Width: width, Height: height, Format: k.format, Full: full}, matrix})
			}
		}
	}
	return all
}

// swscale says how ffmpeg is to convert, where what is given or wanted (in, out) has the form.
func (f form) swscale(side string) string {
	ranges, matrix := map[bool]string{false: "tv", true: "pc"}[f.h.Full], map[yuv.Matrix]string{yuv.BT601: "bt601", yuv.BT709: "bt709"}[f.matrix]
	text := fmt.Sprintf("scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp:%s_color_matrix=%s:%s_range=%s", side, matrix, side, ranges)
	if f.chroma != "" {
		text += ":" + side + "_" + fmt.Sprintf(f.chroma+"%.0[1]s", side+"_")
	}
	return text
}

// photo is a picture of detail and flat parts, of so many bits.
func photo(t *testing.T, width, height, depth int) *picture.Picture {
	source := fmt.Sprintf("testsrc2=s=%dx%d,noise=alls=20:allf=t,gblur=sigma=1", width, height)
	raw := testref.Output(t, nil, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
	p := picture.New(width, height, 3, false, 8)
	copy(p.Pix8, raw)
	return p.To(depth)
}

func size(f form) string { return fmt.Sprintf("%dx%d", f.h.Width, f.h.Height) }

func bytesOf(p *picture.Picture) []byte {
	if p.Depth == 8 {
		return p.Pix8
	}
	out, _ := binary.Append(nil, binary.LittleEndian, p.Pix16)
	return out
}

// rgb is what ffmpeg calls pictures of so many bits.
func rgb(depth int) string { return map[int]string{8: "rgb24", 16: "rgb48le"}[depth] }

// frameOf reads a frame as ffmpeg gives it raw.
func frameOf(t *testing.T, h y4m.Header, raw []byte) *y4m.Frame {
	t.Helper()
	r, err := y4m.NewReader(bytes.NewReader(bytes.Join([][]byte{streamHead(t, h), []byte("FRAME\n"), raw}, nil)))
	if err != nil {
		t.Fatal(err)
	}
	f := h.NewFrame()
	if err := r.Read(f); err != nil {
		t.Fatal(err)
	}
	return f
}

func streamHead(t *testing.T, h y4m.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := y4m.NewWriter(&out, h)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(h.NewFrame()); err != nil {
		t.Fatal(err)
	}
	head, _, _ := bytes.Cut(out.Bytes(), []byte("FRAME\n"))
	return head
}

// samples are those of all planes.
func samples(f *y4m.Frame) (all []int) {
	for _, p := range f.Pix8 {
		for _, v := range p {
			all = append(all, int(v))
		}
	}
	for _, p := range f.Pix16 {
		for _, v := range p {
			all = append(all, int(v))
		}
	}
	return all
}

func farthest(a, b []int) (most int, share float64) {
	differ := 0
	for i := range a {
		d := max(a[i]-b[i], b[i]-a[i])
		most = max(most, d)
		if d > 0 {
			differ++
		}
	}
	return most, float64(differ) / float64(len(a))
}

// Pictures become the frames of swscale, and frames its pictures, to one level of 8 bits. It takes samples of 16 bits for 256 times those of 8, so that
// white is a little beyond white; so frames of 10 bits are not compared more closely.
func TestAsSwscale(t *testing.T) {
	const width, height = 96, 72
	ctx := context.Background()
	for _, f := range forms(width, height) {
		t.Run(f.String(), func(t *testing.T) {
			c := yuv.New(f.h, f.matrix, 2)
			depth := c.Config().Depth
			p := photo(t, width, height, depth)
			raw := testref.Output(t, bytes.NewReader(bytesOf(p)), "ffmpeg", "-v", "error", "-f", "rawvideo", "-s", size(f), "-pix_fmt", rgb(depth), "-i", "-",
				"-vf", f.swscale("out"), "-pix_fmt", f.pixels, "-f", "rawvideo", "-")
			theirs, ours := frameOf(t, f.h, raw), f.h.NewFrame()
			if err := c.ToFrame(ctx, ours, p); err != nil {
				t.Fatal(err)
			}
			most, share := farthest(samples(ours), samples(theirs))
			if limit := 1 << (f.h.Format.Depth - 8); most > limit {
				t.Errorf("a frame is up to %d levels from that of swscale (%.1f %% differ)", most, 100*share)
			}
			back := testref.Output(t, bytes.NewReader(raw), "ffmpeg", "-v", "error", "-f", "rawvideo", "-s", size(f), "-pix_fmt", f.pixels, "-i", "-",
				"-vf", f.swscale("in"), "-pix_fmt", rgb(depth), "-f", "rawvideo", "-")
			own := c.Config().New()
			if err := c.ToPicture(ctx, own, theirs); err != nil {
				t.Fatal(err)
			}
			compareColours(t, own, back)
		})
	}
}

// compareColours compares a picture with that of swscale. Where chroma is interpolated from a position between samples, swscale leaves out the outermost
// tap of the third row and column (its division rounds towards zero), which are not compared.
func compareColours(t *testing.T, own *picture.Picture, back []byte) {
	t.Helper()
	level := 1
	var a, b []int
	for i := range own.Width * own.Height * 3 {
		if x, y := i/3%own.Width, i/3/own.Width; x == 2 || y == 2 {
			continue
		}
		if own.Depth == 8 {
			a, b = append(a, int(own.Pix8[i])), append(b, int(back[i]))
			continue
		}
		level = 5 * 64 // of 10 bits in 16
		a, b = append(a, int(own.Pix16[i])), append(b, int(binary.LittleEndian.Uint16(back[2*i:])))
	}
	if most, share := farthest(a, b); most > level {
		t.Errorf("a picture is up to %d/%d levels from that of swscale (%.1f %% differ)", most, level, 100*share)
	}
}

// Any size, any form, any number of threads: a gray picture keeps its luma, chroma in the middle, and one colour stays one colour.
func TestPlainColoursStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(forms(rapid.IntRange(1, 70).Draw(t, "width"), rapid.IntRange(1, 70).Draw(t, "height"))).Draw(t, "form")
		c := yuv.New(f.h, f.matrix, rapid.IntRange(1, 3).Draw(t, "threads"))
		p := c.Config().New()
		var colour [3]float32
		for i := range colour {
			colour[i] = float32(rapid.IntRange(0, 255).Draw(t, "colour")) / 255
		}
		plane := make([]float32, p.Width*p.Height)
		for i, v := range colour {
			for k := range plane {
				plane[k] = v
			}
			p.WritePlane(plane, i, p.Bounds())
		}
		frame := f.h.NewFrame()
		if err := c.ToFrame(context.Background(), frame, p); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			var values []int
			if frame.Pix8 != nil {
				values = samples(&y4m.Frame{Pix8: frame.Pix8[i : i+1]})
			} else {
				values = samples(&y4m.Frame{Pix16: frame.Pix16[i : i+1]})
			}
			for _, v := range values {
				if v != values[0] {
					t.Fatalf("plane %d of one colour has %d and %d", i, values[0], v)
				}
			}
		}
		back := c.Config().New()
		if err := c.ToPicture(context.Background(), back, frame); err != nil {
			t.Fatal(err)
		}
		for i, v := range colour {
			back.ReadPlane(plane, i, image.Rect(0, 0, p.Width, p.Height))
			for _, got := range plane {
				if d := got - v; d > 2.6/255 || d < -2.6/255 {
					t.Fatalf("colour %d was %v and is %v", i, v, got)
				}
			}
		}
	})
}

// Frames of 10 bits are as the standards say, to the level.
func TestTenBits(t *testing.T) {
	for _, tt := range []struct {
		matrix yuv.Matrix
		full   bool
		colour [3]uint16
		want   [3]int
	}{
		{yuv.BT709, false, [3]uint16{65535, 65535, 65535}, [3]int{940, 512, 512}}, {yuv.BT709, true, [3]uint16{65535, 65535, 65535}, [3]int{1023, 512, 512}},
		{yuv.BT601, false, [3]uint16{0, 0, 0}, [3]int{64, 512, 512}}, {yuv.BT601, false, [3]uint16{65535, 0, 0}, [3]int{326, 361, 960}},
		{yuv.BT709, false, [3]uint16{0, 0, 65535}, [3]int{127, 960, 471}},
	} {
		h := y4m.Header{Width: 2, Height: 2, Format: y4m.Format{Depth: 10, Across: 1, Down: 1}, Full: tt.full}
		c := yuv.New(h, tt.matrix, 1)
		p, frame := c.Config().New(), h.NewFrame()
		for i := range p.Pix16 {
			p.Pix16[i] = tt.colour[i%3]
		}
		if err := c.ToFrame(context.Background(), frame, p); err != nil {
			t.Fatal(err)
		}
		if got := [3]int{int(frame.Pix16[0][0]), int(frame.Pix16[1][0]), int(frame.Pix16[2][0])}; got != tt.want {
			t.Errorf("%s full=%v: %v is %v, want %v", tt.matrix, tt.full, tt.colour, got, tt.want)
		}
	}
}

func TestUsualMatrix(t *testing.T) {
	for size, want := range map[[2]int]yuv.Matrix{{720, 576}: yuv.BT601, {720, 480}: yuv.BT601, {1280, 720}: yuv.BT709, {960, 720}: yuv.BT709} {
		if got := yuv.Usual(size[0], size[1]); got != want {
			t.Errorf("%v: %s, want %s", size, got, want)
		}
	}
	if _, err := yuv.ParseMatrix("bt2020"); err == nil {
		t.Error("a matrix that is not known, and no error")
	}
}
