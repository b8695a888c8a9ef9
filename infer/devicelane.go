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

// deviceLane has pieces computed by a device. Its pieces are as wide as the picture and a band high; for networks that pool they are squares; or they are parts of a
// picture that have changed since the one before, all in one band.
type deviceLane struct {
	run    *deviceRun
	budget *budget.Budget
	slot   *gpu.Slot

	job   *job
	piece *piece
	done  int // rows of the piece, or squares of it
}

func (l *deviceLane) begin(j *job, p *piece) { l.job, l.piece, l.done = j, p, 0 }

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
	all, unit := min(end, l.piece.Core.Max.Y)-l.piece.Core.Min.Y, 2 // rows
	if l.piece.squares != nil {
		all, unit = len(l.piece.squares), 1
	}
	for l.done < all {
		n := l.run.most(all - l.done)
		err := l.slot.Guard(func() error { return l.compute(ctx, l.next(n), to) })
		switch {
		case errors.Is(err, link.ErrOutOfMemory) && l.run.halve(n, unit):
			continue
		case err != nil:
			return l.failed(ctx, err)
		}
		l.done += n
	}
	return nil
}

// next is what the device is asked for next: so many rows, or squares.
func (l *deviceLane) next(n int) []piece {
	if l.piece.squares != nil {
		return l.piece.squares[l.done:][:n]
	}
	rows := *l.piece
	rows.Core.Min.Y += l.done
	rows.Core.Max.Y = rows.Core.Min.Y + n
	return []piece{rows}
}

// failed is an error as the Enlargement gets it.
func (l *deviceLane) failed(ctx context.Context, err error) error {
	var known *deviceError
	if ctx.Err() != nil || errors.As(err, &known) {
		return err
	}
	return &deviceError{error: err}
}

// compute has pieces computed together, and paints them. A core of the processor is held while there is something for it to do.
func (l *deviceLane) compute(ctx context.Context, pieces []piece, to painter) error {
	j := l.job
	format := link.Float32
	if j.straight(pieces[0].Core.Min.Y, pieces[len(pieces)-1].Core.Max.Y) {
		format = j.format()
	}
	bands, _ := j.ask(pieces, format, false)
	watch := stopwatch.Start()
	var took DeviceSeconds
	if err := l.busy(ctx, func() error { l.fill(pieces, bands); return nil }); err != nil {
		return err
	}
	took.Fill = watch.Elapsed().Seconds()
	macs, pixels := j.work(pieces, bands)
	work, err := l.slot.Run(ctx, l.run.device.Seconds(macs, pixels, j.scale), bands...)
	if err != nil {
		return err
	}
	took.Upload, took.Compute, took.Download = work.Upload.Seconds(), work.Compute.Seconds(), work.Download.Seconds()
	watch = stopwatch.Start()
	if err := l.busy(ctx, func() error { return l.paint(ctx, pieces, bands, to) }); err != nil {
		return err
	}
	l.piece.macs += macs
	took.Paint = watch.Elapsed().Seconds()
	l.run.did(took, work.Memory)
	return nil
}

// fill puts inputs into the slot.
func (l *deviceLane) fill(pieces []piece, bands []link.Band) {
	j := l.job
	for i, b := range bands {
		for _, p := range b.Parts {
			branch := j.plan.branches[p.Network]
			branch.FillPlanes(link.Floats(l.slot.Bytes[p.Offset:]), p.Reads.Image(), branch.Plan.Channels(), j.view.source, j.windowOf(&pieces[i], p.Network).Min)
		}
	}
}

// paint checks what lies in the slot, and hands it on.
func (l *deviceLane) paint(ctx context.Context, pieces []piece, bands []link.Band, to painter) error {
	for i, b := range bands {
		r := b.Result.Image()
		samples := l.slot.Bytes[b.Offset:][:int64(r.Dx())*int64(r.Dy())*b.Format.PixelBytes()]
		if err := l.run.check(ctx, l.job, &pieces[i], b.Format, samples); err != nil {
			return err
		}
		paint(to, r, b.Format, samples)
	}
	return nil
}

// work is the multiply-accumulates of bands, and the pixels of the picture that they enlarge.
func (j *job) work(pieces []piece, bands []link.Band) (macs int64, pixels int) {
	for i, b := range bands {
		pixels += pieces[i].Core.Dx() * pieces[i].Core.Dy()
		for _, p := range b.Parts {
			by, window := j.plan.branches[p.Network].Plan, image.Pt(p.Window[0], p.Window[1])
			if p.Mask != nil {
				macs += by.Work(window, p.Core.Image(), p.Mask).MACs
			} else {
				macs += by.MACs(window, p.Core.Image())
			}
		}
	}
	return macs, pixels
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

// windowOf is the window in which a network computes a piece.
func (j *job) windowOf(p *piece, network int) image.Rectangle {
	if j.plan.mixed == nil && j.plan.branches[network].Spec.Pools() {
		return p.Window
	}
	return j.plan.branches[network].Window(j.plan.size, p.Core)
}

// askedFor is the pieces that a device is asked for if it computes all of a piece at once.
func (p *piece) askedFor() []piece {
	if p.squares != nil {
		return p.squares
	}
	return []piece{*p}
}

// ask is what a device is asked for to compute pieces together, and how many bytes of a slot that takes: for each its inputs, and then its result. all has a
// part for each network, whatever the classes are.
func (j *job) ask(pieces []piece, format link.Format, all bool) (bands []link.Band, bytes int64) {
	const floatBytes = 4
	for i := range pieces {
		var b link.Band
		b, bytes = j.band(&pieces[i], format, all, bytes)
		bytes = (bytes + floatBytes - 1) / floatBytes * floatBytes
		bands = append(bands, b)
	}
	return bands, bytes
}

// band is what a device is asked for a piece, whose inputs and then its result lie in a slot from a byte on, and the byte where they end.
func (j *job) band(p *piece, format link.Format, all bool, from int64) (b link.Band, end int64) {
	plan, core := j.plan, p.Core
	b = link.Band{Result: link.RectangleOf(image.Rectangle{Min: core.Min.Mul(j.scale), Max: core.Max.Mul(j.scale)}), Format: format, Offset: from}
	add := func(network int, mask *part) {
		by := plan.branches[network]
		window := j.windowOf(p, network)
		part := link.Part{Network: network, Window: [2]int{window.Dx(), window.Dy()}, Core: link.RectangleOf(core.Sub(window.Min)), Offset: b.Offset}
		if mask != nil {
			part.Mask = mask.mask
		}
		reads := by.Plan.Depends(window.Size(), core.Sub(window.Min))
		part.Reads = link.RectangleOf(reads)
		const floatBytes = 4
		b.Offset += floatBytes * int64(by.Plan.Channels()) * int64(reads.Dx()) * int64(reads.Dy())
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
	size := core.Size().Mul(j.scale)
	return b, b.Offset + int64(size.X)*int64(size.Y)*format.PixelBytes()
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
