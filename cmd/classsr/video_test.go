package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"classsr/branch/branchtest"
	"classsr/imageio"
	"classsr/imageio/y4m"
	"classsr/imageio/yuv"
	"classsr/internal/testref"
	"classsr/metadata"
	"classsr/picture"
)

// film makes a video of so many frames, in which a square moves before a picture that stands still.
func film(t *testing.T, h y4m.Header, frames int) []byte {
	t.Helper()
	out, err := filmed(h, frames)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// scriptClip is film for scripts: clip NAME FRAMES.
func scriptClip(ts *testscript.TestScript, _ bool, args []string) {
	frames, err := strconv.Atoi(args[1])
	ts.Check(err)
	out, err := filmed(plain420, frames)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out, 0o600))
}

func filmed(h y4m.Header, frames int) ([]byte, error) {
	var out bytes.Buffer
	w, err := y4m.NewWriter(&out, h)
	if err != nil {
		return nil, err
	}
	c := yuv.New(h, yuv.BT601, 1)
	for i := range frames {
		p := branchtest.Patchwork(h.Width, h.Height, h.Planes(), false, 8)
		for y := range 12 {
			for x := range 12 {
				for k := range p.Colors {
					p.Pix8[((20+y)*p.Width+10+2*i%100+x)*p.Colors+k] = uint8(200 - 5*x)
				}
			}
		}
		f := h.NewFrame()
		if err := c.ToFrame(context.Background(), f, p.To(c.Config().Depth)); err != nil {
			return nil, err
		}
		if err := w.Write(f); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// classsrRun runs the program.
func classsrRun(in io.Reader, args ...string) (code int, out []byte, errors string) {
	var stdout, stderr bytes.Buffer
	code = Run(context.Background(), args, in, &stdout, &stderr)
	return code, stdout.Bytes(), stderr.String()
}

var plain420 = y4m.Header{Width: 160, Height: 90, Rate: y4m.Ratio{Num: 25, Den: 1}, Format: y4m.Format{Depth: 8, Across: 2, Down: 2, Siting: y4m.Left}}

// A video keeps its form, its length and its speed, whatever its samples are, and reuse shows in no byte.
func TestVideosThroughPipes(t *testing.T) {
	const frames = 5
	for _, format := range []y4m.Format{
		plain420.Format, {Depth: 10, Across: 2, Down: 1, Siting: y4m.Left}, {Depth: 8, Across: 1, Down: 1}, {Depth: 8},
	} {
		h := plain420
		h.Format, h.Full = format, format.Across == 0
		in := film(t, h, frames)
		var results [][]byte
		for _, more := range [][]string{nil, {"--no-reuse", "--threads", "1"}} {
			code, out, text := classsrRun(bytes.NewReader(in), append([]string{"video", "-s", "2", "--fast", "-"}, more...)...)
			if code != 0 || !strings.Contains(text, "5 frames of 160x90 to 320x180") {
				t.Fatalf("%+v: code %d, %s", format, code, text)
			}
			results = append(results, out)
		}
		if !bytes.Equal(results[0], results[1]) {
			t.Errorf("%+v: reuse changes the result", format)
		}
		r, err := y4m.NewReader(bytes.NewReader(results[0]))
		if err != nil {
			t.Fatal(err)
		}
		want := h
		want.Width, want.Height = 320, 180
		count := 0
		for f := want.NewFrame(); r.Read(f) == nil; {
			count++
		}
		if r.Header() != want || count != frames {
			t.Errorf("%d frames of %+v, want %+v", count, r.Header(), want)
		}
	}
}

// The two lines of the documents: what ffmpeg gives is enlarged, and what comes of it plays as long.
func TestVideosForFFmpeg(t *testing.T) {
	folder := t.TempDir()
	stream := testref.Output(t, nil, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=96x64:r=10", "-frames:v", "7", "-f", "yuv4mpegpipe", "-")
	code, out, text := classsrRun(bytes.NewReader(stream), "video", "--fast", "-s", "2.5", "-", "-o", "-")
	if code != 0 {
		t.Fatal(text)
	}
	path := filepath.Join(folder, "out.mkv")
	testref.Output(t, bytes.NewReader(out), "ffmpeg", "-v", "error", "-i", "-", "-c:v", "ffv1", path)
	told := testref.Output(t, nil, "ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=width,height,r_frame_rate,nb_read_frames", "-of", "csv=p=0", path)
	if got := strings.TrimSpace(string(told)); got != "240,160,10/1,7" {
		t.Errorf("ffprobe tells %s", got)
	}
}

func TestVideoFiles(t *testing.T) {
	folder := t.TempDir()
	in, out := filepath.Join(folder, "clip.y4m"), filepath.Join(folder, "large.y4m")
	if err := os.WriteFile(in, film(t, plain420, 4), 0o600); err != nil {
		t.Fatal(err)
	}
	code, printed, text := classsrRun(nil, "video", "-s", "2", "--fast", in, "-o", out, "--json", "--flicker")
	var r map[string]any
	if err := json.Unmarshal(printed, &r); code != 0 || err != nil {
		t.Fatalf("code %d, %v, %s", code, err, text)
	}
	for name, want := range map[string]any{"frames": 4., "width": 160., "out_width": 320., "rate": 25., "matrix": "bt601", "model": "fsrcnn-x2", "scenes": 1.} {
		if r[name] != want {
			t.Errorf("%s is %v, want %v", name, r[name], want)
		}
	}
	if still, ok := r["still"].(float64); !ok || still < 0.5 {
		t.Errorf("%v of the video stand still", r["still"])
	}
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"video", in, "-o", out}, 1, "exists already"}, {[]string{"video", in}, 2, "-o"}, {[]string{"video", in, "-o", "x.mp4"}, 2, "y4m"},
		{[]string{"video", in, "-o", in, "--overwrite"}, 2, "overwrite it"}, {[]string{"video", in, "-o", "-", "--json"}, 2, "standard output"},
		{[]string{"video", in, in, "-o", "-"}, 2, "one video"}, {[]string{"video", folder, "-o", "-"}, 2, "folder"}, {[]string{"video", in, "-o", out, "--mode", "paper"}, 2, "paper"},
		{[]string{"video", in, "-o", out, "--overwrite", "-s", "16"}, 2, "two and four"}, {[]string{"video", in, "-o", out, "--overwrite", "--matrix", "bt2020"}, 2, "bt709"},
		{[]string{"upscale", in}, 2, "classsr video"},
	} {
		if code, _, text := classsrRun(nil, tt.args...); code != tt.code || !strings.Contains(text, tt.says) {
			t.Errorf("%v: code %d, %s", tt.args, code, text)
		}
	}
	if code, _, text := classsrRun(bytes.NewReader(film(t, plain420, 1)), "upscale", "-", "-o", "-"); code != 2 || !strings.Contains(text, "classsr video") {
		t.Errorf("a video through a pipe: code %d, %s", code, text)
	}
}

