package engine_test

import (
	"context"
	"image"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"classsr/arch"
	"classsr/arch/archtest"
	"classsr/engine"
	"classsr/internal/testref"
	"classsr/nn"
	"classsr/tensor"
)

// networks gives a small network of every kind, with random parameters.
func networks(t *testing.T) map[string]arch.Spec {
	t.Helper()
	specs := archtest.Specs(t, 12)
	maps.DeleteFunc(specs, func(_ string, s arch.Spec) bool {
		return (s.Net == "span" || s.Net == "fsrcnn2016" || s.Net == "srvggnet") && s.Scale > 2 && s.Scale != 4 // nothing new to the engine
	})
	carn := specs["carn-x4"]
	carn.BatchNorm = false
	carn.Width = 20 // five channels a group
	specs["carn-x4-bias"] = carn
	specs["classmodule"] = arch.PaperClassModule(3)
	return specs
}

func randomPicture(h, w int, seed uint64) *tensor.Tensor {
	r := rand.New(rand.NewPCG(seed, 2))
	x := tensor.New(tensor.Shape{N: 1, C: 3, H: h, W: w})
	for i := range x.Data {
		x.Data[i] = r.Float32()
	}
	return x
}

// run computes the core of a picture from a window of it.
func run(t *testing.T, p *engine.Plan, a *engine.Arena, x *tensor.Tensor, channels int, core image.Rectangle) *tensor.Tensor {
	t.Helper()
	shape := tensor.Shape{N: 1, C: channels, H: core.Dy() * p.Scale(), W: core.Dx() * p.Scale()}
	if p.Scale() == 0 {
		shape.H, shape.W = 1, 1
	}
	y := tensor.New(shape)
	if err := runWhole(context.Background(), p, a, y, x, core); err != nil {
		t.Fatal(err)
	}
	return y
}

// runWhole runs a piece with a tensor as its window and another one for its result.
func runWhole(ctx context.Context, p *engine.Plan, a *engine.Arena, dst, src *tensor.Tensor, core image.Rectangle) error {
	return p.Run(ctx, a, engine.Piece{Window: image.Pt(src.W, src.H), Core: core}, from(src), to(dst))
}

// from fills rows with those of a tensor.
func from(src *tensor.Tensor) func(engine.Rows) {
	return func(rows engine.Rows) {
		for c := range rows.Channels {
			for y := rows.Min.Y; y < rows.Max.Y; y++ {
				copy(rows.Row(c, y), src.Plane(0, c)[y*src.W+rows.Min.X:])
			}
		}
	}
}

// to puts rows into a tensor.
func to(dst *tensor.Tensor) func(engine.Rows) {
	return func(rows engine.Rows) {
		for c := range rows.Channels {
			for y := rows.Min.Y; y < rows.Max.Y; y++ {
				copy(dst.Plane(0, c)[y*dst.W+rows.Min.X:], rows.Row(c, y))
			}
		}
	}
}

func whole(x *tensor.Tensor) image.Rectangle { return image.Rect(0, 0, x.W, x.H) }

func largestDifference(a, b *tensor.Tensor) float64 {
	if a.Shape != b.Shape {
		panic("test: tensors of different shapes")
	}
	var largest float64
	for i, v := range a.Data {
		largest = max(largest, math.Abs(float64(v)-float64(b.Data[i])))
	}
	return largest
}

func deviation(x *tensor.Tensor) float64 {
	var sum, squares float64
	for _, v := range x.Data {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	n := float64(len(x.Data))
	return math.Sqrt(max(squares/n-sum/n*sum/n, 0))
}

func TestPlansAgreeWithTheReference(t *testing.T) {
	for name, spec := range networks(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := spec.Build()
			params := archtest.RandomParams(g, 7)
			plan := engine.Compile(g, params)
			var arena engine.Arena
			for _, size := range []image.Point{{13, 9}, {32, 32}, {1, 1}, {1, 5}} {
				if spec.Net == "classmodule" && size.X < 4 {
					continue
				}
				size = size.Mul(plan.Fold())
				x := randomPicture(size.Y, size.X, 3)
				want := g.Forward(params, x)
				for order, plan := range map[string]*engine.Plan{"sliding": plan, "by layer": plan.ByLayer()} {
					got := run(t, plan, &arena, x, want.C, whole(x))
					if d, limit := largestDifference(got, want), 2e-5*max(deviation(want), 1e-3); d > limit {
						t.Errorf("%v, %s: largest difference %g, limit %g", size, order, d, limit)
					}
				}
			}
		})
	}
}

