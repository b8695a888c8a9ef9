package train

import (
	"context"
	"fmt"
	"image"

	"classsr"
	"classsr/dataset"
	"classsr/infer"
	"classsr/nn"
	"classsr/route"
	"classsr/tensor"
	"classsr/weights"
)

// Confusion counts patches: by the class that the judge found (rows) and the one that the Class-Module chooses (columns), the simplest
// first.
type Confusion [][]int

// Lines tells the table in shares of its rows.
func (c Confusion) Lines(classes []string) []string {
	head := "judge, chosen:"
	lines := []string{head}
	for i, row := range c {
		lines[0] += fmt.Sprintf("%8s", classes[i])
		total := 0
		for _, n := range row {
			total += n
		}
		line := fmt.Sprintf("%-*s", len(head), classes[i])
		for _, n := range row {
			line += fmt.Sprintf("%7.1f%%", 100*float64(n)/float64(max(total, 1)))
		}
		lines = append(lines, line+fmt.Sprintf("  of %d", total))
	}
	return lines
}

// judgedPatches are patches of the validation pictures whose difficulty a judge has found.
type judgedPatches struct {
	lr      *tensor.Tensor
	classes []int // of the judge
	threads int
}

// newJudgedPatches judges the pictures of a validator, by the classes of the data. It gives nil, and says why by note, if that cannot be
// done: then there are no tables.
func newJudgedPatches(ctx context.Context, v *validator, data *dataset.Store, judge string, classes int, note func(string)) (*judgedPatches, error) {
	if !data.Judged() {
		return nil, nil
	}
	if judge == "" {
		judge = data.JudgeName()
	}
	model, err := classsr.Open(judge)
	if err != nil {
		note(fmt.Sprintf("there will be no table of the judge's and the chosen classes: %v; name the model that judged the data with --judge", err))
		return nil, nil
	}
	if model.Name() != data.JudgeName() {
		note(fmt.Sprintf("warning: the data was judged by %s, the validation pictures are by %s", data.JudgeName(), model.Name()))
	}
	up, err := model.Upscaler(classsr.Options{Scale: v.scale, Mode: classsr.ModeFull, Border: infer.BorderZero, Threads: v.threads})
	if err != nil {
		return nil, fmt.Errorf("judge %s: %w", judge, err)
	}
	_, between := data.Split(classes)
	p := &judgedPatches{threads: v.threads}
	var samples []float32
	side := data.Patch()
	plane := make([]float32, side*side)
	for _, picture := range v.pictures {
		judged, _, err := up.Upscale(ctx, picture.lr)
		if err != nil {
			return nil, err
		}
		for _, patch := range data.Judge(picture.hr, judged) {
			p.classes = append(p.classes, patch.ClassOf(between))
			for c := range 3 {
				picture.lr.ReadPlane(plane, c, image.Rect(patch.X, patch.Y, patch.X+side, patch.Y+side))
				samples = append(samples, plane...)
			}
		}
	}
	if len(p.classes) == 0 {
		return nil, nil
	}
	p.lr = tensor.Wrap(tensor.Shape{N: len(p.classes), C: 3, H: side, W: side}, samples)
	return p, nil
}

// confusion gives the table of a Class-Module.
func (p *judgedPatches) confusion(ctx context.Context, classModule weights.Network) (Confusion, error) {
	table := make(Confusion, classModule.Spec.Classes)
	for i := range table {
		table[i] = make([]int, len(table))
	}
	for first := 0; first < p.lr.N; {
		const most = 64 // at a time, for memory
		n := min(most, p.lr.N-first)
		x := part(p.lr, first, n)
		scores, err := newExecutor(classModule, x.Shape, p.threads).Forward(ctx, x, nn.Evaluate)
		if err != nil {
			return nil, err
		}
		for k, probabilities := range softmax(scores) {
			table[p.classes[first+k]][route.Argmax(probabilities)]++
		}
		first += n
	}
	return table, nil
}

// table writes a table for the log.
func (c Confusion) table(note func(string), classes []string) {
	note("what the Class-Module chooses for patches of the validation pictures:")
	for _, line := range c.Lines(classes) {
		note(line)
	}
}
