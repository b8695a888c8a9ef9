package arch

import (
	"fmt"
	"regexp"
	"strings"

	"classsr/nn"
)

// rrdbnet is RRDBNet, the network of ESRGAN and Real-ESRGAN, and of most models that people trade: blocks of three dense blocks of five 3x3
// convolutions, with residuals multiplied by 0.2; two nearest enlargements by 2, with a convolution after each. For a scale below 4, squares
// of pixels of the input become channels first.
var rrdbnet = Arch{
	Name:   "rrdbnet",
	Title:  "RRDBNet",
	Scales: []int{1, 2, 4},
	Widths: []int{32, 48, 64},
	limits: []limit{
		{"blocks", func(s Spec) int { return s.Depth }, 1, 256},
		{"channels grown", func(s Spec) int { return s.Growth }, 1, maxChannels},
	},
	paper: func(scale, width int) Spec {
		return Spec{Net: "rrdbnet", Scale: scale, Width: width, Depth: 23, Growth: 32, InputRange: 1}
	},
	build:     func(s Spec) *nn.Graph { return rrdbBuilder{s, nn.NewGraph(3)}.build() },
	recognise: recogniseRRDBNet,
	rename:    renameRRDBNet,
}

// residualScaling is the part of a residual that is added.
const residualScaling = 0.2

type rrdbBuilder struct {
	Spec
	*nn.Graph
}

func (b rrdbBuilder) conv(name string, in, out int, x nn.Value) nn.Value {
	return b.Add(name, nn.Conv{In: in, Out: out, Kernel: 3, Pad: 1}, x)
}

func (b rrdbBuilder) leaky(x nn.Value) nn.Value { return b.Add("", nn.LeakyReLU{Slope: 0.2}, x) }

// residual adds a part of y to x.
func (b rrdbBuilder) residual(y, x nn.Value) nn.Value {
	return b.Add("", nn.Add{}, b.Add("", nn.Scale{Factor: residualScaling}, y), x)
}

func (b rrdbBuilder) build() *nn.Graph {
	x, fold := nn.Input, unshuffling(b.Scale)
	if fold > 1 {
		x = b.Add("", nn.PixelUnshuffle{Channels: 3, Factor: fold}, x)
	}
	first := b.conv("conv_first", 3*fold*fold, b.Width, x)
	x = first
	for i := range b.Depth {
		x = b.block(fmt.Sprint("body.", i, "."), x)
	}
	x = b.Add("", nn.Add{}, b.conv("conv_body", b.Width, b.Width, x), first)
	for i := range 2 {
		x = b.Add("", nn.Nearest{Factor: 2}, x)
		x = b.leaky(b.conv(fmt.Sprint("conv_up", i+1), b.Width, b.Width, x))
	}
	x = b.leaky(b.conv("conv_hr", b.Width, b.Width, x))
	b.conv("conv_last", b.Width, 3, x)
	return b.Graph
}

// block is three dense blocks and a residual around them.
func (b rrdbBuilder) block(name string, x nn.Value) nn.Value {
	y := x
	for i := range 3 {
		y = b.dense(fmt.Sprint(name, "rdb", i+1, "."), y)
	}
	return b.residual(y, x)
}

// dense is five convolutions, each of all that was before it.
func (b rrdbBuilder) dense(name string, x nn.Value) nn.Value {
	before, joined := []nn.Value{x}, x
	in := b.Width
	for i := range 4 {
		y := b.leaky(b.conv(fmt.Sprint(name, "conv", i+1), in, b.Growth, joined))
		before = append(before, y)
		joined = b.Add("", nn.Concat{}, before...)
		in += b.Growth
	}
	return b.residual(b.conv(name+"conv5", in, b.Width, joined), x)
}

// unshuffling is the side of the squares of pixels that become channels.
func unshuffling(scale int) int { return max(4/scale, 1) }

func recogniseRRDBNet(d dims) (Spec, bool) {
	const first = "body.0.rdb1.conv1.weight"
	if !d.has("conv_first.weight", 4) || !d.has(first, 4) || !d.has("conv_last.weight", 4) {
		return Spec{}, false
	}
	depth := 0
	for d.has(fmt.Sprintf("body.%d.rdb1.conv1.weight", depth), 4) {
		depth++
	}
	scale := 0
	if fold := root(d.at("conv_first.weight", 1) / 3); fold > 0 {
		scale = 4 / fold
	}
	return Spec{Net: "rrdbnet", Scale: scale, Width: d.at("conv_first.weight", 0), Depth: depth, Growth: d.at(first, 0)}, true
}

var (
	// The names in ESRGAN's first release: convolutions are numbered, and in lists with their activations.
	oldRDB = regexp.MustCompile(`^model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0\.`)
	// and in its second one
	newRDB = regexp.MustCompile(`^RRDB_trunk\.(\d+)\.RDB(\d)\.`)
	// oldBody is the convolution after the blocks, which has their number.
	oldBody = regexp.MustCompile(`^model\.1\.sub\.\d+\.(weight|bias)$`)
)

// renameRRDBNet gives the names of Real-ESRGAN for those of ESRGAN's two releases.
func renameRRDBNet(name string) string {
	if m := oldRDB.FindStringSubmatchIndex(name); m != nil {
		return string(oldRDB.ExpandString(nil, "body.$1.rdb$2.conv$3.", name, m)) + name[m[1]:]
	}
	if oldBody.MatchString(name) {
		return "conv_body" + name[strings.LastIndex(name, "."):]
	}
	name = newRDB.ReplaceAllString(name, "body.$1.rdb$2.")
	for _, r := range [][2]string{
		{"model.0.", "conv_first."}, {"model.3.", "conv_up1."}, {"model.6.", "conv_up2."}, {"model.8.", "conv_hr."}, {"model.10.", "conv_last."},
		{"trunk_conv.", "conv_body."}, {"upconv1.", "conv_up1."}, {"upconv2.", "conv_up2."}, {"HRconv.", "conv_hr."},
	} {
		if rest, ok := strings.CutPrefix(name, r[0]); ok {
			return r[1] + rest
		}
	}
	return name
}
