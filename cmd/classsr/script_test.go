package main

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"classsr/arch"
	"classsr/imageio"
	"classsr/internal/testref"
	"classsr/picture"
	"classsr/tensor"
	"classsr/weights"
)

func TestMain(m *testing.M) {
	serveDevice()
	testscript.Main(m, map[string]func(){"classsr": main})
}

// The scripts of testdata run the program as users do. They have commands to make what they need:
//
//	picture NAME.png WIDTH HEIGHT gray|rgb|rgba|gray16|graya
//	film NAME.gif FRAMES   (of 12x8 pixels)
//	spoil FILE cut N | flip N | empty | bomb | thin
//	model FILE good|missing|extra|misshapen|nan|pickle|classes|classsr|interpolating
//	pixels FILE WIDTH HEIGHT gray|rgb|rgba|gray16|graya   (fails unless the picture is like that)
//	server DATA [FLAGS]    (starts classsr serve; its address is in $URL)
//	endserver DATA [kill]  (ends it, and fails unless it says that all is well; or kills it)
func TestScripts(t *testing.T) {
	var running servers
	testscript.Run(t, testscript.Params{
		Dir: scripts(t),
		Condition: func(name string) (bool, error) {
			switch name {
			case "links": // in place of symlink, which wine claims to have
				return haveLinks(t), nil
			case "slow":
				return testref.IsSlow(), nil
			}
			return false, fmt.Errorf("there is no condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"picture": scriptPicture, "film": scriptFilm, "clip": scriptClip, "spoil": scriptSpoil, "model": scriptModel, "pixels": scriptPixels,
			"server": running.start, "endserver": running.end,
		},
	})
}

var expectation = regexp.MustCompile(`^(\[.*\] )?(! )?std(out|err) `)

// scripts is the folder of the scripts. They expect paths and errors as Unix has them; on Windows they are copied, and expect what it has.
func scripts(t *testing.T) string {
	const folder = "testdata"
	if runtime.GOOS != "windows" {
		return folder
	}
	noFile, noFolder := regexp.QuoteMeta(syscall.ENOENT.Error()), regexp.QuoteMeta(syscall.ENOTDIR.Error())
	here := strings.NewReplacer("/", `[/\\]+`, "no such file", "("+noFile+"|"+noFolder+")", "not a directory", noFolder)
	files, err := filepath.Glob(filepath.Join(folder, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	copies := t.TempDir()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		for i, line := range lines {
			if expectation.MatchString(line) {
				lines[i] = here.Replace(line)
			}
		}
		if err := os.WriteFile(filepath.Join(copies, filepath.Base(file)), []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return copies
}

// haveLinks tells whether symbolic links can be made, as the condition links says.
func haveLinks(t *testing.T) bool {
	link := filepath.Join(t.TempDir(), "link")
	if os.Symlink("target", link) != nil {
		return false
	}
	_, err := os.Lstat(link)
	return err == nil
}

func number(ts *testscript.TestScript, s string) int {
	n, err := strconv.Atoi(s)
	ts.Check(err)
	return n
}

var kinds = map[string]struct {
	colors int
	alpha  bool
	depth  int
}{"gray": {1, false, 8}, "rgb": {3, false, 8}, "rgba": {3, true, 8}, "gray16": {1, false, 16}, "graya": {1, true, 8}}

func scriptPicture(ts *testscript.TestScript, _ bool, args []string) {
	kind := kinds[args[3]]
	p := picture.New(number(ts, args[1]), number(ts, args[2]), kind.colors, kind.alpha, kind.depth)
	plane := make([]float32, p.Width*p.Height)
	for c := range p.Channels() {
		for i := range plane {
			plane[i] = float32(0.5 + 0.4*math.Sin(float64(i%p.Width)/4+float64(c))*math.Cos(float64(i/p.Width)/3))
		}
		p.WritePlane(plane, c, p.Bounds())
	}
	var b bytes.Buffer
	err := imageio.Encode(&b, p, "png", imageio.EncodeOptions{})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}

func scriptFilm(ts *testscript.TestScript, _ bool, args []string) {
	g := &gif.GIF{}
	for n := range number(ts, args[1]) {
		frame := image.NewPaletted(image.Rect(0, 0, 12, 8), color.Palette{color.Black, color.RGBA{R: 250, G: 200, A: 255}})
		frame.Pix[n] = 1
		g.Image, g.Delay = append(g.Image, frame), append(g.Delay, 10)
	}
	var b bytes.Buffer
	ts.Check(gif.EncodeAll(&b, g))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}

func scriptPixels(ts *testscript.TestScript, _ bool, args []string) {
	d, err := imageio.DecodeFile(ts.MkAbs(args[0]), imageio.Limits{})
	ts.Check(err)
	kind := kinds[args[3]]
	if d.Width != number(ts, args[1]) || d.Height != number(ts, args[2]) || d.Colors != kind.colors || d.Alpha != kind.alpha ||
		d.Depth != kind.depth {
		ts.Fatalf("%s has %dx%d pixels, %d colours, alpha %v, %d bit", args[0], d.Width, d.Height, d.Colors, d.Alpha, d.Depth)
	}
}

func scriptSpoil(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	var data []byte
	if args[1] != "bomb" && args[1] != "thin" {
		var err error
		data, err = os.ReadFile(path)
		ts.Check(err)
	}
	switch args[1] {
	case "cut":
		data = data[:number(ts, args[2])]
	case "flip":
		data[number(ts, args[2])] ^= 0x10
	case "empty":
		data = nil
	case "bomb":
		data = bomb()
	case "thin":
		data = thin()
	}
	ts.Check(os.WriteFile(path, data, 0o600))
}

// thin is a PNG of 16384x16384 black pixels of one bit, in a few kilobytes; an interlaced one, which is needed as a whole.
func thin() []byte {
	const side = 16384
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	for range side {
		if _, err := w.Write(make([]byte, 1+side/8)); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	file := []byte("\x89PNG\r\n\x1a\n")
	for _, chunk := range []string{"IHDR\x00\x00\x40\x00\x00\x00\x40\x00\x01\x00\x00\x00\x01", "IDAT" + z.String(), "IEND"} {
		file = append(binary.BigEndian.AppendUint32(file, uint32(len(chunk)-4)), chunk...)
		file = binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE([]byte(chunk)))
	}
	return file
}

// bomb is a PNG of five kilobytes that claims 60000x60000 pixels.
func bomb() []byte {
	var b bytes.Buffer
	small := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for i := range small.Pix {
		small.Pix[i] = byte(i*i>>3) | 0xf
	}
	if err := png.Encode(&b, small); err != nil {
		panic(err)
	}
	data := b.Bytes()
	header := data[12:29] // type and data of the first chunk
	binary.BigEndian.PutUint32(header[4:], 60000)
	binary.BigEndian.PutUint32(header[8:], 60000)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(header))
	return data
}

func scriptModel(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	if args[1] == "pickle" {
		ts.Check(os.WriteFile(path, evilCheckpoint(), 0o600))
		return
	}
	if args[1] == "classes" {
		ts.Check(twoClasses().Save(path, false))
		return
	}
	params := tensor.Set{}
	params.Merge("", zeros(ts, 16))
	var metadata map[string]string
	switch args[1] {
	case "missing":
		delete(params, "tail_conv.bias")
	case "extra":
		params["left.over"] = tensor.NewArray(3)
	case "misshapen":
		params["tail_conv.bias"] = tensor.NewArray(4)
	case "nan":
		params["tail_conv.bias"].Data[1] = float32(math.NaN())
	case "classsr", "interpolating":
		clear(params)
		params.Merge("classifier.", arch.PaperClassModule(3).Init(1))
		for i, width := range []int{16, 36, 56} {
			params.Merge(fmt.Sprintf("net%d.", i+1), zeros(ts, width))
		}
		if args[1] == "interpolating" {
			maps.DeleteFunc(params, func(name string, _ tensor.Array) bool { return strings.HasPrefix(name, "net1.") })
			metadata = map[string]string{
				"format": "classsr-1", "architecture": "fsrcnn", "scale": "[4]", "branches": `["bicubic","fsrcnn","fsrcnn"]`,
			}
		}
	}
	var b bytes.Buffer
	ts.Check(weights.WriteSafetensors(&b, params, metadata))
	ts.Check(os.WriteFile(path, b.Bytes(), 0o600))
}

// twoClasses is a ClassSR model with initial parameters.
func twoClasses() *weights.Model {
	module := arch.PaperClassModule(2)
	m := &weights.Model{Classes: weights.ClassNames(2), ClassModule: &weights.Network{Spec: module, Params: module.Init(1)}}
	for i, width := range []int{16, 36} {
		spec, err := arch.Paper("fsrcnn", 4, width)
		if err != nil {
			panic(err)
		}
		m.Branches = append(m.Branches, weights.Network{Spec: spec, Params: spec.Init(uint64(i))})
	}
	return m
}

// zeros are parameters of a FSRCNN.
func zeros(ts *testscript.TestScript, width int) tensor.Set {
	spec, err := arch.Paper("fsrcnn", 4, width)
	ts.Check(err)
	params := tensor.Set{}
	for _, p := range spec.Params() {
		params[p.Name] = tensor.NewArray(p.Dims...)
	}
	return params
}

// evilCheckpoint is a PyTorch file whose pickle runs a command when Python loads it.
func evilCheckpoint() []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	entry, err := w.CreateHeader(&zip.FileHeader{Name: "archive/data.pkl", Method: zip.Store})
	if err == nil {
		_, err = fmt.Fprint(entry, "\x80\x02cos\nsystem\nX\x0f\x00\x00\x00touch pwned.txt\x85R.")
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}
