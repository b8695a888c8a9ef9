package pipeline

import (
	"context"
	"image"
	"io"
	"slices"

	"classsr"
	"classsr/branch"
	"classsr/imageio"
	"classsr/internal/par"
	"classsr/internal/stopwatch"
	"classsr/picture"
)

// fileCosts is what a run takes besides an Upscaler: for the file of the picture, that of the result, and the program itself.
type fileCosts struct {
	read, write float64 // seconds; to write takes all cores
	decoder     int64   // bytes, the picture included, until it is decoded
	beside      int64   // bytes besides the picture, while rows come
	program     int64
}

// opened is a picture that was read to make forecasts for it: in seconds, as it was found, for a result with an ending.
type opened struct {
	*reading
	found   imageio.Config
	seconds float64
	ending  string
}

// open reads a picture, and decides how it becomes as large as is asked for.
func (e *Estimator) open(std io.Reader, in Input) (o *opened, w *course, err error) {
	o = &opened{ending: in.ending}
	watch := stopwatch.Start()
	o.reading, err = read(std, in.Path, imageio.Limits{Options: in.Reading, Accept: func(c imageio.Config) (err error) {
		o.found = c
		if w, err = e.p.plan(c, Job{Input: in.Path}.Picture()); err != nil {
			return err
		}
		return w.accepts(imageio.Within(e.memory, nil)(c))
	}}, func() bool { return w.inRows })
	o.seconds = watch.Elapsed().Seconds()
	return o, w, err
}

// forecast estimates what enlarging the picture would take.
func (o *opened) forecast(ctx context.Context, up *classsr.Upscaler) (classsr.Forecast, error) {
	if o.file != nil {
		return up.ForecastRows(ctx, o.found.Config, o.file.Rows)
	}
	return up.Forecast(ctx, o.Picture)
}

// encodeOptions says how p writes the result of that form.
func (o *opened) encodeOptions(p *Pipeline, out picture.Config) imageio.EncodeOptions {
	return p.encodeOptions(o.Decoded, p.metadata(o.Decoded, o.found.Config, out))
}

// fileCosts finds out what the files take. How long writing takes is tried with the enlargement of a sample.
func (e *Estimator) fileCosts(ctx context.Context, up *classsr.Upscaler, o *opened, out picture.Config) (fileCosts, error) {
	format, err := imageio.FormatOf("result" + o.ending)
	if err != nil {
		return fileCosts{}, err
	}
	p := Pipeline{Threads: e.options.Threads}
	c := fileCosts{read: o.seconds, decoder: o.found.DecodeBytes, beside: o.found.PictureBytes - o.found.Bytes(), program: e.program}
	if o.file != nil {
		c.decoder, c.beside = o.found.RowsBytes, o.found.RowsBytes
	}
	c.beside += imageio.EncoderBytes(out, format, o.encodeOptions(&p, out))
	sample, err := o.sample()
	if err != nil {
		return c, err
	}
	if up != nil {
		if sample, _, err = up.Upscale(ctx, sample); err != nil {
			return c, err
		}
	}
	cores := min(par.Threads(e.options.Threads), par.Threads(0))
	seconds, err := encodeSeconds(ctx, sample, format, o, cores)
	pixels := float64(out.Width) * float64(out.Height) / (float64(sample.Width) * float64(sample.Height))
	c.write = seconds * pixels / float64(cores)
	return c, err
}

// estimate completes a forecast of what an Upscaler takes.
func (c fileCosts) estimate(f classsr.Forecast, budget float64) Estimate {
	bytes := max(f.MemoryMB*1e6+c.beside, c.decoder) + c.program
	return Estimate{Forecast: f, Budget: budget, TotalSeconds: c.read + f.Seconds + c.write, PeakMB: bytes / 1e6}
}

// A sample has so many parts across and down, of so many pixels on a side.
const sampleSide, sampleAcross, sampleDown = 64, 5, 5

// sample is a sample of the picture, or the picture if it is small and in memory.
func (o *opened) sample() (*picture.Picture, error) {
	if o.file == nil {
		if o.Width < sampleSide*sampleAcross || o.Height < sampleSide*sampleDown {
			return o.Picture, nil
		}
		return sampleOf(o.Picture), nil
	}
	w := picture.NewWindow(o.found.Config, o.file.Rows)
	w.Begin(sampleSide)
	return sampleOf(w), w.Err()
}

// sampleOf puts some parts of a picture below each other that lie in all regions of it. It reads it from top to bottom.
func sampleOf(p branch.Source) *picture.Picture {
	config := p.Config()
	size := image.Pt(min(sampleSide, config.Width), min(sampleSide, config.Height))
	// corner is where part i of n begins on a side of so many pixels.
	corner := func(i, n, length, part int) int { return max(min((2*i+1)*length/(2*n)-part/2, length-part), 0) }
	plane := make([]float32, size.X*size.Y)
	sample := picture.New(size.X, size.Y*sampleAcross*sampleDown, config.Colors, config.Alpha, config.Depth)
	for i := range sampleAcross * sampleDown {
		at := image.Pt(corner(i%sampleAcross, sampleAcross, config.Width, size.X), corner(i/sampleAcross, sampleDown, config.Height, size.Y))
		for channel := range config.Channels() {
			p.ReadPlane(plane, channel, image.Rectangle{Max: size}.Add(at))
			sample.WritePlane(plane, channel, image.Rect(0, i*size.Y, size.X, (i+1)*size.Y))
		}
	}
	return sample
}

// encodeSeconds measures how long a core takes to write a picture while so many do, which share caches and more.
func encodeSeconds(ctx context.Context, sample *picture.Picture, format string, o *opened, cores int) (float64, error) {
	const times = 3
	p := Pipeline{Threads: 1}
	var seconds [times]float64
	for i := range seconds {
		watch := stopwatch.Start()
		err := par.Do(ctx, cores, cores, func(_, _ int) error {
			return p.encode(discard{}, sample.Rows(sample.Height), format, o.encodeOptions(&p, sample.Config()))
		})
		if err != nil {
			return 0, err
		}
		seconds[i] = watch.Elapsed().Seconds()
	}
	slices.Sort(seconds[:])
	return seconds[times/2], nil
}

// discard is a file that keeps nothing.
type discard struct{}

func (discard) Write(b []byte) (int, error)            { return io.Discard.Write(b) }
func (discard) WriteAt(b []byte, _ int64) (int, error) { return io.Discard.Write(b) }
