package infer

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"sync"

	"classsr/branch"
	"classsr/fault"
	"classsr/gpu"
	"classsr/gpu/link"
	"classsr/weights"
)

// ErrUntrusted is the error of an Enlargement of which a device has computed something wrong, after rows of it were given away. The device is not
// used any more: the same call gives the processor's result.
var ErrUntrusted = fault.New(fault.Unavailable, "the GPU computed something wrong, and is not used any more")

const (
	// deviceBytes is the memory of this machine that lanes and bands may take where a device computes.
	deviceBytes = 400e6
	// deviceLanes is how many bands are under way: while the device computes one, another is filled or handed on.
	deviceLanes = 2
	// deviceAhead is how many bands of the result there is room for.
	deviceAhead = deviceLanes + 1
	// devicePixels is about how many pixels of the picture a band has if there is memory for it: enough for a large device to be busy, and for what is
	// computed again at the cuts to be little. These are some dozens of squares, fewer than link.MostTogether.
	devicePixels = 1 << 20
	// longestBand is how many seconds a band may take by estimate, so that rows come, others have their turn on the device, and it is far from what counts as hung.
	longestBand = 2
	// lowestDeviceBand is the height below which bands are not worth a device.
	lowestDeviceBand = 16
)

// deviceRun is what a device does of a picture. A nil one does nothing, and says so. Its methods may be called by several goroutines at once.
type deviceRun struct {
	device *gpu.Device
	plan   *plan // nil if it computes nothing
	model  *gpu.Model
	give   func() // the device's memory back
	bytes  int64  // of a slot

	mu      sync.Mutex // guards what follows
	report  DeviceReport
	largest int // rows of the picture, or squares, that a band may have at most, since it had no memory for more; 0 if it had
	asked   int // squares that the processor computed, too
	checked bool
}

// wantsDevice tells whether a device is to compute pictures of this Upscaler.
func (u *Upscaler) wantsDevice() bool { return u.options.Device != nil }

// computes tells whether the device computes.
func (d *deviceRun) computes() bool { return d != nil && d.plan != nil }

// windowRows is that of its plan.
func (d *deviceRun) windowRows() int {
	if !d.computes() {
		return 0
	}
	return d.plan.windowRows()
}

// onDevice plans how a device computes a picture that the processor would compute by plan p, and reserves what that takes. It is nil if there is none, and says why it
// does not compute otherwise.
func (u *Upscaler) onDevice(ctx context.Context, c *Claim, v view, p *plan) *deviceRun {
	if !u.wantsDevice() {
		return nil
	}
	d := u.deviceRun(ctx, c, v, p, nil, u.suits(ctx, u.options.Device, p))
	bytes := c.bytes(p.sizing) // the processor may have to go on
	if d.computes() {
		bytes = max(bytes, c.bytes(d.plan.sizing))
	}
	c.reserved.Resize(bytes)
	return d
}

// deviceRun plans how the device does what plan p has: areas of the picture, or all of it if none are given. err, if not nil, is why it does not.
func (u *Upscaler) deviceRun(ctx context.Context, c *Claim, v view, p *plan, areas []image.Rectangle, err error) *deviceRun {
	d := &deviceRun{device: u.options.Device}
	d.report.Name, d.report.Precision = d.device.Name(), d.device.Precision()
	if err == nil {
		err = d.begin(ctx, u, c, v, p, areas)
	}
	if err != nil {
		var slower *slowerError
		d.plan, d.report.CPUBecause, d.report.slower = nil, err.Error(), errors.As(err, &slower)
		d.end()
	}
	return d
}

// suits returns why the device is not to compute a picture.
func (u *Upscaler) suits(ctx context.Context, d *gpu.Device, p *plan) error {
	if err := u.possible(d, p); err != nil || !u.options.DeviceAuto {
		return err
	}
	seconds, err := u.estimate(ctx, p)
	if err != nil {
		return err
	}
	if device := d.Seconds(p.macs(), p.pixels(), u.Scale()); device >= seconds {
		return &slowerError{seconds, device}
	}
	return nil
}

// slowerError says that a device would take longer than the processor: so many seconds each.
type slowerError struct{ processor, device float64 }

func (e *slowerError) Error() string {
	return fmt.Sprintf("it is faster for this picture: %.2g s, and %.2g s with the GPU, by estimate", e.processor, e.device)
}

// possible returns why the device cannot compute a picture.
func (u *Upscaler) possible(d *gpu.Device, p *plan) error {
	if err := d.Usable(); err != nil {
		return err
	}
	if _, ok := u.method.(divisible); !ok {
		return fmt.Errorf("mode %s of %s is for the processor", u.mode, u.name)
	}
	if isSmall(p.size) {
		return errors.New("the picture is small")
	}
	return nil
}

// begin plans bands and takes what they need of the device.
func (d *deviceRun) begin(ctx context.Context, u *Upscaler, c *Claim, v view, p *plan, areas []image.Rectangle) (err error) {
	d.model, err = d.device.Load(ctx, p.branches[0], func() []weights.Network {
		var networks []weights.Network
		for _, b := range p.branches {
			networks = append(networks, b.Network)
		}
		return networks
	})
	if err != nil {
		return err
	}
	planned, err := d.cut(ctx, u, c, v, p, areas)
	if err != nil {
		return err
	}
	d.plan = planned
	return nil
}

