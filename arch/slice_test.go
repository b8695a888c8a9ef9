package arch

import (
	"errors"
	"math/rand/v2"
	"testing"

	"classsr/tensor"
)

// Where the weights of all channels that are left out are zero, the narrower network does what the wider one does.
func TestSlicesOfNetworksWithIdleChannels(t *testing.T) {
	for _, name := range []string{"fsrcnn", "fsrcnn2016", "carn", "srresnet", "span", "srvggnet", "rrdbnet"} {
		wide, err := Paper(name, 4, 64)
		if err != nil {
			t.Fatal(err)
		}
		if wide.Depth > 5 {
			wide.Depth = 2
		}
		narrow := wide
		narrow.Width = 36
		params := wide.Init(1)
		sliced, err := Slice(wide, params, narrow)
		if err != nil {
			t.Fatal(err)
		}
		// Back into a wide network whose other channels are idle: the numbers that the narrower one got keep their place.
		idle := tensor.Set{}
		for n, a := range params {
			idle[n] = tensor.NewArray(a.Dims...)
			taken := map[float32]bool{}
			for _, v := range sliced[n].Data {
				taken[v] = true
			}
			for i, v := range a.Data {
				if taken[v] {
					idle[n].Data[i] = v
				}
			}
		}
		x := tensor.New(tensor.Shape{N: 1, C: 3, H: 9, W: 10})
		random := rand.New(rand.NewPCG(1, 1))
		for i := range x.Data {
			x.Data[i] = random.Float32()
		}
		got, want := narrow.Build().Forward(sliced, x), wide.Build().Forward(idle, x)
		var worst, largest float64
		for i, v := range want.Data {
			worst, largest = max(worst, float64(abs(v-got.Data[i]))), max(largest, float64(abs(v)))
		}
		if !(worst <= 1e-5*largest) {
			t.Errorf("%s: the narrower network differs by %g of %g", name, worst, largest)
		}
	}
}

func abs(v float32) float32 { return max(v, -v) }

func TestSliceOfAsManyChannels(t *testing.T) {
	several := Spec{Net: "carn", Scale: 4, Scales: []int{2, 3, 4}, Width: 64, Groups: 4, InputRange: 1}
	one := several
	one.Scales = nil
	params := several.Init(3)
	got, err := Slice(several, params, one)
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range several.ParamsAtScale(params) {
		if name == "upsample.up4.body.0.weight" {
			name = "upsample.up.body.0.weight"
		} else if got[name].Data == nil {
			continue
		}
		for i, v := range a.Data {
			if got[name].Data[i] != v {
				t.Fatalf("%s[%d] differs", name, i)
			}
		}
	}
	other, err := Paper("srresnet", 4, 64)
	if err != nil {
		t.Fatal(err)
	}
	wider := one
	wider.Width = 128
	for _, narrow := range []Spec{other, wider} {
		if _, err := Slice(several, params, narrow); !errors.Is(err, ErrNoSlice) {
			t.Errorf("%+v: %v", narrow, err)
		}
	}
}
