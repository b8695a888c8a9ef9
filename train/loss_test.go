package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"classsr/tensor"
)

// The gradients of all losses are those of finite differences, for two to five classes.
func TestGradientsOfLosses(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for classes := 2; classes <= 5; classes++ {
		scores := tensor.New(tensor.Shape{N: 6, C: classes, H: 1, W: 1})
		for i := range scores.Data {
			scores.Data[i] = float32(random.NormFloat64())
		}
		for name, loss := range map[string]func(dp, p [][]float64, w float64) float64{"class": ClassLoss, "average": AverageLoss, "difficulty": difficulty} {
			t.Run(fmt.Sprint(name, classes), func(t *testing.T) {
				p := softmax(scores)
				dp := zerosLike(p)
				loss(dp, p, 0.7)
				ds := tensor.New(scores.Shape)
				softmaxGradient(ds, dp, p)
				for i, v := range scores.Data {
					const h = 1e-3
					at := func(v float32) float64 {
						scores.Data[i] = v
						return loss(zerosLike(p), softmax(scores), 0)
					}
					want := 0.7 * (at(v+h) - at(v-h)) / float64((v+h)-(v-h))
					scores.Data[i] = v
					if got := float64(ds.Data[i]); math.Abs(got-want) > 1e-4 {
						t.Errorf("gradient %d is %v, want %v", i, got, want)
					}
				}
			})
		}
	}
	for _, loss := range pixelLosses {
		y, target := make([]float32, 50), make([]float32, 50)
		for i := range y {
			y[i], target[i] = random.Float32(), random.Float32()
		}
		dy := make([]float32, 50)
		loss.sum(dy, y, target, 2)
		for i, v := range y {
			const h = 1e-3
			at := func(v float32) float64 {
				y[i] = v
				return loss.sum(make([]float32, 50), y, target, 0)
			}
			want := 2 * (at(v+h) - at(v-h)) / float64((v+h)-(v-h))
			y[i] = v
			if math.Abs(float64(dy[i])-want) > 2e-3 {
				t.Errorf("%s: gradient %d is %v, want %v", loss, i, dy[i], want)
			}
		}
	}
}

// difficulty is the loss against classes that take turns.
func difficulty(dp, p [][]float64, weight float64) float64 {
	classes := make([]int, len(p))
	for k := range classes {
		classes[k] = k % len(p[k])
	}
	return DifficultyLoss(dp, p, classes, weight)
}

func zerosLike(p [][]float64) [][]float64 {
	z := make([][]float64, len(p))
	for i := range z {
		z[i] = make([]float64, len(p[i]))
	}
	return z
}

// The ends of the losses' ranges.
func TestLossesAtTheirEnds(t *testing.T) {
	for classes := 2; classes <= 5; classes++ {
		one, even, spread := make([][]float64, classes), make([][]float64, classes), make([][]float64, classes)
		for k := range classes {
			one[k], even[k], spread[k] = make([]float64, classes), make([]float64, classes), make([]float64, classes)
			one[k][0] = 1
			spread[k][k] = 1
			for i := range classes {
				even[k][i] = 1 / float64(classes)
			}
		}
		check := func(name string, got, want float64) {
			t.Helper()
			if math.Abs(got-want) > 1e-12 {
				t.Errorf("%d classes: %s is %v, want %v", classes, name, got, want)
			}
		}
		check("Class-Loss of a certain class", ClassLoss(zerosLike(one), one, 1), 0)
		check("Class-Loss of no class", ClassLoss(zerosLike(even), even, 1), float64(classes-1))
		check("Average-Loss of a collapse", AverageLoss(zerosLike(one), one, 1), 1)
		check("Average-Loss of an even spread", AverageLoss(zerosLike(spread), spread, 1), 0)
	}
}

func TestSchedules(t *testing.T) {
	s := schedule{Rate: 1, Floor: 0.1, Periods: []int{10, 20}}
	for step, want := range map[int]float64{0: 1, 5: 0.55, 10: 1, 20: 0.55, 30: 1, 40: 0.55, 50: 1} {
		if got := s.at(step); math.Abs(got-want) > 1e-12 {
			t.Errorf("step %d has %v, want %v", step, got, want)
		}
	}
	s = schedule{Rate: 1, Warmup: 4, Periods: []int{1000}}
	if got := s.at(0); math.Abs(got-0.25) > 1e-3 {
		t.Errorf("the first step of a warm-up has %v", got)
	}
}
