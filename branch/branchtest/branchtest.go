// Package branchtest makes small models and pictures for tests, with random parameters and content of all kinds.
package branchtest

import (
	"encoding/json"
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"classsr/arch"
	"classsr/picture"
	"classsr/route"
	"classsr/tensor"
	"classsr/tile"
	"classsr/weights"
)

// Waves makes a picture of smooth shapes with some noise.
func Waves(w, h, colors int, alpha bool, depth int) *picture.Picture {
	r := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	p := picture.New(w, h, colors, alpha, depth)
	plane := make([]float32, w*h)
	for c := range p.Channels() {
		for i := range plane {
			x, y := float64(i%w), float64(i/w)
			plane[i] = float32(0.5 + 0.35*math.Sin(x/(3+float64(c)))*math.Cos(y/5) + 0.1*(r.Float64()-0.5))
		}
		p.WritePlane(plane, c, p.Bounds())
	}
	return p
}

// RandomParams are parameters with which networks give results of the size of pictures.
func RandomParams(spec arch.Spec) tensor.Set {
	r := rand.New(rand.NewPCG(3, 4))
	params := tensor.Set{}
	for _, p := range spec.Params() {
		a := tensor.NewArray(p.Dims...)
		for i := range a.Data {
			a.Data[i] = float32(r.NormFloat64() / math.Sqrt(float64(len(a.Data)/p.Dims[0])))
			if p.Suffix == "running_var" {
				a.Data[i] = 1
			}
		}
		if strings.HasPrefix(p.Name, "add_mean") {
			clear(a.Data)
			if p.Suffix == "bias" {
				for i := range a.Data {
					a.Data[i] = 0.5 * float32(spec.InputRange)
				}
			}
		}
		params[p.Name] = a
	}
	return params
}

// ClassSR is a ClassSR model with random parameters, that sends noisy and flat parts of pictures to different classes.
func ClassSR(t testing.TB, net string, scale, classes int) *weights.Model {
	t.Helper()
	module := arch.PaperClassModule(classes)
	params := module.Init(7)
	balance(module, params)
	m := &weights.Model{
		Name: "small-" + net, Classes: weights.ClassNames(classes), ClassModule: &weights.Network{Spec: module, Params: params},
	}
	m.Routing = sharpTable(t, m.Classes)
	for i := range classes {
		spec, err := arch.Paper(net, scale, 8+4*i)
		if err != nil {
			t.Fatal(err)
		}
		switch net {
		case "rcan":
			spec.Width, spec.Squeeze, spec.Depth, spec.Blocks = 8+4*i, 2, 1, 1
		case "srresnet":
			spec.Depth = 3
		}
		m.Branches = append(m.Branches, weights.Network{Spec: spec, Params: spec.Init(uint64(i))})
	}
	return m
}

// sharpTable is a calibration by which each class is by far the best at a difficulty of its own.
func sharpTable(t testing.TB, classes []string) string {
	table := &route.Table{Router: route.Edge, Core: 32, Classes: classes}
	for k := range classes {
		table.Levels = append(table.Levels, 4+3*float64(k)/float64(len(classes)-1))
		errors := slices.Repeat([]float64{1e6}, len(classes))
		errors[len(classes)-1], errors[k] = 1, 0 // little in all, so that little may be lost
		table.Errors = append(table.Errors, errors)
	}
	text, err := json.Marshal([]*route.Table{table})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// balance sets the biases of a Class-Module so that no class is the most likely one everywhere.
func balance(module arch.Spec, params tensor.Set) {
	in := Patchwork(190, 150, 3, false, 8)
	x := tensor.New(tensor.Shape{N: 1, C: 3, H: 32, W: 32})
	bias := params["lastOut.bias"].Data
	clear(bias)
	mean := make([]float32, len(bias))
	windows := tile.SubImages(image.Pt(190, 150), 32, 32)
	for _, r := range windows {
		for c := range x.C {
			in.ReadPlane(x.Plane(0, c), c, r)
		}
		for i, v := range module.Build().Forward(params, x).Data {
			mean[i] += v / float32(len(windows))
		}
	}
	for i := range bias {
		bias[i] = -mean[i]
	}
}

// Patchwork is a picture with parts of different content.
func Patchwork(w, h, colors int, alpha bool, depth int) *picture.Picture {
	random := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	p := picture.New(w, h, colors, alpha, depth)
	plane := make([]float32, w*h)
	for c := range p.Channels() {
		for i := range plane {
			x, y := i%w, i/w
			rough := float64((x/45 + y/38 + x*y/4000) % 3)
			plane[i] = float32(0.5 + 0.15*rough*math.Sin(float64(x*(c+1))/2)*math.Cos(float64(y)/3) + 0.1*rough*(random.Float64()-0.5))
		}
		p.WritePlane(plane, c, p.Bounds())
	}
	return p
}

// Grid cuts a picture into cores of a size.
func Grid(size image.Point, core int) route.Grid {
	return route.Grid{Xs: tile.Cuts(size.X, core), Ys: tile.Cuts(size.Y, core)}
}

// Fixed makes a picture, smooth at the left and rough at the right, by integer arithmetic alone, so that it is the same on every machine.
func Fixed(w, h, colors, depth int) *picture.Picture {
	p := picture.New(w, h, colors, false, depth)
	state := uint32(7)
	for i := range w * h * colors {
		x, y, c := i/colors%w, i/colors/w, i%colors
		state = state*1664525 + 1013904223
		v := uint32(20000+150*x+(70+40*c)*y) + (state>>16)*uint32(x)/uint32(4*w)
		if depth == 8 {
			p.Pix8[i] = uint8(v >> 8)
		} else {
			p.Pix16[i] = uint16(v)
		}
	}
	return p
}