func TestPiecesWithFullContextHaveTheBitsOfTheWhole(t *testing.T) {
	for name, spec := range networks(t) {
		if spec.Pools() {
			continue // pools see their piece only
		}
		t.Run(name, func(t *testing.T) {
			g := spec.Build()
			plan := engine.Compile(g, archtest.RandomParams(g, 11))
			var arena engine.Arena
			fold := plan.Fold()
			x := randomPicture(47*fold, 61*fold, 5)
			want := run(t, plan, &arena, x, 3, whole(x))
			for _, core := range []image.Rectangle{
				image.Rect(0, 0, 10, 12), image.Rect(24, 20, 37, 31), image.Rect(50, 40, 61, 47), image.Rect(30, 0, 31, 47),
			} {
				core = image.Rectangle{Min: core.Min.Mul(fold), Max: core.Max.Mul(fold)}
				window := core.Inset(-plan.Context()).Intersect(whole(x))
				window.Min.X -= window.Min.X % plan.Alignment()
				window.Min.Y, window.Max.Y = 0, x.H
				got := run(t, plan, &arena, crop(x, window), 3, core.Sub(window.Min))
				part := crop(want, image.Rectangle{Min: core.Min.Mul(spec.Scale), Max: core.Max.Mul(spec.Scale)})
				if d := largestDifference(got, part); d != 0 {
					t.Errorf("core %v: largest difference %g, want the same bits", core, d)
				}
			}
		})
	}
}

// What a piece gives must not depend on the pieces that the arena held before: not on their shapes, which leave zeros at
// other places, nor on their numbers, of which NaN is the one that shows wherever it is read.
func TestPiecesDoNotDependOnWhatTheArenaHeld(t *testing.T) {
	var shared engine.Arena // by all networks, as by the branches of a routed picture
	specs := networks(t)
	for _, name := range slices.Sorted(maps.Keys(specs)) {
		spec := specs[name]
		t.Run(name, func(t *testing.T) {
			g := spec.Build()
			plan := engine.Compile(g, archtest.RandomParams(g, 13))
			x := randomPicture(24, 36, 17)
			channels := g.Shapes(x.Shape)[g.Output()].C
			spoiled := tensor.New(x.Shape)
			for i := range spoiled.Data {
				spoiled.Data[i] = float32(math.NaN())
			}
			// Cores that end at, near and far from the right edge, in places where their layouts are alike.
			var cores []image.Rectangle
			for _, left := range []int{0, 13} {
				for right := x.W - 12; right <= x.W; right++ {
					cores = append(cores, image.Rect(left, 9, right, 15))
				}
			}
			r, rounds := rand.New(rand.NewPCG(19, 3)), 20
			if testing.Short() {
				rounds = 5
			} else if testref.IsSlow() {
				rounds = 100
			}
			for range rounds {
				plan := plan
				if r.IntN(3) == 0 {
					plan = plan.ByLayer()
				}
				core := cores[r.IntN(len(cores))]
				run(t, plan, &shared, spoiled, channels, cores[r.IntN(len(cores))])
				got := run(t, plan, &shared, x, channels, core)
				if want := run(t, plan, &engine.Arena{}, x, channels, core); !slices.Equal(got.Data, want.Data) {
					t.Fatalf("core %v: largest difference %g to what a new arena gives", core, largestDifference(got, want))
				}
			}
		})
	}
}

// Networks that pool run whole pictures on several threads, and slide through the layers after the last pool: from 64x64 pixels on, and
// threads share what is at least 12 rows for each.
func TestPoolingNetworksRunLargePictures(t *testing.T) {
	skipIfShort(t)
	for name, spec := range networks(t) {
		if !spec.Enlarges() || !spec.Pools() {
			continue
		}
		g := spec.Build()
		params := archtest.RandomParams(g, 11)
		plan := engine.Compile(g, params)
		x := randomPicture(71, 58, 5)
		want := g.Forward(params, x)
		var single *tensor.Tensor
		for _, threads := range []int{1, 3} {
			got, times := tensor.New(want.Shape), 0
			piece := engine.Piece{Window: image.Pt(x.W, x.H), Core: whole(x), Threads: threads}
			err := plan.Run(context.Background(), &engine.Arena{}, piece, from(x), func(rows engine.Rows) {
				to(got)(rows)
				times++
			})
			if err != nil {
				t.Fatal(err)
			}
			if times < 3 {
				t.Errorf("%s: the result came in %d parts, so nothing slid", name, times)
			}
			if d, limit := largestDifference(got, want), 2e-5*deviation(want); d > limit {
				t.Errorf("%s, %d threads: largest difference %g, limit %g", name, threads, d, limit)
			}
			if single == nil {
				single = got
			} else if d := largestDifference(got, single); d != 0 {
				t.Errorf("%s: %d threads differ from one by %g", name, threads, d)
			}
		}
	}
}

