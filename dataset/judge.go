package dataset

import "classsr/picture"

// JudgedPatch is a patch of a LR picture, at its upper left corner, and the judge's PSNR on it in dB.
type JudgedPatch struct {
	X, Y int
	PSNR float64
}

// Judge gives the patches of a HR picture of RGB and 8 bits, whose sides are multiples of the scale, where those of the data would lie;
// judged is what the judge makes of its LR picture. A picture too small for a patch has none.
func (s *Store) Judge(hr, judged *picture.Picture) []JudgedPatch {
	scale, side := s.Scale(), s.Patch()
	var all []JudgedPatch
	for _, y := range positions(hr.Height/scale, side, s.meta.Settings.Step) {
		for _, x := range positions(hr.Width/scale, side, s.meta.Settings.Step) {
			all = append(all, JudgedPatch{x, y, patchPSNR(hr, judged, x*scale, y*scale, side*scale)})
		}
	}
	return all
}

// ClassOf is the class of a patch, 0 for the simplest, by the PSNRs between the classes, as Split gives them.
func (p JudgedPatch) ClassOf(between []float64) int { return classOf(float32(p.PSNR), between) }
