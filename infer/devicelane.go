package infer

import (
	"context"
	"errors"
	"image"

	"classsr/budget"
	"classsr/gpu"
	"classsr/gpu/link"
	"classsr/internal/stopwatch"
	"classsr/picture"
)

// deviceLane has pieces computed by a device. Its pieces are as wide as the picture, but for networks that pool, and a band high; or parts of a picture that have
// changed since the one before, all in one band.
type deviceLane struct {
	run    *deviceRun
	budget *budget.Budget
	slot   *gpu.Slot

	job   *job
	piece *piece
	at    int // the row of the picture that comes next
}

func (l *deviceLane) begin(j *job, p *piece) { l.job, l.piece, l.at = j, p, p.Core.Min.Y }

func (l *deviceLane) rest() {
	l.job, l.piece = nil, nil
	if l.slot != nil {
		l.slot.Close()
		l.slot = nil
	}
}

func (l *deviceLane) bytes() int64 { return 0 } // it is not kept

// advance computes rows as advance of other lanes does, in several bands if the device has little memory. What makes the processor go on is a *deviceError.
func (l *deviceLane) advance(ctx context.Context, end int, to painter) error {
	if l.slot == nil {
		var err error
		if l.slot, err = l.run.model.Slot(ctx, l.run.bytes); err != nil {
			return l.failed(ctx, err)
		}
	}
	pools := l.job.plan.branches[l.piece.class].Spec.Pools()
	end = min(end, l.piece.Core.Max.Y)
	for l.at < end {
		rows := end - l.at
		if !pools {
			rows = l.run.most(rows)
		}
		core := image.Rect(l.piece.Core.Min.X, l.at, l.piece.Core.Max.X, l.at+rows)
		err := l.slot.Guard(func() error { return l.band(ctx, core, to) })
		switch {
		case errors.Is(err, link.ErrOutOfMemory) && !pools && l.run.halve(rows):
			continue
		case err != nil:
			return l.failed(ctx, err)
		}
		l.at += rows
	}
	return nil
}

// failed is an error as the Enlargement gets it.
func (l *deviceLane) failed(ctx context.Context, err error) error {
	var known *deviceError
	if ctx.Err() != nil || errors.As(err, &known) {
		return err
	}
	return &deviceError{error: err}
}

// band has a band computed, and paints it. A core of the processor is held while there is something for it to do.
func (l *deviceLane) band(ctx context.Context, core image.Rectangle, to painter) error {
	j := l.job
	format := link.Float32
	if j.straight(core.Min.Y, core.Max.Y) {
		format = j.format()
	}
	b, _ := j.band(l.piece, core, format, false)
	watch := stopwatch.Start()
	var took DeviceSeconds
	err := l.busy(ctx, func() error {
		for _, p := range b.Parts {
			branch := j.plan.branches[p.Network]
			branch.FillPlanes(link.Floats(l.slot.Bytes[p.Offset:]), p.Reads.Image(), branch.Plan.Channels(), j.view.source, j.windowOf(l.piece, p.Network, core).Min)
		}
		return nil
	})
	if err != nil {
		return err
	}
	took.Fill = watch.Elapsed().Seconds()
	macs := j.macs(b)
	work, err := l.slot.Run(ctx, b, l.run.device.Seconds(macs, core.Dx()*core.Dy(), j.scale))
	if err != nil {
		return err
	}
	took.Upload, took.Compute, took.Download = work.Upload.Seconds(), work.Compute.Seconds(), work.Download.Seconds()
	watch = stopwatch.Start()
	err = l.busy(ctx, func() error {
		r := b.Result.Image()
		samples := l.slot.Bytes[b.Offset:][:int64(r.Dx())*int64(r.Dy())*format.PixelBytes()]
		if err := l.run.check(ctx, j, l.piece, core, format, samples); err != nil {
			return err
		}
		paint(to, r, format, samples)
		l.piece.macs += macs
		return nil
	})
	if err == nil {
		took.Paint = watch.Elapsed().Seconds()
		l.run.did(took, work.Memory)
	}
	return err
}

// macs are the multiply-accumulates of a band.
func (j *job) macs(b link.Band) (macs int64) {
	for _, p := range b.Parts {
		by, window := j.plan.branches[p.Network].Plan, image.Pt(p.Window[0], p.Window[1])
		if p.Mask != nil {
			macs += by.Work(window, p.Core.Image(), p.Mask).MACs
		} else {
			macs += by.MACs(window, p.Core.Image())
		}
	}
	return macs
}

// busy holds a core of the processor while f works.
func (l *deviceLane) busy(ctx context.Context, f func() error) error {
	if err := l.budget.AcquireThreads(ctx, 1); err != nil {
		return err
	}
	defer l.budget.ReleaseThreads(1)
	return f()
}

