package route

import "math"

// staying is what a change of class has to gain, as a share of what the hardest class costs for the core: less is not worth that it is seen.
const staying = 0.1

// Follow gives each core a class in a picture that follows another one, as in a video, by the multiplier that was found for that (Goal.Choose), so that the
// same content has the same class. before is what cores had; one that is kept, since nothing in it has changed, has it again, and others change only if
// that gains something. The goal may be missed a little, up or down.
func (g Goal) Follow(p *Problem, predicted Prediction, before []int, kept []bool, lambda float64) []int {
	p = g.weighed(p, predicted)
	pixel := p.Costs.Pixel
	out := Problem{Grid: p.Grid, Costs: p.Costs, Losses: make([][]float64, len(p.Losses))}
	for i, core := range p.Cores() {
		change := float64(lambda * staying * float64(core.Dx()*core.Dy()) * pixel[len(pixel)-1])
		if kept[i] {
			change = math.Inf(1)
		}
		losses := make([]float64, len(p.Losses[i]))
		for class, loss := range p.Losses[i] {
			if losses[class] = loss; class != before[i] {
				losses[class] += change
			} else if kept[i] {
				losses[class] = 0
			}
		}
		out.Losses[i] = losses
	}
	return out.Minimise(lambda)
}
