package dataset

import (
	"sync"

	"classsr"
	"classsr/imageio"
	"classsr/picture"
	"classsr/resample"
)

// What the jobs of Prepare hold in memory is reckoned from the headers of the pictures: a picture that takes more than all that may be used is
// left out, and jobs wait until there is room for theirs.

// ColoursBytes is the most memory, in bytes, that picture.RGB8 holds for a picture of this form, the picture included.
func ColoursBytes(c imageio.Config) int64 {
	if c.Colors == 3 && !c.Alpha && c.Depth == 8 {
		return c.PictureBytes
	}
	const colours, plane = 3, 4
	return c.PictureBytes + (colours+plane)*int64(c.Width)*int64(c.Height)
}

// judgeBytes is what a judge holds at most for a LR picture beside that and its result: strips are bounded, and what pools over a picture, or
// is small, is computed layer by layer.
func judgeBytes(judge *classsr.Model, lr picture.Config) int64 {
	const pixelBytes, strip, layers = 1536, 96 << 20, 1 << 19
	if judge == nil || judge.Weights() == nil {
		return 0
	}
	pixels := int64(lr.Width) * int64(lr.Height)
	if judge.Weights().Full().Spec.Pools() {
		return pixelBytes * min(pixels, layers)
	}
	return min(pixelBytes*pixels, strip)
}

// bytes is the most memory that cut holds for a picture of this form at a factor of its size.
func (c *cutter) bytes(found imageio.Config, factor float64) int64 {
	hr := found.Config
	hr.Colors, hr.Alpha, hr.Depth = 3, false, 8
	n := ColoursBytes(found)
	if factor != 1 {
		hr.Width, hr.Height = int(factor*float64(hr.Width))+1, int(factor*float64(hr.Height))+1
		n += hr.Bytes()
	}
	if factor != 1 || hr.Width%c.Scale != 0 || hr.Height%c.Scale != 0 {
		n += hr.Bytes() // it is cropped
	}
	n += resample.ReduceBytes(hr, c.Scale, resample.Published)
	lr := resample.LR(hr, c.Scale)
	if c.Degradation != nil {
		n += c.Degradation.Bytes(lr)
	}
	if c.model != nil {
		n += hr.Bytes() + judgeBytes(c.model, lr)
	}
	return n + hr.Bytes() + lr.Bytes() // in tiles
}

// accepts makes an imageio.Limits.Accept that refuses pictures which take more than this memory at one of the factors.
func (c *cutter) accepts(memory int64) func(imageio.Config) error {
	return imageio.Within(memory, func(found imageio.Config) int64 {
		most := int64(0)
		for _, factor := range c.Factors {
			most = max(most, c.bytes(found, factor))
		}
		return most
	})
}

// room hands out memory to jobs in their order, so that none waits for one behind it, which may itself wait to be written after it.
type room struct {
	mu      sync.Mutex
	changed *sync.Cond
	free    int64
	taken   map[int]int64 // by job
	next    int           // the job whose turn it is
	closed  bool
}

// newRoom makes a room of so many bytes; the first job comes first.
func newRoom(bytes int64, first int) *room {
	r := &room{free: bytes, next: first, taken: map[int]int64{}}
	r.changed = sync.NewCond(&r.mu)
	return r
}

// take waits for the jobs before this one to take what they need, and for so many bytes; a job that asks for all of them, or more, gets
// them when nobody else has any. A job that asks again is given what it asks for at once.
func (r *room) take(job int, bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.next < job && !r.closed {
		r.changed.Wait()
	}
	for r.next == job && r.free < bytes && len(r.taken) > 0 && !r.closed {
		r.changed.Wait()
	}
	r.free -= bytes
	r.taken[job] += bytes
	r.pass(job)
}

// pass lets the next job take.
func (r *room) pass(job int) {
	if r.next == job {
		r.next++
		r.changed.Broadcast()
	}
}

// keep gives back all but so many bytes of a job. One that has taken nothing has its turn behind it then.
func (r *room) keep(job int, bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.next < job && !r.closed {
		r.changed.Wait()
	}
	r.pass(job)
	r.free += r.taken[job] - bytes
	if r.taken[job] = bytes; bytes == 0 {
		delete(r.taken, job)
	}
	r.changed.Broadcast()
}

// close lets everybody go on, to find out that the run has failed.
func (r *room) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.changed.Broadcast()
}
