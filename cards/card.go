package main

import (
	"fmt"
	"slices"
	"strings"

	"classsr"
	"classsr/evaluate"
	"classsr/models"
)

// card is the page of one model.
type card struct {
	markdown
	*record
	records map[string]*record
}

// writeCard gives the page of a model; crops tells whether there is a picture of them.
func writeCard(r *record, records map[string]*record, crops bool) string {
	c := &card{record: r, records: records}
	c.line("# %s", r.Name)
	c.about()
	c.line("## Quality")
	c.line("PSNR in dB over Y, over RGB, and SSIM over Y; means over the pictures. *Full* is the network of full width over the whole picture; what the " +
		"sets are, and how they are measured, is told [with the other cards](README.md).")
	c.quality("", "set5", "set14", "2k", "4k")
	intro := "LR pictures stored as JPEG (4:2:0) of quality 50, 75 and 90:"
	for _, id := range []string{"set5", "set14", "2k"} {
		var sets []string
		for _, q := range qualities {
			sets = append(sets, (&testSet{id: id}).jpeg(q))
		}
		if c.quality(intro, sets...) {
			intro = ""
		}
	}
	c.quality("Text, screens, drawings and maps:", "pages")
	if r.routes() {
		c.routing()
	}
	c.published()
	if crops {
		c.crops()
	}
	c.line("## How it was measured")
	c.provenance()
	return strings.TrimRight(c.String(), "\n") + "\n"
}

// about says what the model is.
func (c *card) about() {
	i := c.Info
	c.line("%s, x%d, %d parameters.", i.Architecture, i.Scale, i.Params)
	if i.Provenance != "" {
		c.line("%s", sentence(i.Provenance))
	}
	if i.Kind == models.Photo {
		c.line("For pictures that were stored as JPEG or have noise: it takes that away, and is not as good on clean ones.")
	}
	if i.Note != "" {
		c.line("Note: %s. PSNR and SSIM tell how far results are from the originals, not how they look.", i.Note)
	}
	if i.Licence != "" {
		c.line("Licence: %s.", i.Licence)
	}
	var rows [][]string
	row := func(name, width string, params int, macs, flops int64) {
		rows = append(rows, []string{
			name, width, fmt.Sprint(params), kilo(float64(macs) / (patch * patch)), fmt.Sprintf("%.1f", float64(flops)/1e6),
		})
	}
	for _, b := range i.Classes {
		width := fmt.Sprint(b.Width)
		if b.Architecture != "" {
			width = strings.TrimSpace(b.Architecture + " " + width)
		}
		row(b.Name, width, b.Params, b.MACsPatch, b.PaperFLOPsPatch)
	}
	if m := i.ClassModule; m != nil {
		row("Class-Module", "", m.Params, m.MACsPatch, m.PaperFLOPsPatch)
	}
	c.table([]string{"branch", "width", "parameters", "thousand MACs a pixel", "paper FLOPs a patch, M"}, rows)
}

// patch is the side of the patches that costs are told for, in LR pixels.
const patch = 32

func sentence(text string) string {
	if strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

// quality is a table of all that was measured on some sets, below an introduction; without results there is none.
func (c *card) quality(intro string, sets ...string) bool {
	sets = slices.DeleteFunc(sets, func(id string) bool { return c.find(id, wayFull) == nil })
	if len(sets) == 0 {
		return false
	}
	if intro != "" {
		c.line("%s", intro)
	}
	head := []string{""}
	for _, id := range sets {
		head = append(head, title(id))
	}
	var rows [][]string
	add := func(name string, r *record, way string) {
		row, found := []string{name}, false
		for _, id := range sets {
			x := r.find(id, way)
			row, found = append(row, cell(x)), found || x != nil
		}
		if found {
			rows = append(rows, row)
		}
	}
	suffix := fmt.Sprintf("-x%d", c.Info.Scale)
	for _, b := range []struct{ name, record string }{{"bicubic", classsr.Bicubic}, {"Lanczos", lanczos}, {"CARN-M", "carn-m"}} {
		if b.record+suffix != c.Name {
			add(b.name, c.records[b.record+suffix], wayFull)
		}
	}
	for k, class := range c.Info.Classes {
		add("branch "+class.Name, c.record, fmt.Sprint(wayBranch, k+1))
	}
	add("**full**", c.record, wayFull)
	add("**routed**", c.record, wayRouted)
	c.table(head, rows)
	return true
}

func cell(r *evaluate.Result) string {
	if r == nil {
		return missing
	}
	return fmt.Sprintf("%s / %s / %.4f", db(r.PSNRY), db(r.PSNRRGB), r.SSIMY)
}

// title names a set.
func title(id string) string {
	for _, s := range testSets() {
		if s.id == id {
			return s.title
		}
	}
	return id
}

// published compares with networks of others at the same scale.
func (c *card) published() {
	full := c.find("set5", wayFull)
	if full == nil {
		return
	}
	rows := [][]string{}
	own := published{name: "**" + c.Name + ", full**", kmacs: full.MACsPixel / 1000, set5: float64(full.PSNRY), source: "this page"}
	if x := c.find("set14", wayFull); x != nil {
		own.set14 = float64(x.PSNRY)
	}
	list := []published{own}
	for _, p := range publishedNetworks {
		if p.scale == c.Info.Scale {
			list = append(list, p)
		}
	}
	if len(list) == 1 {
		return
	}
	slices.SortStableFunc(list, func(a, b published) int { return int(100 * (a.set5 - b.set5)) })
	for _, p := range list {
		rows = append(rows, []string{p.name, number(p.kmacs, "%.1f"), number(p.set5, "%.2f"), number(p.set14, "%.2f"), p.source})
	}
	c.line("## Beside networks of others")
	c.line("PSNR over Y. The others are weights that their authors publish, measured with PyTorch 1.13 on the same pictures; their multiply-accumulates are those of " +
		"the network alone, ours count the context of pieces, too. How long other programs take is told in [performance.md](../performance.md).")
	c.table([]string{"", "thousand MACs a pixel", "Set5", "Set14", "weights"}, rows)
}

// crops shows the picture of crops.
func (c *card) crops() {
	c.line("## Crops")
	c.line("![Crops of test pictures, enlarged by bicubic interpolation and by %s, and the originals](crops/%s.jpg)", c.Name, c.Name)
	c.line("From left to right: the LR picture with its pixels as squares, bicubic interpolation, the full network%s, the original; PSNR over RGB of what is shown. %s",
		map[bool]string{true: ", routed"}[c.routes()], credits)
}

// provenance says when and where all of it was measured.
func (c *card) provenance() {
	seen := map[string]int{}
	var order []string
	for _, x := range c.Runs {
		text := fmt.Sprintf("%s, %s, %s, %d threads, classsr %s", x.Date, x.CPU, x.Kernel, x.Threads, x.Version)
		if seen[text] == 0 {
			order = append(order, text)
		}
		seen[text]++
	}
	for _, text := range order {
		_, _ = fmt.Fprintf(c, "- %s: %d run%s\n", text, seen[text], map[bool]string{true: "s"}[seen[text] > 1])
	}
	c.WriteByte('\n')
	c.line("Every run with its command and all that it printed is in [data/%s.json](data/%s.json).", c.Name, c.Name)
	if c.Weights != "" {
		c.line("SHA-256 of the model: `%s`.", c.Weights)
	}
}
