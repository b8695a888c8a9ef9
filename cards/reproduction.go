package main

import (
	"fmt"

	"classsr"
	"classsr/evaluate"
)

// reproduced names the model that stands for each network of the paper: a built-in one, or a file of that name.
var reproduced = map[string]string{"fsrcnn": "fsrcnn-x4", "carn": "carn-x4", "srresnet": "srresnet-x4", "rcan": "rcan-x4"}

// reproductionSets are ours, beside Test2K and Test4K.
var reproductionSets = []string{"2k", "4k"}

// writeReproduction sets the tables of the paper beside ours.
func writeReproduction(records map[string]*record) string {
	var m markdown
	m.line("# The paper's tables, beside ours")
	m.line("\"ClassSR: A General Framework to Accelerate Super-Resolution Networks by Data Characteristic\" (CVPR 2021) reports FLOPs saved at equal PSNR, at x4, on Test2K, " +
		"Test4K and Test8K: DIV8K photographs reduced to these sizes, a hundred each. Those are not to be had here. **Ours are other pictures, and few**: five 2K photos of CLIC 2025 and " +
		"three 4K photos ([cards](cards/README.md)); there is no 8K set. So absolute PSNR cannot be compared between the paper's columns and ours; what can is how much routing loses " +
		"against the network alone, and which share of the FLOPs it takes. `--mode paper` follows the authors' protocol: sub-images of 32x32 at a step of 28, the most likely class " +
		"of the Class-Module, results rounded and averaged where they overlap, edges that no sub-image covers left out, PSNR over RGB, FLOPs as in the paper. The rows of networks alone " +
		"are, in our columns, the full network over the whole picture, edges included.")
	m.line("## Parameters and FLOPs of a patch")
	m.line("Computed from this program's networks (`classsr models arch NET`), at the paper's widths.")
	m.table([]string{"", "branch", "width", "parameters", "paper FLOPs: paper", "ours", "multiply-accumulates"}, architectureRows())
	m.line("\"Paper FLOPs\" are two for each multiply-accumulate of convolutions, but a transposed convolution is charged at every HR pixel: sixteen times too much at x4. FSRCNN-56 truly " +
		"takes 24.9 million multiply-accumulates (49.8 MFLOPs).")
	m.line("## PSNR and FLOPs")
	m.table([]string{
		"", "Test2K", "FLOPs", "Test4K", "FLOPs", "Test8K", "FLOPs", "our 2K", "FLOPs", "classes", "our 4K", "FLOPs", "classes",
	}, resultRows(records))
	m.line("What routing changes, in dB against the network alone:")
	m.table([]string{"", "Test2K", "Test4K", "Test8K", "our 2K", "our 4K", "our 2K, not as in the paper", "our 4K"}, changeRows(records))
	m.line("The last two columns are this program's own routing (`--mode routed`), over the whole picture with real context; all others are the paper's protocol.")
	m.line("Ours: FSRCNN is %s, CARN %s, SRResNet %s. RCAN: %s", madeOf(records, "fsrcnn"), madeOf(records, "carn"), madeOf(records, "srresnet"), aboutRCAN(records))
	m.line("## True work")
	m.line("Sub-images of 32 at a step of 28 have 1.31 times the pixels of the picture, and the Class-Module is 15 %% of FSRCNN's true work, not 1.6 %%. So by the paper's own shares, " +
		"ClassSR-FSRCNN takes 114, 108 and 97 %% of what the network alone takes over the whole of Test2K, Test4K and Test8K pictures; CARN 93, 84 and 69 %%, SRResNet 91, 82 and 68 %%, " +
		"RCAN 85, 78 and 65 %% (recomputed from the paper's tables). Measured here, multiply-accumulates of the full network over the whole picture being 100 %%:")
	m.table([]string{"", "our 2K, as in the paper", "routed", "our 4K, as in the paper", "routed"}, trueRows(records))
	m.line("## A budget")
	m.line("ARM (ECCV 2022) sets the trade at inference. Its published points on Test8K, and ours by `--budget` on our 2K photos; ARM's percent are paper FLOPs, ours true " +
		"multiply-accumulates.")
	m.table([]string{"", "FLOPs", "Test8K", "against the network alone"}, armRows())
	m.table([]string{"", "budget", "our 2K", "against full"}, budgetRows(records))
	return m.String()
}