func crop(x *tensor.Tensor, r image.Rectangle) *tensor.Tensor {
	y := tensor.New(tensor.Shape{N: 1, C: x.C, H: r.Dy(), W: r.Dx()})
	for c := range x.C {
		for row := range r.Dy() {
			copy(y.Plane(0, c)[row*y.W:(row+1)*y.W], x.Plane(0, c)[(r.Min.Y+row)*x.W+r.Min.X:])
		}
	}
	return y
}

func TestContextIsTheReachOfTheNetworkMadeEven(t *testing.T) {
	for name, want := range map[string]int{
		// FSRCNN: 2 (5x5) + 4 (3x3) + 1 (the transposed 9x9 reaches one pixel to each side), or 2 at x2; and what wide tiles read besides on the right.
		"fsrcnn-x4": 20, "fsrcnn-x3": 20, "fsrcnn-x2": 16, "fsrcnn-x8": 20,
		// CARN: 1 + 3*3*2 + one for the upsampler, and one more, since its second half and exit add less than a pixel.
		"carn-x4": 22, "carn-x2": 22, "carn-x3": 22,
		// Two neighbours to each side.
		"bicubic-x2": 2, "bicubic-x3": 2, "bicubic-x4": 2, "bicubic-x8": 2,
	} {
		spec := networks(t)[name]
		g := spec.Build()
		plan := engine.Compile(g, archtest.RandomParams(g, 1))
		if got := plan.Context(); got != want {
			t.Errorf("%s: context %d, want %d", name, got, want)
		}
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	for name, spec := range networks(t) {
		g := spec.Build()
		plan := engine.Compile(g, archtest.RandomParams(g, 1))
		var arena engine.Arena
		x := randomPicture(20, 24, 1)
		piece := engine.Piece{Window: image.Pt(x.W, x.H), Core: image.Rect(8, 8, 12, 16)}
		n := testing.AllocsPerRun(3, func() {
			if err := plan.Run(context.Background(), &arena, piece, nil, nil); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s: a run allocates %g times", name, n)
		}
	}
}

// Graphs that no architecture has: one that shrinks without pooling, one with a node that nobody reads, and one with operations that no
// convolution does on the way.
func TestGraphsOfOtherKinds(t *testing.T) {
	shrinking := nn.NewGraph(3)
	shrinking.Add("a", nn.Conv{In: 3, Out: 4, Kernel: 3, Pad: 1, Stride: 2}, nn.Input)
	unread := nn.NewGraph(3)
	unread.Add("a", nn.Conv{In: 3, Out: 12, Kernel: 3, Pad: 1}, nn.Input)
	unread.Add("b", nn.Conv{In: 3, Out: 4, Kernel: 3, Pad: 1}, nn.Input)
	alone := nn.NewGraph(3)
	alone.Add("a", nn.BatchNorm{Channels: 3}, nn.Input)
	alone.Add("b", nn.PReLU{Slopes: 3}, alone.Output())
	alone.Add("", nn.Add{}, alone.Output(), alone.Add("", nn.Sigmoid{}, alone.Output()))
	for name, g := range map[string]*nn.Graph{"shrinking": shrinking, "unread": unread, "alone": alone} {
		params := archtest.RandomParams(g, 5)
		x := randomPicture(10, 14, 6)
		want := g.Forward(params, x)
		got := tensor.New(want.Shape)
		if err := runWhole(context.Background(), engine.Compile(g, params), &engine.Arena{}, got, x, whole(x)); err != nil {
			t.Fatal(err)
		}
		if d := largestDifference(got, want); d > 1e-5 {
			t.Errorf("%s: largest difference %g", name, d)
		}
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	spec := networks(t)["srresnet-x4"]
	g := spec.Build()
	plan := engine.Compile(g, archtest.RandomParams(g, 1))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	x := randomPicture(8, 8, 1)
	y := tensor.New(tensor.Shape{N: 1, C: 3, H: 32, W: 32})
	if err := runWhole(ctx, plan, &engine.Arena{}, y, x, whole(x)); err == nil {
		t.Error("a cancelled run returned no error")
	}
}

func TestMACsOfTheWholeArePlainOnes(t *testing.T) {
	for name, spec := range networks(t) {
		g := spec.Build()
		plan := engine.Compile(g, archtest.RandomParams(g, 1))
		want := g.Cost(tensor.Shape{N: 1, C: 3, H: 32, W: 32}).True
		if got := plan.MACs(image.Pt(32, 32), image.Rect(0, 0, 32, 32)); got != want {
			t.Errorf("%s: %d MACs, want %d", name, got, want)
		}
	}
}