// paint hands on samples of a rectangle of the result.
func paint(to painter, r image.Rectangle, format link.Format, samples []byte) {
	if format != link.Float32 {
		to.(*brush).samples(r, samples) // straight said that this is what it is
		return
	}
	floats := link.Floats(samples)
	var row [3][]float32
	for y := range r.Dy() {
		for c := range row {
			row[c] = floats[(c*r.Dy()+y)*r.Dx():][:r.Dx()]
		}
		to.row(row[:], r.Min.X, r.Min.Y+y)
	}
}

// format is that of samples which go straight into the result.
func (j *job) format() link.Format {
	if j.in.Depth == 16 {
		return link.Uint16
	}
	return link.Uint8
}

// straight tells whether nothing is to be done with what networks make of rows of the picture but rounding.
func (j *job) straight(top, end int) bool {
	if j.in.Colors != 3 || j.in.Alpha || j.in.Depth > 16 {
		return false
	}
	f := j.view.flat
	if f == nil {
		return true
	}
	first, _, _ := between(top, flatCell, f.rows)
	_, last, _ := between(end-1, flatCell, f.rows)
	for row := first; row <= last; row++ {
		if f.any[row] {
			return false
		}
	}
	return true
}

// samples puts pixels of all channels into the picture, as they are.
func (b *brush) samples(r image.Rectangle, samples []byte) {
	n := 3 * r.Dx()
	for y := range r.Dy() {
		at := ((r.Min.Y+y-b.top)*b.to.Width + r.Min.X) * 3
		if b.to.Depth == 16 {
			copy(b.to.Pix16[at:], link.Words(samples)[y*n:][:n])
		} else {
			copy(b.to.Pix8[at:], samples[y*n:][:n])
		}
	}
}

// windowOf is the window in which a network computes a core of a piece.
func (j *job) windowOf(p *piece, network int, core image.Rectangle) image.Rectangle {
	if j.plan.mixed == nil && j.plan.branches[network].Spec.Pools() {
		return p.Window
	}
	return j.plan.branches[network].Window(j.plan.size, core)
}

// band is what a device is asked for a core of a piece, and how many bytes of a slot it takes: inputs, and then the result. all has a part for each network, whatever
// the classes are.
func (j *job) band(p *piece, core image.Rectangle, format link.Format, all bool) (b link.Band, bytes int64) {
	plan := j.plan
	b = link.Band{Result: link.RectangleOf(image.Rectangle{Min: core.Min.Mul(j.scale), Max: core.Max.Mul(j.scale)}), Format: format}
	add := func(network int, mask *part) {
		by := plan.branches[network]
		window := j.windowOf(p, network, core)
		part := link.Part{Network: network, Window: [2]int{window.Dx(), window.Dy()}, Core: link.RectangleOf(core.Sub(window.Min)), Offset: bytes}
		if mask != nil {
			part.Mask = mask.mask
		}
		reads := by.Plan.Depends(window.Size(), core.Sub(window.Min))
		part.Reads = link.RectangleOf(reads)
		const floatBytes = 4
		bytes += floatBytes * int64(by.Plan.Channels()) * int64(reads.Dx()) * int64(reads.Dy())
		b.Parts = append(b.Parts, part)
	}
	if plan.mixed == nil {
		add(p.class, nil)
	} else {
		b.Blend = link.BlendOf(plan.choice.blend)
		for network := range plan.branches {
			if part := plan.part(network, core); part != nil || all {
				add(network, part)
			}
		}
	}
	b.Offset = bytes
	size := core.Size().Mul(j.scale)
	return b, bytes + int64(size.X)*int64(size.Y)*format.PixelBytes()
}

// channelMean is the mean of a colour of a rectangle of the result, 0..1, whose samples are those of rectangle r.
func channelMean(samples []byte, format link.Format, r, of image.Rectangle, channel int) float64 {
	sum := 0.0
	for y := of.Min.Y; y < of.Max.Y; y++ {
		at := (y-r.Min.Y)*r.Dx() + of.Min.X - r.Min.X
		switch format {
		case link.Float32:
			for _, v := range link.Floats(samples)[channel*r.Dx()*r.Dy()+at:][:of.Dx()] {
				sum += float64(v)
			}
		case link.Uint16:
			row := link.Words(samples)[3*at:][:3*of.Dx()]
			for i := channel; i < len(row); i += 3 {
				sum += float64(row[i]) / 65535
			}
		default:
			row, whole := samples[3*at:][:3*of.Dx()], 0
			for i := channel; i < len(row); i += 3 {
				whole += int(row[i])
			}
			sum += float64(whole) / 255
		}
	}
	return sum / float64(of.Dx()*of.Dy())
}

var _ painter = (*brush)(nil)
var _ picture.RowSource = (*Enlargement)(nil)
