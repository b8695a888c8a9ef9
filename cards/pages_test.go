package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"classsr"
	"classsr/evaluate"
	"classsr/imageio/jpeg/baseline"
	"classsr/infer"
	"classsr/picture"
)

// example has a routed model measured on all sets, beside bicubic interpolation, and one that invents texture.
func example(t *testing.T) map[string]*record {
	t.Helper()
	records := map[string]*record{}
	add := func(s *subject, psnr float64) {
		r := &record{Name: s.name, Weights: s.weights, Info: s.info}
		for _, set := range testSets() {
			for i, way := range s.ways(set) {
				out := evaluate.Result{
					PSNRY: evaluate.Decibel(psnr + float64(i)/10), PSNRRGB: evaluate.Decibel(psnr - 2), SSIMY: 0.9, MACsPixel: 1000 * float64(20+i), MACsPercent: 70,
					PaperFLOPsPercent: 61, SecondsNetwork: 0.5, Classes: []infer.ClassShare{{Name: "simple", Share: 0.25}, {Name: "hard", Share: 0.75}},
				}
				if way == wayRouted || way == wayPaper {
					out.SecondsFull, out.LevelsFull = 1, 7
					out.PerClass = []evaluate.ClassScore{{Name: "simple", Share: 0.25, PSNRRGB: 40, PSNRFull: 40.5}}
				}
				text, err := json.Marshal(out)
				if err != nil {
					t.Fatal(err)
				}
				x := run{Set: set.id, Way: way, Command: "classsr eval", Date: "2026-01-01", Version: "1.0", CPU: "none", Kernel: "generic", Threads: 2, Output: text}
				if err := r.put(x); err != nil {
					t.Fatal(err)
				}
			}
		}
		records[s.name] = r
	}
	list := baselines(4)
	add(list[0], 28)
	add(list[1], 28.5)
	fsrcnn, err := newSubject("fsrcnn-x4")
	if err != nil {
		t.Fatal(err)
	}
	add(fsrcnn, 30)
	gan := *fsrcnn
	gan.name = "invents"
	add(&gan, 25)
	return records
}