// A stream that is damaged fails with what came before written; a file is not there then.
func TestDamagedVideos(t *testing.T) {
	folder := t.TempDir()
	in := film(t, plain420, 3)
	out := filepath.Join(folder, "large.y4m")
	code, _, text := classsrRun(bytes.NewReader(in[:len(in)-100]), "video", "-s", "2", "--fast", "-", "-o", out)
	if code != 1 || !strings.Contains(text, "within frame 3") {
		t.Errorf("code %d, %s", code, text)
	}
	if left, _ := os.ReadDir(folder); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
	interlaced := bytes.Replace(in, []byte(" Ip "), []byte(" It "), 1)
	if code, _, text = classsrRun(bytes.NewReader(interlaced), "video", "-", "-o", "-"); code != 1 || !strings.Contains(text, "bwdif") {
		t.Errorf("interlaced: code %d, %s", code, text)
	}
}

// A folder of frames that was stopped goes on with the bytes of a run that was not.
func TestFoldersOfFramesGoOn(t *testing.T) {
	folder := t.TempDir()
	frames := filepath.Join(folder, "frames")
	if err := os.Mkdir(frames, 0o700); err != nil {
		t.Fatal(err)
	}
	const count = 6
	for i := range count {
		p := branchtest.Fixed(200, 120, 3, 8)
		for k := range 3 * 24 * 200 {
			p.Pix8[k] += uint8(i * k % 7)
		}
		writePNG(t, filepath.Join(frames, fmt.Sprintf("f%d.png", i)), p)
	}
	run := func(to string) string {
		code, printed, text := classsrRun(nil, "video", "-s", "2", "--fast", "--quality", "0.2", frames, "-o", filepath.Join(folder, to), "--json")
		if code != 0 {
			t.Fatal(text)
		}
		return string(printed)
	}
	if told := run("whole"); strings.Count(told, `"frame":`) != count || !strings.Contains(told, `"cut":true`) {
		t.Errorf("frames are told as %s", told)
	}
	run("twice")
	for _, i := range []int{2, 5} {
		if err := os.Remove(filepath.Join(folder, "twice", fmt.Sprintf("f%d_x2.png", i))); err != nil {
			t.Fatal(err)
		}
	}
	if told := run("twice"); strings.Count(told, doneBefore) != count-2 {
		t.Errorf("a run that goes on tells %s", told)
	}
	for i := range count {
		name := fmt.Sprintf("f%d_x2.png", i)
		one, err1 := os.ReadFile(filepath.Join(folder, "whole", name))
		other, err2 := os.ReadFile(filepath.Join(folder, "twice", name))
		if err1 != nil || err2 != nil || !bytes.Equal(one, other) {
			t.Errorf("%s is another one where the run was stopped (%v, %v)", name, err1, err2)
		}
	}
}

// doneBefore is how a picture that was done before is told.
const doneBefore = `"reason":"done before"`

func writePNG(t *testing.T, path string, p *picture.Picture) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	sink, err := imageio.NewEncoder(file, p.Config(), imageio.PNG, imageio.EncodeOptions{Metadata: &metadata.Data{}})
	if err == nil {
		err = picture.Copy(sink, p.Rows(p.Height))
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestProgressOfVideos(t *testing.T) {
	for _, tt := range []struct {
		done, count int
		seconds     float64
		want        string
	}{
		{0, 0, 0, "frame 0"}, {10, 0, 4, "frame 10, 2.5 frames/s"}, {50, 100, 25, "frame 50 of 100, 2.0 frames/s, 25 s left"}, {100, 100, 50, "frame 100 of 100, 2.0 frames/s"},
	} {
		if got := frameText(tt.done, tt.count, tt.seconds); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
