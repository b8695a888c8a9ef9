package arch

import (
	"fmt"
	"regexp"
	"strings"

	"classsr/nn"
)

// carn is CARN-M: three cascading blocks, each of one residual unit used three times, with 1x1 fusions over all that came
// before, inside the blocks and between them; grouped 3x3 convolutions. Two released forms are built: fusions without bias but
// with BatchNorm (ClassSR's) and fusions with bias (CARN's own authors'); either for one scale or for several.
var carn = Arch{
	Name:   "carn",
	Title:  "CARN-M",
	Scales: []int{2, 3, 4, 8},
	Widths: []int{36, 52, 64},
	limits: []limit{{"groups", func(s Spec) int { return s.Groups }, 1, 1024}},
	paper: func(scale, width int) Spec {
		return Spec{Net: "carn", Scale: scale, Width: width, Groups: 4, BatchNorm: true, InputRange: 1}
	},
	build:     func(s Spec) *nn.Graph { return carnBuilder{s, nn.NewGraph(3)}.build() },
	recognise: recogniseCARN,
	rename:    renameCARN,
	fixed:     meanShiftParams,
	uniform:   true,
}

type carnBuilder struct {
	Spec
	*nn.Graph
}

func (b carnBuilder) build() *nn.Graph {
	x := b.Add("sub_mean", meanShift(), nn.Input)
	x = b.Add("entry", nn.Conv{In: 3, Out: b.Width, Kernel: 3, Pad: 1}, x)
	x = b.cascade("", x, func(i int, x nn.Value) nn.Value {
		block := fmt.Sprint("b", i, ".")
		return b.cascade(block, x, func(_ int, x nn.Value) nn.Value { return b.residualUnit(block+"b1.body.", x) })
	})
	x = b.upsample(x)
	x = b.Add("exit", nn.Conv{In: b.Width, Out: 3, Kernel: 3, Pad: 1}, x)
	b.Add("add_mean", meanShift(), x)
	return b.Graph
}

// cascade runs three steps, each followed by a fusion of its result with everything before it.
func (b carnBuilder) cascade(prefix string, x nn.Value, step func(i int, x nn.Value) nn.Value) nn.Value {
	before := []nn.Value{x}
	for i := 1; i <= 3; i++ {
		before = append(before, step(i, x))
		x = b.Add("", nn.Concat{}, before...)
		x = b.fusion(fmt.Sprint(prefix, "c", i), len(before)*b.Width, x)
	}
	return x
}

func (b carnBuilder) fusion(name string, in int, x nn.Value) nn.Value {
	x = b.Add(name+".0", nn.Conv{In: in, Out: b.Width, Kernel: 1, NoBias: b.BatchNorm}, x)
	if b.BatchNorm {
		x = b.Add(name+".1", nn.BatchNorm{Channels: b.Width}, x)
	}
	return b.Add("", nn.ReLU{}, x)
}

func (b carnBuilder) residualUnit(body string, x nn.Value) nn.Value {
	grouped := nn.Conv{In: b.Width, Out: b.Width, Kernel: 3, Pad: 1, Groups: b.Groups}
	y := b.Add("", nn.ReLU{}, b.Add(body+"0", grouped, x))
	y = b.Add("", nn.ReLU{}, b.Add(body+"2", grouped, y))
	y = b.Add(body+"4", nn.Conv{In: b.Width, Out: b.Width, Kernel: 1}, y)
	return b.Add("", nn.ReLU{}, b.Add("", nn.Add{}, y, x))
}

func (b carnBuilder) upsample(x nn.Value) nn.Value {
	body := "upsample.up.body."
	if len(b.Scales) > 0 {
		body = fmt.Sprintf("upsample.up%d.body.", b.Scale)
	}
	for i, factor := range shuffles(b.Scale) {
		out := b.Width * factor * factor
		x = b.Add(fmt.Sprint(body, 3*i), nn.Conv{In: b.Width, Out: out, Kernel: 3, Pad: 1, Groups: b.Groups}, x)
		x = b.Add("", nn.ReLU{}, x)
		x = b.Add("", nn.PixelShuffle{Factor: factor}, x)
	}
	return x
}

// shuffles lists the pixel shuffles that together enlarge by scale: one of 3, or one, two or three of 2.
func shuffles(scale int) []int {
	if scale == 3 {
		return []int{3}
	}
	var factors []int
	for ; scale > 1; scale /= 2 {
		factors = append(factors, 2)
	}
	return factors
}

// Names of CARN's own authors: the fusions and shifts sit one module deeper.
var carnFusionBody = regexp.MustCompile(`^((?:b[123]\.)?c[123])\.body\.`)

func renameCARN(name string) string {
	name = carnFusionBody.ReplaceAllString(name, "$1.")
	return strings.Replace(name, "_mean.shifter.", "_mean.", 1)
}

func recogniseCARN(d dims) (Spec, bool) {
	if !d.has("entry.weight", 4) || !d.has("b1.b1.body.0.weight", 4) || !d.has("b1.c1.0.weight", 4) {
		return Spec{}, false
	}
	width, perGroup := d.at("entry.weight", 0), d.at("b1.b1.body.0.weight", 1)
	if perGroup == 0 || width%perGroup != 0 {
		return Spec{}, false
	}
	spec := Spec{Net: "carn", Width: width, Groups: width / perGroup, BatchNorm: d.has("b1.c1.1.weight", 1)}
	for _, scale := range []int{2, 3, 4, 8} {
		if d.has(fmt.Sprintf("upsample.up%d.body.0.weight", scale), 4) {
			spec.Scales = append(spec.Scales, scale)
			spec.Scale = scale // the largest unless another is asked for
		}
	}
	if len(spec.Scales) == 0 {
		spec.Scale = shuffleScale(d, "upsample.up.body.", 3, width)
	}
	return spec, true
}

// shuffleScale tells the scale of an upsampler: convolutions prefix+"0", prefix+step, ... each followed by a pixel shuffle.
func shuffleScale(d dims, prefix string, step, width int) int {
	scale := 1
	for i := 0; d.has(fmt.Sprint(prefix, i*step, ".weight"), 4); i++ {
		if d.at(fmt.Sprint(prefix, i*step, ".weight"), 0) == 9*width {
			return 3
		}
		scale *= 2
	}
	return scale
}
