package main

import (
	"fmt"
	"strings"

	"classsr/evaluate"
)

// routing is the part of a card about classes.
func (c *card) routing() {
	if c.find("set5", wayRouted) == nil && c.find("2k", wayRouted) == nil {
		return
	}
	c.line("## Routing")
	c.line("Without a goal, `classsr` may lose 0.02 dB on average as the model's calibration predicts (fsrcnn-x4: 0.025 dB, CARN: 0.03 dB). What went through each class, and the PSNR over RGB of " +
		"these pixels of all pictures together, routed and by the full network:")
	c.classes(wayRouted)
	c.line("What it takes. *Paper FLOPs* are counted as in the paper's tables; multiply-accumulates (MACs) are those that are done, context of pieces included, for " +
		"each LR pixel. What is lost is against the full network as published figures are measured, with zeros beyond the picture. Seconds are of routing and networks, for the whole set, once each; the last column is the most that any sample differs " +
		"from the full network's, of 255.")
	c.work()
	if c.find("2k", wayPaper) != nil || c.find("4k", wayPaper) != nil {
		c.line("As in the paper (`--mode paper`): sub-images of 32x32 at a step of 28, each through the class that the Class-Module chooses.")
		c.classes(wayPaper)
		c.paperWork()
	}
	c.budgets()
}

func (c *card) classes(way string) {
	var rows [][]string
	for _, s := range testSets() {
		r := c.find(s.id, way)
		if r == nil {
			continue
		}
		for i, class := range r.PerClass {
			row := []string{"", class.Name, percent(100 * class.Share), db(class.PSNRRGB)}
			if way == wayRouted {
				row = append(row, db(class.PSNRFull), loss(class.PSNRRGB, class.PSNRFull))
			}
			if i == 0 {
				row[0] = s.title
			}
			rows = append(rows, row)
		}
	}
	head := []string{"", "class", "share", "PSNR"}
	if way == wayRouted {
		head = []string{"", "class", "share", "routed", "full", "difference"}
	}
	c.table(head, rows)
}

func (c *card) work() {
	var rows [][]string
	for _, s := range testSets() {
		r, full := c.find(s.id, wayRouted), c.find(s.id, wayFull)
		if r == nil || full == nil {
			continue
		}
		rows = append(rows, []string{
			s.title, loss(r.PSNRRGB, full.PSNRRGB), percent(r.PaperFLOPsPercent), kilo(r.MACsPixel), kilo(full.MACsPixel), percent(100 * r.MACsPixel / full.MACsPixel),
			seconds(r.SecondsNetwork), seconds(r.SecondsFull), times(r), fmt.Sprintf("%.0f", r.LevelsFull),
		})
	}
	c.table([]string{
		"", "dB against full (RGB)", "paper FLOPs", "thousand MACs, routed", "full", "routed of full", "seconds, routed", "full", "times as fast", "levels",
	}, rows)
}

// times is how many times as fast as the full network a routed run was.
func times(r *evaluate.Result) string {
	if r.SecondsNetwork == 0 || r.SecondsFull == 0 {
		return missing
	}
	return fmt.Sprintf("%.2f", r.SecondsFull/r.SecondsNetwork)
}

func (c *card) paperWork() {
	var rows [][]string
	for _, s := range testSets() {
		if r := c.find(s.id, wayPaper); r != nil {
			rows = append(rows, []string{s.title, db(r.PSNRRGB), percent(r.PaperFLOPsPercent), kilo(r.MACsPixel), seconds(r.SecondsNetwork)})
		}
	}
	c.table([]string{"", "PSNR RGB", "paper FLOPs", "thousand MACs", "seconds"}, rows)
}

func (c *card) budgets() {
	var rows [][]string
	for b := 30; b <= 100; b += 10 {
		row, found := []string{fmt.Sprintf("%d %%", b)}, false
		for _, id := range []string{"set5", "2k"} {
			r := c.find(id, fmt.Sprint(wayBudget, b))
			if r == nil {
				row = append(row, missing, missing)
				continue
			}
			found = true
			v := r.PSNRY
			if id == "2k" {
				v = r.PSNRRGB
			}
			row = append(row, kilo(r.MACsPixel), db(v))
		}
		if found {
			rows = append(rows, row)
		}
	}
	if len(rows) > 0 {
		c.line("By `--budget`, in percent of the full network's multiply-accumulates:")
		c.table([]string{"budget", "Set5: thousand MACs", "dB (Y)", "2K photos: thousand MACs", "dB (RGB)"}, rows)
	}
}

// shares writes the shares of classes.
func shares(r *evaluate.Result) string {
	var texts []string
	for _, class := range r.Classes {
		texts = append(texts, fmt.Sprintf("%s %.0f %%", class.Name, 100*class.Share))
	}
	return strings.Join(texts, ", ")
}