func architectureRows() (rows [][]string) {
	for _, net := range []string{"fsrcnn", "carn", "srresnet", "rcan"} {
		info, err := classsr.ArchitectureInfo(net, 4)
		if err != nil {
			panic("cards: the networks of the paper are built in")
		}
		for i, class := range info.Classes {
			rows = append(rows, []string{
				net, class.Name, fmt.Sprint(class.Width), fmt.Sprint(class.Params), paperBranches[net][i],
				fmt.Sprintf("%.1fM", float64(class.PaperFLOPsPatch)/1e6), fmt.Sprint(class.MACsPatch),
			})
		}
		if m := info.ClassModule; net == "rcan" {
			rows = append(rows, []string{"Class-Module", "", "", fmt.Sprint(m.Params), "8M", fmt.Sprintf("%.1fM", float64(m.PaperFLOPsPatch)/1e6), fmt.Sprint(m.MACsPatch)})
		}
	}
	return rows
}

// ours is the result of our model for a row of the paper.
func (p *paperResult) ours(records map[string]*record, set string) *evaluate.Result {
	way := wayFull
	if p.routed {
		way = wayPaper
	}
	return records[reproduced[p.network]].find(set, way)
}

func resultRows(records map[string]*record) (rows [][]string) {
	for _, p := range paperResults {
		row := []string{p.label}
		for i := range p.psnr {
			row = append(row, fmt.Sprintf("%.2f", p.psnr[i]), fmt.Sprintf("%s (%.0f %%)", p.flops[i], p.percent[i]))
		}
		for _, set := range reproductionSets {
			r := p.ours(records, set)
			if r == nil {
				row = append(row, missing, missing, missing)
				continue
			}
			classes := ""
			if p.routed {
				classes = shares(r)
			}
			row = append(row, db(r.PSNRRGB), fmt.Sprintf("%.0f %%", r.PaperFLOPsPercent), classes)
		}
		rows = append(rows, row)
	}
	return rows
}

func changeRows(records map[string]*record) (rows [][]string) {
	for i := 1; i < len(paperResults); i += 2 {
		alone, routed := paperResults[i-1], paperResults[i]
		row := []string{routed.label}
		for k := range routed.psnr {
			row = append(row, fmt.Sprintf("%+.2f", routed.psnr[k]-alone.psnr[k]))
		}
		for _, way := range []string{wayPaper, wayRouted} {
			for _, set := range reproductionSets {
				r := records[reproduced[routed.network]]
				row = append(row, change(r.find(set, way), r.find(set, wayFull)))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func change(a, b *evaluate.Result) string {
	if a == nil || b == nil {
		return missing
	}
	return loss(a.PSNRRGB, b.PSNRRGB)
}

func trueRows(records map[string]*record) (rows [][]string) {
	for i := 1; i < len(paperResults); i += 2 {
		r := records[reproduced[paperResults[i].network]]
		row := []string{paperResults[i].label}
		for _, set := range reproductionSets {
			for _, way := range []string{wayPaper, wayRouted} {
				if x := r.find(set, way); x != nil {
					row = append(row, fmt.Sprintf("%.0f %%", x.MACsPercent))
				} else {
					row = append(row, missing)
				}
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func armRows() (rows [][]string) {
	for _, a := range armResults {
		for _, p := range paperResults {
			if p.network == a.network && !p.routed {
				rows = append(rows, []string{"ARM-" + p.label, fmt.Sprintf("%s (%.0f %%)", a.flops, a.percent), fmt.Sprintf("%.2f", a.psnr), fmt.Sprintf("%+.2f", a.psnr-p.psnr[2])})
			}
		}
	}
	return rows
}

func budgetRows(records map[string]*record) (rows [][]string) {
	for _, net := range []string{"fsrcnn", "carn"} {
		r := records[reproduced[net]]
		for _, b := range []int{70, 60, 50, 40} {
			if x := r.find("2k", fmt.Sprint(wayBudget, b)); x != nil {
				rows = append(rows, []string{r.Name, fmt.Sprintf("%d %%", b), db(x.PSNRRGB), change(x, r.find("2k", wayFull))})
			}
		}
	}
	return rows
}

// madeOf names the model that stands for a network of the paper.
func madeOf(records map[string]*record, net string) string {
	name := reproduced[net]
	if records[name] == nil {
		return "not measured yet"
	}
	return fmt.Sprintf("[%s](cards/%s.md)", name, name)
}

func aboutRCAN(records map[string]*record) string {
	const days = "the paper's widths of 36, 50 and 64 with ten groups of twenty blocks take days on a GPU to train; there is a recipe (`classsr train rcan-x4-paper --show`)"
	name := reproduced["rcan"]
	if records[name] == nil {
		return days + ". A smaller one is to fill the row."
	}
	return fmt.Sprintf("%s. The row has a smaller one, [%s](cards/%s.md), which shows how routing works there, not how good RCAN can be.", days, name, name)
}
