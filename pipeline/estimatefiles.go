package pipeline

import (
	"context"
	"image"
	"io"
	"time"

	"classsr"
	"classsr/imageio"
	"classsr/internal/par"
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
	*imageio.Decoded
	found   imageio.Config
	seconds float64
	ending  string
}

// open reads a picture if accept accepts it.
func (e *Estimator) open(std io.Reader, in Input, accept func(imageio.Config) error) (*opened, error) {
	o := &opened{ending: in.ending}
	start := time.Now()
	var err error
	o.Decoded, err = Decode(std, in.Path, imageio.Limits{Options: in.Reading, Accept: func(c imageio.Config) error {
		if err := imageio.Within(e.memory, nil)(c); err != nil {
			return err
		}
		o.found = c
		return accept(c)
	}})
	o.seconds = time.Since(start).Seconds()
	return o, err
}

// fileCosts finds out what the files take. How long writing takes is tried with the enlargement of a sample.
func (e *Estimator) fileCosts(ctx context.Context, up *classsr.Upscaler, o *opened, out picture.Config) (fileCosts, error) {
	format, err := imageio.FormatOf("result" + o.ending)
	if err != nil {
		return fileCosts{}, err
	}
	p := Pipeline{Threads: e.options.Threads}
	c := fileCosts{
		read: o.seconds, decoder: o.found.DecodeBytes, program: e.program,
		beside: o.found.PictureBytes - o.Picture.Config().Bytes() + imageio.EncoderBytes(out, format, p.encodeOptions(o.Decoded, out)),
	}
	sample := sampleOf(o.Picture)
	if up != nil {
		if sample, _, err = up.Upscale(ctx, sample); err != nil {
			return c, err
		}
	}
	seconds, err := encodeSeconds(sample, format, o.Decoded)
	if err != nil {
		return c, err
	}
	pixels := float64(out.Width) * float64(out.Height) / (float64(sample.Width) * float64(sample.Height))
	c.write = seconds * pixels / float64(min(par.Threads(e.options.Threads), par.Threads(0)))
	return c, nil
}

// estimate completes a forecast of what an Upscaler takes.
func (c fileCosts) estimate(f classsr.Forecast, budget float64) Estimate {
	bytes := max(f.MemoryMB*1e6+c.beside, c.decoder) + c.program
	return Estimate{Forecast: f, Budget: budget, TotalSeconds: c.read + f.Seconds + c.write, PeakMB: bytes / 1e6}
}

// sampleOf puts some parts of a picture below each other that lie in all regions of it; a small picture is its own sample.
func sampleOf(p *picture.Picture) *picture.Picture {
	const side, across, down = 96, 3, 3
	if p.Width < side*across || p.Height < side*down {
		return p
	}
	config := p.Config()
	config.Width, config.Height = side, side*across*down
	sample := config.New()
	plane := make([]float32, side*side)
	for i := range across * down {
		corner := image.Pt((2*(i%across)+1)*p.Width/(2*across)-side/2, (2*(i/across)+1)*p.Height/(2*down)-side/2)
		for channel := range config.Channels() {
			p.ReadPlane(plane, channel, image.Rectangle{Max: image.Pt(side, side)}.Add(corner))
			sample.WritePlane(plane, channel, image.Rect(0, i*side, side, (i+1)*side))
		}
	}
	return sample
}

// encodeSeconds measures how long one core takes to write a picture.
func encodeSeconds(sample *picture.Picture, format string, d *imageio.Decoded) (seconds float64, err error) {
	const times = 2
	p := Pipeline{Threads: 1}
	for i := range times {
		start := time.Now()
		if err := p.encode(discard{}, sample.Rows(sample.Height), format, d, nil); err != nil {
			return 0, err
		}
		if t := time.Since(start).Seconds(); i == 0 || t < seconds {
			seconds = t
		}
	}
	return seconds, nil
}

// discard is a file that keeps nothing.
type discard struct{}

func (discard) Write(b []byte) (int, error)            { return io.Discard.Write(b) }
func (discard) WriteAt(b []byte, _ int64) (int, error) { return io.Discard.Write(b) }
