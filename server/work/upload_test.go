package work

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"classsr/branch/branchtest"
	"classsr/budget"
	"classsr/fault"
	"classsr/icc"
	"classsr/imageio"
	"classsr/imageio/codec"
	"classsr/metadata"
	"classsr/picture"
	"classsr/server/jobs"
	"classsr/server/tokens"
	"classsr/server/view"
)

// sameAs fails if a view is not the picture in 8 bits.
func sameAs(t *testing.T, name string, view image.Image, p *picture.Picture) {
	t.Helper()
	if view.Bounds().Size() != p.Bounds().Size() {
		t.Errorf("%s: the view has %v, the picture %v", name, view.Bounds().Size(), p.Bounds().Size())
		return
	}
	eight := p.To8Bit()
	n := eight.Channels()
	for y := range p.Height {
		for x := range p.Width {
			at := eight.Pix8[(y*p.Width+x)*n:][:n]
			want := color.NRGBA{at[0], at[0], at[0], 255}
			if p.Colors == 3 {
				want.G, want.B = at[1], at[2]
			}
			if p.Alpha {
				want.A = at[n-1]
			}
			if got := color.NRGBAModel.Convert(view.At(x, y)).(color.NRGBA); got != want && (got.A > 0 || want.A > 0) {
				t.Errorf("%s: at %d, %d is %v, not %v", name, x, y, got, want)
				return
			}
		}
	}
}

// view asks for a view and decodes it.
func (b *bench) view(data []byte, pixels int64) (image.Image, string, error) {
	b.t.Helper()
	got, err := b.View(context.Background(), tokens.Local(), b.keep(data), pixels)
	if err != nil {
		return nil, "", err
	}
	view, format, err := image.Decode(bytes.NewReader(got))
	if err != nil {
		b.t.Fatal(err)
	}
	return view, format, nil
}

