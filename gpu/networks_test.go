package gpu_test

import (
	"classsr/arch"
	"classsr/weights"
)

// networks is one small network.
func networks() []weights.Network {
	spec, err := arch.Paper("fsrcnn", 4, 16)
	if err != nil {
		panic(err)
	}
	return []weights.Network{{Spec: spec, Params: spec.Init(1)}}
}
