package dataset

import (
	"cmp"
	"math"
	"slices"

	"classsr/degrade"
)

// thresholds are the PSNRs that cut the patches into classes of one size (section 4.1): patches of at least the first are of the
// simplest class, the others of at least the second of the next one, and so on. High PSNR is easy.
func thresholds(patches []patch, classes int) []float64 {
	psnr := make([]float32, len(patches))
	for i, p := range patches {
		psnr[i] = p.psnr
	}
	slices.SortFunc(psnr, func(a, b float32) int { return cmp.Compare(b, a) })
	cut := make([]float64, classes-1)
	for i := range cut {
		cut[i] = float64(psnr[(i+1)*len(psnr)/classes])
	}
	return cut
}

// classOf is the class of a PSNR.
func classOf(psnr float32, thresholds []float64) int {
	for i, t := range thresholds {
		if float64(psnr) >= t {
			return i
		}
	}
	return len(thresholds)
}

// Judged tells whether the difficulty of the patches is known.
func (s *Store) Judged() bool { return s.meta.Settings.Judge != "" }

// JudgeName is the name of the judge, empty if there was none.
func (s *Store) JudgeName() string { return s.meta.Settings.Judge }

// Degradation says how the LR patches are degraded; nil if they are not.
func (s *Store) Degradation() *degrade.Degradation { return s.meta.Settings.Degradation }

// Split gives the numbers of the patches of each class, the simplest first, and the PSNRs between them. It panics if there was no
// judge.
func (s *Store) Split(classes int) (patches [][]int32, between []float64) {
	if !s.Judged() {
		panic("dataset: patches without a difficulty have no classes")
	}
	if between = s.meta.Thresholds; len(between) != classes-1 {
		between = thresholds(s.patches, classes)
	}
	patches = make([][]int32, classes)
	for i, p := range s.patches {
		class := classOf(p.psnr, between)
		patches[class] = append(patches[class], int32(i))
	}
	return patches, between
}

// Classes gives the class of every patch, 0 for the simplest, as Split cuts them. It panics if there was no judge.
func (s *Store) Classes(classes int) []uint8 {
	of := make([]uint8, s.Len())
	split, _ := s.Split(classes)
	for class, patches := range split {
		for _, i := range patches {
			of[i] = uint8(class)
		}
	}
	return of
}

// Difficulties are the judge's PSNRs of all patches, in dB; maxPSNR stands for equal patches.
func (s *Store) Difficulties() []float64 {
	all := make([]float64, 0, len(s.patches))
	for _, p := range s.patches {
		if v := float64(p.psnr); !math.IsNaN(v) {
			all = append(all, v)
		}
	}
	return all
}
