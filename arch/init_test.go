package arch

import (
	"math"
	"testing"
)

func TestInitHasThePaperCodesSpread(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		name string
		want float64 // standard deviation
	}{
		{srresnet.paper(4, 64), "recon_trunk.3.conv1.weight", 0.1 * math.Sqrt(2.0/(64*9))},
		{srresnet.paper(4, 64), "recon_trunk.3.conv1.bias", 0},
		{fsrcnn.paper(4, 56), "tail_conv.weight", 1 / math.Sqrt(3*3*81)}, // a third of a uniform's width squared
		{carn.paper(4, 64), "b1.b1.body.0.weight", 1 / math.Sqrt(3*16*9)},
		{PaperClassModule(3), "lastOut.weight", 1 / math.Sqrt(3*32)},
	} {
		data := c.spec.Init(1)[c.name].Data
		var squares float64
		for _, v := range data {
			squares += float64(v) * float64(v)
		}
		got := math.Sqrt(squares / float64(len(data)))
		if math.Abs(got-c.want) > 0.12*c.want {
			t.Errorf("%s of %s: standard deviation %g, want %g", c.name, c.spec.Net, got, c.want)
		}
	}
}

func TestInitFitsEveryNetworkAndRepeats(t *testing.T) {
	for _, a := range All {
		if a.Interpolates {
			continue
		}
		spec := a.paper(4, a.Widths[0])
		if a == &classModule {
			spec = PaperClassModule(3)
		}
		params := spec.Init(7)
		got, _, err := Recognise(params, Known{})
		if err != nil {
			t.Errorf("%s: %v", a.Name, err)
			continue
		}
		if got.InputRange != spec.InputRange {
			t.Errorf("%s: input range %d, want %d", a.Name, got.InputRange, spec.InputRange)
		}
		again := spec.Init(7)
		for name, p := range params {
			for i, v := range p.Data {
				if again[name].Data[i] != v {
					t.Fatalf("%s: %s differs the second time", a.Name, name)
				}
			}
		}
	}
}