// Views of pictures that fit are the pictures, as they are decoded: upright, in 8 bits, with their transparency.
func TestViewsOfPictures(t *testing.T) {
	b := newBench(t, nil)
	files := map[string][]byte{
		"16 bits":       file(t, branchtest.Patchwork(90, 70, 3, false, 16), "tiff"),
		"gray":          file(t, branchtest.Patchwork(90, 70, 1, false, 8), "tiff"),
		"alpha":         file(t, branchtest.Patchwork(90, 70, 3, true, 16), "tiff"),
		"portable":      file(t, branchtest.Patchwork(9, 1, 1, true, 8), "pam"),
		"browsers show": file(t, branchtest.Patchwork(90, 70, 3, false, 8), "png"),
	}
	for _, name := range []string{"turned-1.avif", "10bit.heic", "turned-0-mirrored-1.avif"} {
		data, err := os.ReadFile(filepath.Join("../../imageio/heif/testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	for name, data := range files {
		want, err := imageio.Decode(data, imageio.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		view, format, err := b.view(data, 90*70)
		if err != nil || format != "png" {
			t.Errorf("%s: %q (%v)", name, format, err)
			continue
		}
		sameAs(t, name, view, want.Picture)
	}
	b.idle()
}

// Larger ones are means of squares.
func TestViewsOfLargePictures(t *testing.T) {
	b := newBench(t, nil)
	for _, c := range []struct{ width, height, viewWidth, viewHeight int }{{2561, 30, 854, 10}, {3, 1281, 2, 641}, {1280, 1280, 1280, 1280}} {
		p := picture.New(c.width, c.height, 3, true, 16)
		for i := range p.Pix16 {
			p.Pix16[i] = uint16(0x1212 * (1 + i%4))
		}
		p.Pix16[0], p.Pix16[3] = 0xffff, 0 // a pixel that cannot be seen adds no colour
		view, format, err := b.view(file(t, p, "tiff"), int64(c.width*c.height))
		if err != nil || format != "png" || view.Bounds().Size() != image.Pt(c.viewWidth, c.viewHeight) {
			t.Fatalf("%+v: %q (%v)", c, format, err)
		}
		if got, want := color.NRGBAModel.Convert(view.At(1, 1)), (color.NRGBA{0x12, 0x24, 0x36, 0x48}); got != want {
			t.Errorf("%+v: %v, not %v", c, got, want)
		}
		if got := color.NRGBAModel.Convert(view.At(0, 0)).(color.NRGBA); got.A >= 0x48 || got.A > 0 && got.R != 0x12 {
			t.Errorf("%+v: the corner is %v", c, got)
		}
	}
	if _, format, err := b.view(file(t, picture.New(1281, 4, 3, false, 8), "tiff"), 0); err != nil || format != "jpeg" {
		t.Errorf("what is reduced is %q (%v)", format, err)
	}
	b.idle()
}

// Colours are converted to sRGB, of gray pictures too, and of results as of pictures.
func TestColoursOfViews(t *testing.T) {
	b := newBench(t, nil)
	for profile, colors := range map[string]int{"compatibleWithAdobeRGB1998.icc": 3, "Gray.icc": 1, "sRGB.icc": 3} {
		data, err := os.ReadFile(filepath.Join("../../icc/testdata", profile))
		if err != nil {
			t.Fatal(err)
		}
		data = fileWith(t, branchtest.Patchwork(60, 50, colors, false, 16), "tiff", imageio.EncodeOptions{Metadata: &metadata.Data{Color: metadata.Color{ICC: data}}})
		shown, _, err := b.view(data, 60*50)
		if err != nil {
			t.Fatal(err)
		}
		near(t, profile, shown, inSRGB(t, data))

		j := b.job(b.keep(data), "model", "bicubic", "scale", "2")
		if result, err := b.Run(context.Background(), j, jobs.Told{}); err != nil || !result.View {
			t.Fatalf("%s: %+v %v", profile, result, err)
		}
		large, err := os.ReadFile(b.Store.Result(j.ID, j.Ending))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(b.Store.Result(j.ID, view.Ending)); err == nil {
			t.Errorf("%s: a view was made that nobody asks for", profile)
		}
		if data, err = b.ResultView(t.Context(), tokens.Local(), j); err != nil {
			t.Fatal(err)
		}
		if kept, err := os.ReadFile(b.Store.Result(j.ID, view.Ending)); err != nil || !bytes.Equal(kept, data) {
			t.Errorf("%s: the view is not kept (%v)", profile, err)
		}
		if shown, _, err = image.Decode(bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
		near(t, profile+", enlarged", shown, inSRGB(t, large))
	}
}

// inSRGB decodes a picture and converts its colours, unless they are sRGB.
func inSRGB(t *testing.T, data []byte) *picture.Picture {
	t.Helper()
	d, err := imageio.Decode(data, imageio.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	profile := d.Metadata.Color.ICC
	if icc.IsSRGB(icc.Name(profile)) {
		return d.Picture
	}
	conversion, err := icc.NewConversion(profile)
	if err == nil {
		err = conversion.Picture(context.Background(), d.Picture, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d.Picture
}

// near is sameAs for opaque pictures, within one step of 8 bits.
func near(t *testing.T, name string, view image.Image, p *picture.Picture) {
	t.Helper()
	eight := p.To8Bit()
	for i, want := range eight.Pix8 {
		at := i / p.Colors
		got := color.NRGBAModel.Convert(view.At(at%p.Width, at/p.Width)).(color.NRGBA)
		if d := int([]uint8{got.R, got.G, got.B}[i%p.Colors]) - int(want); d < -1 || d > 1 {
			t.Errorf("%s: at %d is %v, not %d", name, at, got, want)
			return
		}
	}
}

// A view is made once, kept beside its picture, and given again.
func TestViewsAreKept(t *testing.T) {
	b := newBench(t, nil)
	sum := b.keep(file(t, branchtest.Patchwork(90, 70, 3, false, 16), "tiff"))
	first, err := b.View(context.Background(), tokens.Local(), sum, 1)
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := b.Store.View(sum); err != nil || !bytes.Equal(kept, first) {
		t.Errorf("another one is kept (%v)", err)
	}
	if err := b.Store.AddView(sum, []byte("kept")); err != nil {
		t.Fatal(err)
	}
	if again, err := b.View(context.Background(), tokens.Local(), sum, 1); err != nil || string(again) != "kept" {
		t.Errorf("it is made again (%v)", err)
	}
	if err := b.Store.RemovePicture(sum); err != nil {
		t.Fatal(err)
	}
	if _, err := b.View(context.Background(), tokens.Local(), sum, 1); fault.KindOf(err) != fault.NotFound {
		t.Errorf("of a picture that is gone: %v", err)
	}
}

// What cannot be shown is refused with the right kind, and leaves nothing reserved.
func TestViewsThatAreRefused(t *testing.T) {
	b := newBench(t, nil)
	good := file(t, branchtest.Patchwork(200, 150, 3, false, 16), "tiff")
	long := file(t, branchtest.Patchwork(200, 150, 3, false, 8), "png")
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		data []byte
		want fault.Kind
	}{
		"cut off":      {context.Background(), good[:len(good)*2/3], fault.Damaged},
		"spoilt":       {context.Background(), append(bytes.Clone(long[:300]), make([]byte, 4000)...), fault.Damaged},
		"no picture":   {context.Background(), []byte("no picture, but a text"), fault.Unsupported},
		"nobody waits": {gone, good, fault.Usage},
	} {
		got, err := b.Store.Receive(bytes.NewReader(c.data), -1, nil)
		if err == nil {
			err = got.Keep()
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.View(c.ctx, tokens.Local(), got.Sum, 1); fault.KindOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		got.Discard()
	}
	b.idle()
}

// A picture that takes more memory than is set aside waits for that of jobs, one at a time, and does not hold up others.
func TestViewsThatTakeMuchMemory(t *testing.T) {
	b := newBench(t, nil)
	data, err := os.ReadFile("../../imageio/heif/testdata/turned-1.avif")
	if err != nil {
		t.Fatal(err)
	}
	profile, err := os.ReadFile("../../icc/testdata/compatibleWithAdobeRGB1998.icc")
	if err != nil {
		t.Fatal(err)
	}
	profile = append(profile, make([]byte, codec.LongestProfile-len(profile))...) // its tables take more than is set aside
	binary.BigEndian.PutUint32(profile, uint32(len(profile)))
	huge := fileWith(t, branchtest.Patchwork(60, 50, 3, false, 8), "tiff", imageio.EncodeOptions{Metadata: &metadata.Data{Color: metadata.Color{ICC: profile}}})
	if _, _, err := b.view(huge, 60*50); err != nil {
		t.Errorf("with a long profile: %v", err)
	}
	b.direct = b.Budget.Part(1 << 10) // too little for any
	if _, _, err := b.view(data, 1); err != nil {
		t.Errorf("with the memory of jobs: %v", err)
	}
	b.idle()
	b.Budget = b.direct
	if _, _, err := b.view(file(t, branchtest.Patchwork(20, 15, 3, false, 16), "tiff"), 1); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("with too little of all: %v", err)
	}
}

// Views wait for memory and for their turns, but not for ever, and many at once take no more memory than there is.
func TestViewsWait(t *testing.T) {
	b := newBench(t, nil)
	sum := b.keep(file(t, branchtest.Patchwork(90, 70, 3, false, 16), "tiff"))
	b.viewWait = 10 * time.Millisecond
	for pixels, part := range map[int64]*budget.Budget{1: b.direct, 1e9: b.Budget} { // what is large waits for the memory of jobs
		held, err := part.Reserve(context.Background(), part.Memory())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.View(context.Background(), tokens.Local(), sum, pixels); fault.KindOf(err) != fault.Busy || strings.Contains(err.Error(), sum.String()) {
			t.Errorf("%d pixels: %v", pixels, err)
		}
		held.Release()
	}
	b.viewWait = time.Minute
	var group sync.WaitGroup
	for i := range 12 {
		group.Go(func() {
			owner := tokens.Token{Name: []string{"anna", "bert"}[i%2], Weight: 1}
			sum := sum
			if i%3 == 0 {
				sum = b.keep(file(t, branchtest.Patchwork(60+i, 70, 3, false, 8), "tiff"))
			}
			if _, err := b.View(context.Background(), owner, sum, 1); err != nil {
				t.Error(err)
			}
			if reserved, parked := b.direct.InUse(); reserved+parked > b.direct.Memory() {
				t.Errorf("%d bytes are in use", reserved+parked)
			}
		})
	}
	group.Wait()
	if b.Waiting() != 0 || b.large.len() != 0 {
		t.Error("somebody still waits")
	}
	b.idle()
}
