package dataset

import (
	"context"
	"math/rand/v2"

	"classsr/internal/par"
	"classsr/tensor"
)

// Sampler draws batches of patches in a random order: every patch once, then all again in another order, each flipped and turned at
// random. What batch number n holds depends on the seed and n alone.
type Sampler struct {
	store   *Store
	patches []int32 // to draw from
	batch   int
	seed    uint64

	epoch int // that order is of; -1 before the first
	order []int32
}

// Batch is a batch of patches in 0..1: LR, N x 3 x Patch x Patch, and HR, Scale times larger.
type Batch struct {
	LR, HR  *tensor.Tensor
	Numbers []int32 // of the patches in the store
}

// Sampler makes a sampler of batches of some of the patches, or of all if none are named.
func (s *Store) Sampler(patches []int32, batch int, seed uint64) *Sampler {
	if patches == nil {
		patches = make([]int32, s.Len())
		for i := range patches {
			patches[i] = int32(i)
		}
	}
	return &Sampler{store: s, patches: patches, batch: batch, seed: seed, epoch: -1, order: make([]int32, len(patches))}
}

// NewBatch gives memory for a batch.
func (s *Sampler) NewBatch() *Batch {
	side, scale := s.store.Patch(), s.store.Scale()
	return &Batch{
		tensor.New(tensor.Shape{N: s.batch, C: 3, H: side, W: side}),
		tensor.New(tensor.Shape{N: s.batch, C: 3, H: side * scale, W: side * scale}),
		make([]int32, s.batch),
	}
}

// Load overwrites a batch with number n.
func (s *Sampler) Load(ctx context.Context, b *Batch, n int) error {
	random := rand.New(rand.NewPCG(s.seed, uint64(n)|1<<63)) // the other half of the numbers is for orders
	turns := make([]int, s.batch)
	for k := range turns {
		turns[k] = random.IntN(8)
		b.Numbers[k] = s.patch(n*s.batch + k)
	}
	// The cores are busy with the step before, but a disk that is waited for serves several readers at once.
	const readers = 4
	return par.Do(ctx, readers, s.batch, func(_, k int) error {
		if err := s.store.Load(b.LR, b.HR, k, int(b.Numbers[k])); err != nil {
			return err
		}
		turn(b.LR, k, turns[k])
		turn(b.HR, k, turns[k])
		return nil
	})
}

// patch is draw number n.
func (s *Sampler) patch(n int) int32 {
	if epoch := n / len(s.order); epoch != s.epoch {
		s.epoch = epoch
		copy(s.order, s.patches)
		random := rand.New(rand.NewPCG(s.seed, uint64(epoch)))
		random.Shuffle(len(s.order), func(i, j int) { s.order[i], s.order[j] = s.order[j], s.order[i] })
	}
	return s.order[n%len(s.order)]
}

// turn does one of the eight flips and turns of a square to picture k.
func turn(t *tensor.Tensor, k, how int) {
	side := t.W
	for c := range t.C {
		p := t.Plane(k, c)
		if how&1 != 0 { // left to right
			for y := range side {
				row := p[y*side:][:side]
				for i, j := 0, side-1; i < j; i, j = i+1, j-1 {
					row[i], row[j] = row[j], row[i]
				}
			}
		}
		if how&2 != 0 { // top to bottom
			for i, j := 0, side-1; i < j; i, j = i+1, j-1 {
				a, b := p[i*side:][:side], p[j*side:][:side]
				for x, v := range a {
					a[x], b[x] = b[x], v
				}
			}
		}
		if how&4 != 0 {
			transpose(p, side)
		}
	}
}

// transpose exchanges rows and columns, in blocks that fit the first cache.
func transpose(p []float32, side int) {
	const block = 16
	for top := 0; top < side; top += block {
		for left := 0; left <= top; left += block {
			for y := top; y < min(top+block, side); y++ {
				for x := left; x < min(left+block, y); x++ {
					p[y*side+x], p[x*side+y] = p[x*side+y], p[y*side+x]
				}
			}
		}
	}
}
