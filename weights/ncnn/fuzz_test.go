package ncnn

import (
	"runtime"
	"strings"
	"testing"

	"classsr/fault"
	"classsr/nn"
	"classsr/tensor"
)

// FuzzRead reads any text with any weights. What is read can be computed, and whatever gets names is the network of these names.
func FuzzRead(f *testing.F) {
	for _, s := range []struct {
		name  string
		scale int
	}{{"srvggnet", 4}, {"rrdbnet", 4}, {"rrdbnet", 1}} {
		net := spec(f, s.name, s.scale, 2, 1)
		for _, st := range []style{{}, {half: true, fused: true, long: true}} {
			text, weights := written(net.Build(), random(net), st)
			f.Add([]byte(text), weights)
		}
	}
	f.Fuzz(func(t *testing.T, text, weights []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n, err := readText(string(text), weights)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > fair(len(text)+len(weights)) {
			t.Errorf("%d bytes for files of %d and %d", used, len(text), len(weights))
		}
		if err != nil {
			checkFault(t, err)
			return
		}
		shapes(n)
		set, err := n.Tensors()
		if err != nil {
			checkFault(t, err)
		} else if 2*set.Len() > len(weights) {
			t.Errorf("%d numbers from %d bytes", set.Len(), len(weights))
		}
	})
}

func checkFault(t *testing.T, err error) {
	t.Helper()
	if k := fault.KindOf(err); k != fault.Damaged && k != fault.Unsupported && k != fault.TooLarge || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q of kind %s", err, k)
	}
}

// shapes computes the shapes of all values, and panics if the layers do not fit together.
func shapes(n *Network) {
	g := nn.NewGraph(pictureChannels)
	for _, l := range n.Layers {
		g.Add("", l.Op, l.Inputs...)
	}
	const side = maxFactor * maxFactor
	g.Shapes(tensor.Shape{N: 1, C: pictureChannels, H: side, W: side})
}