func TestPagesOfAModel(t *testing.T) {
	records := example(t)
	page := writeCard(records["fsrcnn-x4"], records, true)
	for _, want := range []string{
		"# fsrcnn-x4\n", "| simple | 16 | 10843 | 10.7 | 141.3 |", "| bicubic | 28.00 / 26.00 / 0.9000 |", "| Lanczos | 28.50 / 26.50 / 0.9000 |",
		"| branch simple | 30.20 / 28.00 / 0.9000 |", "| Set14, q50 | Set14, q75 | Set14, q90 |", "| Set5 | simple | 25.0 % | 40.00 | 40.50 | -0.500 |",
		"| 500 ms | 1.00 s | 2.00 | 7 |", "## Crops", "| 30 % | ", "ECNUSR/ETDS", "2026-01-01, none, generic, 2 threads, classsr 1.0: ",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	tablesAreWhole(t, page)
	invents, err := newSubject("real-x4")
	if err != nil {
		t.Fatal(err)
	}
	if page := writeCard(&record{Name: invents.name, Info: invents.info}, nil, false); !strings.Contains(page, "Note: it invents texture") {
		t.Error("the page does not say that the model invents texture")
	}
	bare := writeCard(&record{Name: "bare", Weights: "1", Info: records["fsrcnn-x4"].Info}, records, false)
	for _, not := range []string{"## Crops", "## Routing", "JPEG", "Text, screens"} {
		if strings.Contains(bare, not) {
			t.Errorf("the page of a model that was not measured has %q", not)
		}
	}
}

func TestPagesOfAllModels(t *testing.T) {
	records := example(t)
	docs := t.TempDir()
	if err := writePages(docs, records); err != nil {
		t.Fatal(err)
	}
	read := func(elem ...string) string {
		text, err := os.ReadFile(filepath.Join(append([]string{docs}, elem...)...))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	index, reproduction := read("cards", "README.md"), read("reproduction.md")
	tablesAreWhole(t, index)
	tablesAreWhole(t, reproduction)
	for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(index, -1) {
		if _, err := os.Stat(filepath.Join(docs, "cards", link[1])); err != nil && link[1] != "data" {
			t.Errorf("the page links to %s, which is not there", link[1])
		}
	}
	if want := "| ClassSR-FSRCNN | 25.61 | 311M (66 %) | 26.91 | 286M (61 %) | 32.73 | 238M (51 %) | 28.00 | 61 % | simple 25 %, hard 75 % |"; !strings.Contains(reproduction, want) {
		t.Errorf("docs/reproduction.md has no %q", want)
	}
	if !strings.Contains(reproduction, "A smaller one is to fill the row") {
		t.Error("docs/reproduction.md does not say that there is no RCAN")
	}
	for _, set := range chartSets(records, 4, "set5") {
		if set.Name == "invents" {
			t.Error("a model below bicubic interpolation is in the chart")
		}
	}
}

// tablesAreWhole checks that all rows of a table have as many cells.
func tablesAreWhole(t *testing.T, page string) {
	t.Helper()
	cells := 0
	for line := range strings.SplitSeq(page, "\n") {
		if !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		n := strings.Count(line, "|")
		if cells != 0 && n != cells {
			t.Errorf("a row of %d cells in a table of %d: %s", n, cells, line)
		}
		cells = n
	}
}

// The pages in the repository are those of the data in it.
func TestPagesAreThoseOfTheData(t *testing.T) {
	docs := filepath.Join("..", "docs")
	records, err := loadAll(filepath.Join(docs, "cards", "data"))
	if err != nil {
		t.Fatal(err)
	}
	fresh := t.TempDir()
	for name := range records { // pages show crops where there are any
		if text, err := os.ReadFile(filepath.Join(docs, "cards", "crops", name+".jpg")); err == nil {
			if err := os.MkdirAll(filepath.Join(fresh, "cards", "crops"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(fresh, "cards", "crops", name+".jpg"), text, 0o600); err != nil {
				t.Fatal(err)
			}
			if len(text) > 200e3 {
				t.Errorf("the crops of %s are %d bytes", name, len(text))
			}
		}
	}
	if err := writePages(fresh, records); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"reproduction.md", "cards/*.md"} {
		paths, err := filepath.Glob(filepath.Join(fresh, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			name, err := filepath.Rel(fresh, path)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(filepath.Join(docs, name)); err != nil || !bytes.Equal(got, want) {
				t.Errorf("docs/%s is not what the data gives (error %v); run go run ./cards -render", name, err)
			}
		}
	}
}

func TestRecordsComeBackAsTheyWere(t *testing.T) {
	r := example(t)["fsrcnn-x4"]
	folder := t.TempDir()
	if err := r.save(folder); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(filepath.Join(folder, "fsrcnn-x4.json"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := load(filepath.Join(folder, "fsrcnn-x4.json"))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := again.write(&b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), first) || !json.Valid(first) || again.find("set5", wayFull).PSNRY != r.find("set5", wayFull).PSNRY {
		t.Error("a record changes when it is written and read")
	}
	if err := os.WriteFile(filepath.Join(folder, "fsrcnn-x4.json"), first[:len(first)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := loadAll(folder); err == nil || !strings.Contains(err.Error(), "delete it") {
		t.Errorf("half a record: error %v", err)
	}
	if err := new(record).put(run{Command: "classsr eval", Output: json.RawMessage(`{`)}); err == nil {
		t.Error("output that is no JSON was taken")
	}
}

// What is told of the paper agrees with itself and with the networks of this program.
func TestPublishedFigures(t *testing.T) {
	for i, p := range paperResults {
		if p.routed != (i%2 == 1) || paperResults[i-i%2].network != p.network {
			t.Errorf("row %s is not after its network", p.label)
		}
	}
	for net, want := range paperBranches {
		info, err := classsr.ArchitectureInfo(net, 4)
		if err != nil {
			t.Fatal(err)
		}
		for i, class := range info.Classes {
			var v float64
			var unit string
			if _, err := fmt.Sscanf(want[i], "%f%1s", &v, &unit); err != nil {
				t.Fatal(err)
			}
			v *= map[string]float64{"M": 1e6, "G": 1e9}[unit]
			if math.Abs(float64(class.PaperFLOPsPatch)/v-1) > 0.01 {
				t.Errorf("%s %s: %d, the paper has %s", net, class.Name, class.PaperFLOPsPatch, want[i])
			}
		}
	}
}

func TestLanczosKeepsWhatIsSmooth(t *testing.T) {
	flat := picture.New(9, 7, 1, false, 8)
	for i := range flat.Pix8 {
		flat.Pix8[i] = 77
	}
	for i, v := range enlargeLanczos(flat, 3).Pix8 {
		if v != 77 {
			t.Fatalf("sample %d of an even picture is %d, want 77", i, v)
		}
	}
	p := ramp(24, 16)
	large := enlargeLanczos(p, 4)
	for y := 3; y < 12; y++ {
		for x := 3; x < 20; x++ {
			// The middle of a pixel lies between four of the large ones.
			sum := 0
			for _, d := range [][2]int{{1, 1}, {2, 1}, {1, 2}, {2, 2}} {
				sum += int(large.Pix8[3*((4*y+d[1])*large.Width+4*x+d[0])])
			}
			if want := 4 * int(p.Pix8[3*(y*p.Width+x)]); sum < want-4 || sum > want+4 {
				t.Fatalf("at %d,%d: %d, want %d", x, y, sum, want)
			}
		}
	}
}

func TestJPEGsAreLibjpegs(t *testing.T) {
	var b bytes.Buffer
	if err := writeJPEG(&b, ramp(40, 40), 75); err != nil {
		t.Fatal(err)
	}
	tables := baseline.QualityTables(75)
	at := bytes.Index(b.Bytes(), []byte{0xff, 0xdb})
	var luminance [64]uint16
	for i, v := range tables[0] {
		luminance[i] = uint16(v)
	}
	if at < 0 || baseline.QualityOf(luminance) != 75 || b.Bytes()[at+5] != 8 { // libjpeg's first step at quality 75
		t.Error("the steps of quantisation are not libjpeg's")
	}
	decoded, err := jpeg.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if m, ok := decoded.(*image.YCbCr); !ok || m.SubsampleRatio != image.YCbCrSubsampleRatio420 {
		t.Errorf("the chroma of %T is not 4:2:0", decoded)
	}
}

// Crops lie at multiples of all scales, and show no picture without a licence.
func TestCrops(t *testing.T) {
	for _, c := range cropList {
		if side%12 != 0 || c.at.X%12 != 0 || c.at.Y%12 != 0 || strings.Contains(c.path, "Set") {
			t.Errorf("crop %+v", c)
		}
	}
	var rows [][]*picture.Picture
	for range cropList {
		rows = append(rows, []*picture.Picture{nearest(ramp(side/4, side/4), 4), ramp(side, side)})
	}
	text, err := compress(drawCrops(rows, []string{"LR", "original"}))
	if err != nil || len(text) > maxCrops {
		t.Errorf("%d bytes, error %v", len(text), err)
	}
}
