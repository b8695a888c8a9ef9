package arch

import (
	"classsr/nn"
	"classsr/tensor"
)

// div2kMean is the mean colour of DIV2K, which CARN and RCAN subtract from their input and add to their result.
var div2kMean = [3]float32{0.4488, 0.4371, 0.4040}

// meanShift is the 1x1 convolution that shifts colours. Its weights are ordinary parameters in checkpoints.
func meanShift() nn.Conv { return nn.Conv{In: 3, Out: 3, Kernel: 1} }

// meanShiftParams gives both shifts for colours in 0..inputRange.
func meanShiftParams(spec Spec) tensor.Set {
	set := tensor.Set{}
	for name, sign := range map[string]float32{"sub_mean": -1, "add_mean": 1} {
		weight, bias := tensor.NewArray(3, 3, 1, 1), tensor.NewArray(3)
		for c := range 3 {
			weight.Data[c*3+c] = 1
			bias.Data[c] = sign * div2kMean[c] * float32(spec.InputRange)
		}
		set[name+".weight"], set[name+".bias"] = weight, bias
	}
	return set
}

// meanShiftRange tells from a stored shift whether the network was trained on colours in 0..1 or 0..255; without one it is 0.
func meanShiftRange(params tensor.Set) int {
	stored, ok := params["add_mean.bias"]
	if !ok {
		return 0
	}
	for _, v := range stored.Data {
		if v > 2 {
			return 255
		}
	}
	return 1
}