// cut finds the largest bands for which there is memory, here and on the device: the highest ones, or those with the most squares.
func (d *deviceRun) cut(ctx context.Context, u *Upscaler, c *Claim, v view, p *plan, areas []image.Rectangle) (*plan, error) {
	pools := p.branches[len(p.branches)-1].Spec.Pools()
	seconds := d.device.Seconds(p.macs(), p.pixels(), u.Scale())
	most, least := limits(p, seconds, pools)
	for {
		var planned *plan
		if areas == nil {
			planned = u.inBands(p, most, pools)
		} else {
			planned = u.inAreas(p, areas, most, seconds)
		}
		slot, device, err := d.needs(ctx, &job{in: v.source.Config(), view: v, scale: u.Scale(), plan: planned})
		if err != nil {
			return nil, err
		}
		d.bytes, planned.bytes = slot, deviceLanes*slot
		if err = d.fits(c, planned, device); err == nil {
			d.give, err = d.model.Reserve(ctx, device)
			return planned, err
		}
		if most /= 2; most < least {
			return nil, err
		}
	}
}

// limits are how many rows as wide as the picture a band may have, or squares of networks that pool, at most and at least, where the device takes so many seconds for what
// plan p has.
func limits(p *plan, seconds float64, pools bool) (most, least int) {
	all, pixels, least := p.pixels()/p.size.X, p.size.X, lowestDeviceBand
	if pools {
		all, pixels, least = len(p.pieces), p.core.X*p.core.Y, 1
	}
	most = max(devicePixels/pixels, least)
	if seconds > longestBand {
		lowest := least
		if !pools {
			lowest = max(least, reach(p.branches)) // or else most of a band is what networks see around it
		}
		most = max(min(most, int(float64(all)*longestBand/seconds)), lowest)
	}
	if p.pixels() > devicePixels/2 { // two at least, so that one waits for the other's transfers
		most = min(most, (all+1)/2)
	}
	return most, least
}

// inBands is plan p in bands of so many rows, or squares, for a device.
func (u *Upscaler) inBands(p *plan, most int, pools bool) *plan {
	s := sizing{core: image.Pt(p.size.X, most), bandRows: most, lanes: deviceLanes, workers: deviceLanes, ahead: deviceAhead, cost: 1}
	if pools { // squares lie where they lie
		s.core, s.bandRows = p.core, p.bandRows
	}
	planned := u.method.(divisible).partOf(p.size, s, p.choice, 0, p.size.Y)
	if pools {
		planned.joinSquares(most)
	}
	planned.lanes, planned.workers, planned.ahead = s.lanes, s.workers, max(planned.ahead, s.ahead)
	return planned
}

// fits returns an error if bands need more memory than there is, here or on the device.
func (d *deviceRun) fits(c *Claim, planned *plan, device int64) error {
	rows := planned.highest()
	switch {
	case device > d.device.Memory():
		return fmt.Errorf("%w: %s for %d rows of the picture, and a picture may take %s", link.ErrOutOfMemory, formatBytes(device), rows, formatBytes(d.device.Memory()))
	case planned.work(c.room) > c.device:
		return fmt.Errorf("%s of memory for %d rows of the picture are more than the %s allowed", formatBytes(planned.work(c.room)), rows, formatBytes(c.device))
	}
	return nil
}

// reach is how many rows above and below a band its networks see.
func reach(branches []*branch.Branch) int {
	const width, rows, band = 16, 2048, 16
	most := 0
	for _, b := range branches {
		reads := b.Plan.Depends(image.Pt(width, rows), image.Rect(0, rows/2, width, rows/2+band))
		most = max(most, (reads.Dy()-band)/2)
	}
	return most
}

// needs finds what the largest band takes, in a slot and on the device.
func (d *deviceRun) needs(ctx context.Context, j *job) (slot, device int64, err error) {
	format := link.Float32
	if j.straight(0, j.in.Height) {
		format = j.format()
	}
	for i := range j.plan.pieces {
		bands, bytes := j.ask(j.plan.pieces[i].askedFor(), format, true)
		if bytes > slot { // masks change what it takes, but who knows them all
			slot = bytes
			if device, err = d.model.Bytes(ctx, unmasked(bands)...); err != nil {
				return 0, 0, err
			}
		}
	}
	return slot, device, nil
}

// unmasked is bands of which everything is computed.
func unmasked(bands []link.Band) []link.Band {
	bands = slices.Clone(bands)
	for i := range bands {
		bands[i].Parts = slices.Clone(bands[i].Parts)
		for k := range bands[i].Parts {
			bands[i].Parts[k].Mask = nil
		}
	}
	return bands
}

// end gives back what was taken of the device.
func (d *deviceRun) end() {
	if d == nil {
		return
	}
	if d.give != nil {
		d.give()
		d.give = nil
	}
	if d.model != nil {
		d.model.Release()
		d.model = nil
	}
}

// failed notes why the processor goes on.
func (d *deviceRun) failed(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.report.CPUBecause == "" {
		d.report.CPUBecause = err.Error()
	}
}

// reported is what is said of it; nil for a nil one.
func (d *deviceRun) reported() *DeviceReport {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.report
	return &r
}

// most is how many of so many rows, or squares, a band may have.
func (d *deviceRun) most(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.largest == 0 {
		return n
	}
	return min(n, d.largest)
}

// halve allows bands with half as many rows, or squares, as one for which there was no memory, a multiple of unit; false if there are none.
func (d *deviceRun) halve(n, unit int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	half := parts(n/2, unit) * unit
	if half >= n || half == 0 {
		return false
	}
	if d.largest == 0 || half < d.largest {
		d.largest = half
		d.report.Halved++
	}
	return true
}

// did counts a band, for which the helper had so much of the device's memory at most.
func (d *deviceRun) did(took DeviceSeconds, memory int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := &d.report
	r.Bands++
	r.PeakMB = max(r.PeakMB, memory>>20)
	r.Seconds.add(took)
}

// deviceError is why a device does not go on with a picture.
type deviceError struct {
	error
	wrong bool // it computed something wrong
}

func (e *deviceError) Unwrap() error { return e.error }
