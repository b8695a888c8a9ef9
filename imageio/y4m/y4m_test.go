package y4m_test

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"classsr/fault"
	"classsr/imageio/y4m"
	"classsr/internal/testref"
)

// readAll reads all frames of a stream.
func readAll(r io.Reader) (y4m.Header, []*y4m.Frame, error) {
	in, err := y4m.NewReader(r)
	if err != nil {
		return y4m.Header{}, nil, err
	}
	var frames []*y4m.Frame
	for {
		f := in.Header().NewFrame()
		if err := in.Read(f); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return in.Header(), frames, err
		}
		frames = append(frames, f)
	}
}

func written(t *testing.T, h y4m.Header, frames []*y4m.Frame) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := y4m.NewWriter(&out, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		if err := w.Write(f); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// ffmpeg writes streams of each kind, and reads what is written of them again with the same samples.
func TestStreamsOfFFmpeg(t *testing.T) {
	const size = "38x22"
	for _, tt := range []struct {
		pixels string
		want   y4m.Format
	}{
		{"yuv420p", y4m.Format{Depth: 8, Across: 2, Down: 2, Siting: y4m.Center}}, {"yuv422p", y4m.Format{Depth: 8, Across: 2, Down: 1, Siting: y4m.Left}},
		{"yuv444p", y4m.Format{Depth: 8, Across: 1, Down: 1}}, {"gray", y4m.Format{Depth: 8}}, {"yuv420p10le", y4m.Format{Depth: 10, Across: 2, Down: 2, Siting: y4m.Left}},
		{"yuv422p10le", y4m.Format{Depth: 10, Across: 2, Down: 1, Siting: y4m.Left}}, {"yuv444p10le", y4m.Format{Depth: 10, Across: 1, Down: 1}},
		{"gray10le", y4m.Format{Depth: 10}},
	} {
		t.Run(tt.pixels, func(t *testing.T) {
			source := []string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=s=" + size + ":r=30000/1001", "-frames:v", "3", "-pix_fmt", tt.pixels}
			stream := testref.Output(t, nil, "ffmpeg", append(source, "-strict", "-1", "-f", "yuv4mpegpipe", "-")...)
			raw := testref.Output(t, nil, "ffmpeg", append(source, "-f", "rawvideo", "-")...)
			h, frames, err := readAll(bytes.NewReader(stream))
			if err != nil {
				t.Fatal(err)
			}
			if h.Format != tt.want || h.Width != 38 || h.Height != 22 || h.Rate != (y4m.Ratio{Num: 30000, Den: 1001}) || len(frames) != 3 {
				t.Errorf("%d frames of %+v", len(frames), h)
			}
			if int64(len(raw)) != 3*h.Bytes() {
				t.Errorf("a frame has %d bytes, want %d", h.Bytes(), len(raw)/3)
			}
			again := testref.Output(t, bytes.NewReader(written(t, h, frames)), "ffmpeg", "-v", "error", "-f", "yuv4mpegpipe", "-i", "-", "-f", "rawvideo", "-")
			if !bytes.Equal(again, raw) {
				t.Error("ffmpeg reads other samples than it wrote")
			}
			second, _, err := readAll(bytes.NewReader(written(t, h, nil)))
			if err != nil || second != h {
				t.Errorf("written as %+v, read as %+v, %v", h, second, err)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	for _, tt := range []struct {
		line   string
		full   bool
		siting y4m.Siting
	}{
		{"YUV4MPEG2 W2 H2 F25:1", false, y4m.Center}, {"YUV4MPEG2 W2 H2 C420mpeg2 XYSCSS=420MPEG2 XCOLORRANGE=FULL Ip A0:0 XODD", true, y4m.Left},
		{"YUV4MPEG2 H2 W2 C420paldv XCOLORRANGE=LIMITED I?", false, y4m.TopLeft}, {"YUV4MPEG2 W2 H2 XYSCSS=420PALDV", false, y4m.TopLeft},
		{"YUV4MPEG2 W2 H2 Cmono", true, ""}, {"YUV4MPEG2 W2 H2 Cmono XCOLORRANGE=LIMITED", false, ""},
	} {
		h, frames, err := readAll(strings.NewReader(tt.line + "\n"))
		if err != nil || len(frames) != 0 || h.Full != tt.full || h.Format.Siting != tt.siting {
			t.Errorf("%s: %+v, %v", tt.line, h, err)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	const frame = "FRAME\nyyyyuv"
	for stream, want := range map[string]struct {
		kind fault.Kind
		text string
	}{
		"":                                       {fault.Damaged, "nothing came"},
		"RIFFxxxxAVI ":                           {fault.Unsupported, "-f yuv4mpegpipe"},
		"\x00\x00\x00\x1cftypisom\nmoov\n":       {fault.Unsupported, "-f yuv4mpegpipe"},
		"YUV4MPEG2 W2 H2":                        {fault.Damaged, "first line"},
		"YUV4MPEG2 W2\n":                         {fault.Damaged, "no size"},
		"YUV4MPEG2 W0 H2\n":                      {fault.Damaged, `"0"`},
		"YUV4MPEG2 W2 H2 F25\n":                  {fault.Damaged, "fraction"},
		"YUV4MPEG2 W2 H2 It\n" + frame:           {fault.Unsupported, "interlaced"},
		"YUV4MPEG2 W2 H2 Im\n" + frame:           {fault.Unsupported, "interlaced"},
		"YUV4MPEG2 W2 H2\nFRAME It\nyyyyuv":      {fault.Unsupported, "interlaced"},
		"YUV4MPEG2 W2 H2 C411\n" + frame:         {fault.Unsupported, "C411"},
		"YUV4MPEG2 W2 H2 C420p12\n" + frame:      {fault.Unsupported, "C420p12"},
		"YUV4MPEG2 W2 H2\n" + frame + "FRAME":    {fault.Damaged, "frame 2"},
		"YUV4MPEG2 W2 H2\n" + frame + "FRAME\ny": {fault.Damaged, "within frame 2"},
		"YUV4MPEG2 W2 H2\n" + frame + "FRAM\n":   {fault.Damaged, "where frame 2"},
	} {
		_, _, err := readAll(strings.NewReader(stream))
		_, scanned := y4m.Scan(strings.NewReader(stream), int64(len(stream)))
		for _, err := range []error{err, scanned} {
			if fault.KindOf(err) != want.kind || !strings.Contains(err.Error(), want.text) {
				t.Errorf("%q: %v (%v), want %q (%v)", stream, err, fault.KindOf(err), want.text, want.kind)
			}
		}
	}
}

// A note goes with its frame, and what a file holds is found without reading its frames.
func TestNotesAndScans(t *testing.T) {
	h := y4m.Header{Width: 3, Height: 2, Format: y4m.Format{Depth: 10, Across: 2, Down: 1, Siting: y4m.Left}}
	noted, plain := h.NewFrame(), h.NewFrame()
	noted.Note = strings.Repeat("aB-_", 9000)
	for _, frames := range [][]*y4m.Frame{{noted, plain, noted}, {plain, noted}, {plain, plain, plain}} {
		stream := written(t, h, frames)
		_, read, err := readAll(bytes.NewReader(stream))
		if err != nil || !reflect.DeepEqual(read, frames) {
			t.Errorf("%d frames are read as %d others, %v", len(frames), len(read), err)
		}
		c, err := y4m.Scan(bytes.NewReader(stream), int64(len(stream)))
		if err != nil || c.Frames != len(frames) || c.Noted != (frames[0] == noted) || c.Header.Width != 3 {
			t.Errorf("%+v, %v", c, err)
		}
		if frames[0] == plain && frames[1] == plain && h.StreamBytes(3) != int64(len(stream)) {
			t.Errorf("it has %d bytes, and not %d", len(stream), h.StreamBytes(3))
		}
	}
	for _, stream := range []string{"YUV4MPEG2 W2 H2\n", "YUV4MPEG2 W2 H2\nFRAME X" + strings.Repeat("x", 70000) + "\nyyyyuv"} {
		if _, err := y4m.Scan(strings.NewReader(stream), int64(len(stream))); fault.KindOf(err) != fault.Damaged {
			t.Errorf("%.30q: %v", stream, err)
		}
	}
}

func FuzzStreams(f *testing.F) {
	for _, s := range []string{
		"YUV4MPEG2 W2 H2 F25:1 Ip A1:1 C420jpeg\nFRAME\nyyyyuvFRAME Ip\nyyyyuv", "YUV4MPEG2 W3 H1 C444p10 XCOLORRANGE=FULL\nFRAME\n\xff\xff\x01\x00\x02\x00aabbccddeeff",
		"YUV4MPEG2 W1 H1 Cmono\nFRAME\n1", "YUV4MPEG2 W3 H3 C422\nFRAME\nyyyyyyyyyuuuuuuvvvvvv",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		in, err := y4m.NewReader(bytes.NewReader(stream))
		if err != nil || in.Header().Bytes() > 1<<20 {
			return
		}
		h, frames, failed := readAll(bytes.NewReader(stream))
		if c, err := y4m.Scan(bytes.NewReader(stream), int64(len(stream))); (err == nil) != (failed == nil && len(frames) > 0) || err == nil && c.Frames != len(frames) {
			t.Errorf("%d frames are read (%v), and %d found (%v)", len(frames), failed, c.Frames, err)
		}
		again, same, err := readAll(bytes.NewReader(written(t, h, frames)))
		if err != nil || again != h || !reflect.DeepEqual(frames, same) {
			t.Errorf("what is written of %+v, %d frames, is read as %+v, %d frames, %v", h, len(frames), again, len(same), err)
		}
	})
}
