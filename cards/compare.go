package main

import (
	"fmt"

	"classsr"
	"classsr/evaluate"
)

const protocol = `## What is measured, and on what

PSNR and SSIM as ` + "`classsr eval`" + ` measures them: 8-bit results, a border of as many pixels as the scale removed, means over the pictures; Y is luma as MATLAB's
rgb2ycbcr has it. Single networks see zeros beyond the picture, as published figures are measured; routed pictures are mirrored there, as ` + "`classsr upscale`" + ` does it.
No picture below was used for training, tuning or calibration.

| set | pictures | LR pictures |
|---|---|---|
| Set5, Set14 | the usual ones | at x4 the published ones, which are MATLAB's bicubic, rounded to 8 bits between the passes; at x2 and x3 made by the same filter |
| 2K photos | five of CLIC 2025 (final test and validation), about 2048 pixels wide, PNG | made by the same filter |
| 4K photos | three of 4000 to 4579 pixels, themselves JPEGs: figures compare ways with each other, not with papers | made by the same filter |
| Pages | ten of 640x480 with text, screens, tables, line art and maps, drawn by ` + "`calibrate/pages`" + ` (the set *check*: other fonts and random numbers than those for calibration) | made by the same filter |
| q50, q75, q90 | the same HR pictures | the LR pictures as JPEG of this quality with 4:2:0 chroma, written by this program's encoder, whose tables, transform and rounding are libjpeg's, and read back by its decoder |

Bicubic is MATLAB's; Lanczos has three lobes (golang.org/x/image/draw, rounded to 8 bits). Seconds are one run each, for the whole set, and move with what else the machine does.

` + "`make cards`" + ` measures what is missing and writes these pages; every figure comes from a run in [data](data), which has the command, the date, the machine and the version.
`

// column is a column of the tables that compare models.
type column struct {
	head, set, way string
	of             func(*evaluate.Result) string
}

func overY(r *evaluate.Result) string   { return db(r.PSNRY) }
func overRGB(r *evaluate.Result) string { return db(r.PSNRRGB) }

// qualityColumns compare on clean LR pictures, jpegColumns on JPEGs.
var (
	qualityColumns = []column{
		{"Set5 (Y)", "set5", wayFull, overY},
		{"Set14 (Y)", "set14", wayFull, overY},
		{"2K photos, full", "2k", wayFull, overRGB},
		{"routed", "2k", wayRouted, overRGB},
		{"4K photos, full", "4k", wayFull, overRGB},
		{"routed", "4k", wayRouted, overRGB},
		{"pages, full", "pages", wayFull, overRGB},
		{"routed", "pages", wayRouted, overRGB},
	}
	jpegColumns = []column{
		{"Set14 (Y), q50", "set14-q50", wayFull, overY},
		{"q75", "set14-q75", wayFull, overY},
		{"q90", "set14-q90", wayFull, overY},
		{"2K photos (RGB), q50", "2k-q50", wayFull, overRGB},
		{"q75", "2k-q75", wayFull, overRGB},
		{"q90", "2k-q90", wayFull, overRGB},
	}
)

// workOn are the columns of work on a set. Seconds of models that route are of one run, both ways one after the other.
func workOn(set string) []column {
	return []column{
		{"thousand MACs, full", set, wayFull, func(r *evaluate.Result) string { return kilo(r.MACsPixel) }},
		{"routed", set, wayRouted, func(r *evaluate.Result) string { return kilo(r.MACsPixel) }},
		{"seconds, full", set, wayFull, func(r *evaluate.Result) string { return seconds(r.SecondsNetwork) }},
		{"full again, beside routed", set, wayRouted, func(r *evaluate.Result) string { return seconds(r.SecondsFull) }},
		{"routed", set, wayRouted, func(r *evaluate.Result) string { return seconds(r.SecondsNetwork) }},
		{"times as fast", set, wayRouted, times},
	}
}

// writeIndex gives the page that lists all cards.
func writeIndex(records map[string]*record, charts []chartFile) string {
	var m markdown
	m.line("# Models, measured")
	m.line("PSNR in dB, over RGB unless said. MACs are multiply-accumulates for each LR pixel, as done; seconds are those of all pictures of a set.")
	scales := map[int]bool{}
	for _, r := range networks(records) {
		scales[r.Info.Scale] = true
	}
	for _, scale := range []int{4, 3, 2, 1} {
		if !scales[scale] {
			continue
		}
		m.line("## x%d", scale)
		m.compare(records, scale, "", qualityColumns)
		m.compare(records, scale, "LR pictures stored as JPEG, full networks:", jpegColumns)
		for _, set := range []string{"2k", "4k"} {
			m.compare(records, scale, fmt.Sprintf("Work and time on %s:", title(set)), workOn(set))
		}
		for _, f := range charts {
			if f.scale == scale {
				m.line("![%s](../charts/%s)", f.title, f.name)
			}
		}
	}
	if len(charts) > 0 {
		m.line("Filled points are single branches, lines are routed pictures at budgets of 30 to 100 %%, coloured rings are routed without a goal, black ones weights published by others (only on Set5; nobody publishes figures for " +
			"these 2K photos). Models whose PSNR is below bicubic interpolation's, as of networks that invent texture, are not in the charts.")
	}
	m.WriteString(protocol)
	return m.String()
}

// compare is a table of the models of a scale, below an introduction; columns that nothing was measured for are left out.
func (m *markdown) compare(records map[string]*record, scale int, intro string, columns []column) {
	type row struct {
		name string
		*record
	}
	suffix := fmt.Sprintf("-x%d", scale)
	list := []row{{"bicubic", records[classsr.Bicubic+suffix]}, {"Lanczos", records[lanczos+suffix]}}
	for _, r := range networks(records) {
		if r.Info.Scale == scale {
			list = append(list, row{fmt.Sprintf("[%s](%s.md)", r.Name, r.Name), r})
		}
	}
	head, rows := []string{""}, make([][]string, len(list))
	for i := range list {
		rows[i] = []string{list[i].name}
	}
	for _, c := range columns {
		cells, found := make([]string, len(list)), false
		for i, r := range list {
			cells[i] = missing
			if e := r.find(c.set, c.way); e != nil {
				cells[i], found = c.of(e), true
			}
		}
		if found {
			head = append(head, c.head)
			for i := range rows {
				rows[i] = append(rows[i], cells[i])
			}
		}
	}
	if len(head) == 1 {
		return
	}
	if intro != "" {
		m.line("%s", intro)
	}
	m.table(head, rows)
}
