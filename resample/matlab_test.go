package resample

import (
	"math"
	"testing"
)

// TestOriginalGivesTheNumbersOfMATLAB compares with results that MATLAB (2020, mirrored edges) printed for pictures whose samples
// are 0, 1, 2, ... row by row, and for a picture with something in its corners only.
func TestOriginalGivesTheNumbersOfMATLAB(t *testing.T) {
	corners := []float32{
		100, 1, 0, 100,
		10, 0, 0, 0,
		0, 0, 0, 0,
		0, 0, 0, 0,
	}
	tests := []struct {
		src  []float32
		side int
		w, h int
		want []float64
	}{
		{ramp(16), 4, 3, 3, []float64{
			0.75055187638, 2.1004415011, 3.45033112583,
			6.15011037528, 7.5, 8.84988962472,
			11.5496688742, 12.8995584989, 14.2494481236,
		}},
		{ramp(64), 8, 4, 3, []float64{
			6.47252877331, 8.51159127331, 10.5350287733, 12.5740912733,
			28.44921875, 30.48828125, 32.51171875, 34.55078125,
			50.4259087267, 52.4649712267, 54.4884087267, 56.5274712267,
		}},
		{ramp(64), 8, 2, 2, []float64{12.3837890625, 16.6318359375, 46.3681640625, 50.6162109375}},
		{ramp(64), 8, 7, 5, []float64{
			2.18452512538, 3.31913738556, 4.46884137148, 5.62045977011, 6.77207816875, 7.92178215467, 9.05639441485,
			15.21977157, 16.3543838301, 17.5040878161, 18.6557062147, 19.8073246133, 20.9570285992, 22.0916408594,
			28.0640653553, 29.1986776154, 30.3483816014, 31.5, 32.6516183986, 33.8013223846, 34.9359346447,
			40.9083591406, 42.0429714008, 43.1926753867, 44.3442937853, 45.4959121839, 46.6456161699, 47.78022843,
			53.9436055851, 55.0782178453, 56.2279218312, 57.3795402299, 58.5311586285, 59.6808626144, 60.8154748746,
		}},
		{ramp(225), 15, 3, 3, []float64{29.1072, 34.288, 39.4688, 106.8192, 112, 117.1808, 184.5312, 189.712, 194.8928}},
		{corners, 4, 5, 5, []float64{
			108.685225, 27.6970975, -12.4465625, 26.8841925, 109.2025,
			35.471365, 8.970789, -3.5895625, 6.637437, 26.961,
			-0.6503125, -0.21221875, 0.39453125, -1.60790625, -6.53125,
			-0.768075, -0.18963, 0.0459375, 0, 0,
			0, 0, 0, 0, 0,
		}},
	}
	for _, test := range tests {
		plan := mustNew(t, test.side, test.side, test.w, test.h, Original)
		got := make([]float32, len(test.want))
		plan.Floats(got, test.src, 1)
		for i, want := range test.want {
			if d := math.Abs(float64(got[i]) - want); !(d < 1e-5) {
				t.Errorf("%d square to %dx%d: sample %d is %v, want %v", test.side, test.w, test.h, i, got[i], want)
			}
		}
	}
}

func ramp(n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(i)
	}
	return s
}
