package main

import (
	"fmt"
	"os"
	"path/filepath"

	"classsr"
	"classsr/evaluate"
	"classsr/internal/atomicfile"
	"classsr/internal/chart"
)

// chartFile is a chart that was drawn.
type chartFile struct {
	scale       int
	name, title string
}

// writeCharts draws, for each scale, PSNR over work on Set5 and on the 2K photos.
func writeCharts(docs string, records map[string]*record) ([]chartFile, error) {
	folder := filepath.Join(docs, "charts")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	var files []chartFile
	for _, scale := range []int{4, 3, 2, 1} {
		for _, set := range []string{"set5", "2k"} {
			sets := chartSets(records, scale, set)
			if len(sets) == 0 {
				continue
			}
			f := chartFile{scale, fmt.Sprintf("quality-%s-x%d.png", set, scale), fmt.Sprintf("PSNR over multiply-accumulates, %s, x%d", title(set), scale)}
			channels := "Y"
			if set == "2k" {
				channels = "RGB"
			}
			axes := chart.Axes{X: "thousand multiply-accumulates for each LR pixel", Y: fmt.Sprintf("PSNR %s on %s, dB", channels, title(set)), LogX: true}
			if err := atomicfile.Write(filepath.Join(folder, f.name), true, chart.Scatter(axes, sets...).WritePNG); err != nil {
				return nil, err
			}
			files = append(files, f)
		}
	}
	return files, nil
}

// chartSets are the points of a chart: the branches of each model, its line by budgets, without a goal, and what others publish.
func chartSets(records map[string]*record, scale int, set string) []chart.Points {
	psnr := func(r *evaluate.Result) float64 {
		if set == "2k" {
			return float64(r.PSNRRGB)
		}
		return float64(r.PSNRY)
	}
	floor := 0.0
	if r := records[fmt.Sprintf("%s-x%d", classsr.Bicubic, scale)].find(set, wayFull); r != nil {
		floor = psnr(r)
	}
	var sets []chart.Points
	for _, r := range networks(records) {
		full := r.find(set, wayFull)
		if r.Info.Scale != scale || full == nil || psnr(full) < floor {
			continue
		}
		branches, routed := chart.Points{Name: r.Name}, chart.Points{Joined: true}
		add := func(to *chart.Points, way, label string) {
			if e := r.find(set, way); e != nil {
				to.Points = append(to.Points, chart.Point{X: e.MACsPixel / 1000, Y: psnr(e), Label: label})
			}
		}
		for k := range r.Info.Classes {
			add(&branches, fmt.Sprint(wayBranch, k+1), "")
		}
		add(&branches, wayFull, "")
		for b := 30; b <= 100; b += 10 {
			add(&routed, fmt.Sprint(wayBudget, b), "")
		}
		for i := range branches.Points {
			branches.Points[i].Label = fmt.Sprintf("%.2f", branches.Points[i].Y)
		}
		sets = append(sets, branches)
		routed.Like = len(sets)
		free := chart.Points{Hollow: true, Like: len(sets)}
		add(&free, wayRouted, "")
		sets = append(sets, routed, free)
	}
	if set != "set5" || len(sets) == 0 {
		return sets
	}
	others := chart.Points{Name: "weights of others", Plain: true}
	for _, p := range publishedNetworks {
		if p.scale == scale && p.kmacs > 0 {
			others.Points = append(others.Points, chart.Point{X: p.kmacs, Y: p.set5, Label: p.name})
		}
	}
	return append(sets, others)
}
