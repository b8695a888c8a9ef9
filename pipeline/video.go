package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"classsr/fault"
	"classsr/imageio"
	"classsr/imageio/y4m"
	"classsr/imageio/yuv"
	"classsr/infer"
	"classsr/internal/atomicfile"
	"classsr/internal/par"
	"classsr/internal/sysmem"
	"classsr/picture"
	"classsr/resample"
)

// Video is an uncompressed video (y4m) to be enlarged to another one, with the same format and speed.
type Video struct {
	Input, Output string // Std is a standard stream
	// Matrix is that of the video, which y4m does not tell; empty for the usual one of its size. The result has the same.
	Matrix  yuv.Matrix
	Options infer.SequenceOptions
	// Runs, if not nil, enlarges the frames, a few together, and this machine only decides about them. Files of runs are in Folder while they are under way; empty
	// stands for a temporary one. Without it, frames about which somebody else has decided (with notes) are enlarged as they say.
	Runs   Runs
	Folder string
	// Told, if not nil, is told of each frame that was written: how many there are, of how many, which is 0 if that is not known.
	Told func(done, count int)
}

// VideoResult describes an enlarged video; in JSON it is what `classsr video --json` prints of one.
type VideoResult struct {
	Input     string     `json:"input"`
	Output    string     `json:"output"`
	Frames    int        `json:"frames"`
	Width     int        `json:"width"`
	Height    int        `json:"height"`
	OutWidth  int        `json:"out_width"`
	OutHeight int        `json:"out_height"`
	Rate      float64    `json:"rate"` // frames a second when it is played; 0 if it does not say
	Matrix    yuv.Matrix `json:"matrix"`
	Model     string     `json:"model"`
	Scale     int        `json:"scale"`
	Mode      infer.Mode `json:"mode"`
	// Scenes is how many there are. Reused, ClassChanges, Still and Flicker are means over all frames but the first of each scene of what a FrameResult tells.
	Scenes          int     `json:"scenes"`
	Reused          float64 `json:"reused"`
	ClassChanges    float64 `json:"class_changes"`
	Still           float64 `json:"still,omitempty"`
	Flicker         float64 `json:"flicker,omitempty"` // weighted by Still
	MACs            int64   `json:"macs"`
	MACsFull        int64   `json:"macs_full"`
	Seconds         float64 `json:"seconds"`
	FramesPerSecond float64 `json:"frames_per_second"`
	PeakRSSMB       int64   `json:"peak_rss_mb"`
	// Device is what a GPU did of all frames; nil if none was to do anything.
	Device *infer.DeviceReport `json:"device,omitempty"`
}

// add adds what is told of a frame.
func (r *VideoResult) add(f *infer.Frame) {
	r.Frames++
	r.Model, r.Scale, r.Mode = f.Report.Model, f.Report.Scale, f.Report.Mode
	r.MACs, r.MACsFull = r.MACs+f.Report.MACs, r.MACsFull+f.Report.MACsFull
	r.Device = r.Device.Add(f.Report.Device)
	if f.Cut {
		r.Scenes++
		return
	}
	r.Reused, r.ClassChanges = r.Reused+f.Reused, r.ClassChanges+f.Changed
	r.Still, r.Flicker = r.Still+f.Still, r.Flicker+f.Flicker*f.Still
}

// end makes means of sums.
func (r *VideoResult) end(seconds float64) {
	if n := float64(r.Frames - r.Scenes); n > 0 {
		if r.Still > 0 {
			r.Flicker /= r.Still
		}
		r.Reused, r.ClassChanges, r.Still = r.Reused/n, r.ClassChanges/n, r.Still/n
	}
	r.Seconds, r.FramesPerSecond = seconds, float64(r.Frames)/max(seconds, 1e-9)
	r.PeakRSSMB = sysmem.PeakRSS() >> 20
}

// Video enlarges a video, with the models, the size, the threads and the memory of the Pipeline. One frame is in memory at a time. Errors name the video. An output
// file is complete or not there; of a stream, what came before an error was written.
func (p *Pipeline) Video(ctx context.Context, v Video) (*VideoResult, error) {
	if v.Output != Std {
		if err := p.checkVideo(v); err != nil {
			return nil, err
		}
	}
	in, size := p.In, int64(0)
	name := "standard input"
	if v.Input != Std {
		file, err := os.Open(v.Input)
		if err != nil {
			return nil, readError(v.Input, err)
		}
		defer func() { _ = file.Close() }() // nothing was written
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		in, name = file, v.Input
	}
	leave := func() {}
	if v.Runs != nil && size == 0 {
		in, leave = leavable(in)
		defer leave()
	}
	source, err := y4m.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	m := &mover{Pipeline: p, video: v, source: source, header: source.Header(), leave: leave, result: &VideoResult{Input: v.Input, Output: v.Output}, start: time.Now()}
	if size > 0 {
		m.count = int(size / (m.header.StreamBytes(1) - m.header.StreamBytes(0)))
	}
	if err := m.prepare(name); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	all := m.all
	if v.Runs != nil {
		all = m.inRuns
	}
	err = p.write(ctx, v.Output, func(w io.Writer) error {
		if err := all(ctx, w); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}, func(fs.FileInfo) error { return nil })
	if err != nil {
		return nil, err
	}
	m.result.end(time.Since(m.start).Seconds())
	return m.result, nil
}

// leavable is a reader of in whose Read returns an error when leave is called, also one that waits for a pipe into which nobody writes. In itself is not left: what waits for it does so
// until the program ends.
func leavable(in io.Reader) (r io.Reader, leave func()) {
	out, to := io.Pipe()
	par.Start(1, func(int) error {
		_, err := io.Copy(to, in)
		return to.CloseWithError(err)
	})
	return out, func() { _ = out.Close() } // it returns no error
}

// checkVideo returns an error if the output file cannot be written.
func (p *Pipeline) checkVideo(v Video) error {
	if SameFile(v.Input, v.Output) {
		return fault.New(fault.Usage, "%s: its output would overwrite it; choose another one with -o", v.Input)
	}
	if Exists(v.Output) && !p.Overwrite {
		return fault.New(fault.Conflict, "%s exists already: use --overwrite to replace it", v.Output)
	}
	return atomicfile.Writable(v.Output)
}

// mover enlarges the frames of a video.
type mover struct {
	*Pipeline
	video   Video
	source  *y4m.Reader
	header  y4m.Header // of the video
	leave   func()     // has a Read of source that waits for input return an error
	result  *VideoResult
	start   time.Time
	count   int // of frames; 0 if it is not known
	course  *course
	matrix  yuv.Matrix
	into    y4m.Header // of the result
	frames  *infer.Sequence
	decided bool             // about the frames, by somebody else
	picture *picture.Picture // of a frame
}

// prepare decides how frames become as large as wanted, before there is any.
func (m *mover) prepare(name string) (err error) {
	h := m.header
	if m.matrix = m.video.Matrix; m.matrix == "" {
		m.matrix = yuv.Usual(h.Width, h.Height)
	}
	form := formOf(h)
	if m.course, err = m.plan(imageio.Config{Config: form}, name); err != nil {
		return err
	}
	w := m.course
	m.into = h
	m.into.Width, m.into.Height = w.out.Width, w.out.Height
	const longestSide = 1<<16 - 1
	switch {
	case len(w.passes) != 1:
		return fault.New(fault.Usage, "a video of %dx%d is enlarged to %dx%d by no single network: choose a size between two and four times", h.Width, h.Height, w.out.Width, w.out.Height)
	case max(w.out.Width, w.out.Height) > longestSide:
		return fault.New(fault.TooLarge, "a video of %dx%d pixels: sides have at most %d", w.out.Width, w.out.Height, longestSide)
	}
	if err := w.passes[0].Accepts(form); err != nil { // before there is memory for a frame
		return err
	}
	m.frames = w.passes[0].Sequence(m.video.Options)
	r := m.result
	r.Width, r.Height, r.OutWidth, r.OutHeight = h.Width, h.Height, w.out.Width, w.out.Height
	r.Rate, r.Matrix = h.Rate.Value(), m.matrix
	return nil
}

// beside is what is in memory besides the picture that is enlarged, and what the network makes of it.
func (m *mover) beside() int64 {
	bytes := m.header.Bytes() + m.into.Bytes()
	if m.course.resizes() {
		bytes += m.course.out.Bytes() + m.course.resizerBytes(m.Threads)
	}
	return bytes
}

// all enlarges all frames.
func (m *mover) all(ctx context.Context, to io.Writer) error {
	in, out := yuv.New(m.header, m.matrix, m.Threads), yuv.New(m.into, m.matrix, m.Threads)
	writer, err := y4m.NewWriter(to, m.into)
	if err != nil {
		return err
	}
	frame, large := m.header.NewFrame(), m.into.NewFrame()
	m.picture = in.Config().New()
	for {
		err := m.source.Read(frame)
		if errors.Is(err, io.EOF) && m.result.Frames == 0 {
			return y4m.ErrNoFrame
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = in.ToPicture(ctx, m.picture, frame)
		}
		if err == nil {
			err = m.enlarge(ctx, out, frame.Note, large)
		}
		if err == nil {
			err = writer.Write(large)
		}
		if err != nil {
			return err
		}
		if m.video.Told != nil {
			m.video.Told(m.result.Frames, m.count)
		}
	}
}

// next enlarges the picture of the next frame, as its note says if the frames have notes.
func (m *mover) next(ctx context.Context, note string) (*infer.Frame, error) {
	if m.result.Frames == 0 {
		m.decided = note != ""
	}
	if !m.decided {
		return m.frames.Next(ctx, m.picture, m.beside())
	}
	d, err := infer.ParseDecision(note)
	if err != nil {
		return nil, err
	}
	return m.frames.Decided(ctx, m.picture, d, m.beside())
}

// enlarge makes the next frame of the result.
func (m *mover) enlarge(ctx context.Context, c *yuv.Converter, note string, large *y4m.Frame) error {
	f, err := m.next(ctx, note)
	if err != nil {
		return err
	}
	m.result.add(f)
	if f.Reused == 1 && m.result.Frames > 1 {
		return nil // it is the frame before
	}
	result := f.Picture
	if m.course.resizes() {
		if result, err = m.resize(ctx, result); err != nil {
			return err
		}
	}
	return c.ToFrame(ctx, large, result)
}

// resize gives a picture the size that is asked for.
func (m *mover) resize(ctx context.Context, in *picture.Picture) (*picture.Picture, error) {
	rows, err := resample.Resize(ctx, in.Rows(copyRows), m.course.out.Width, m.course.out.Height, m.resizing())
	if err != nil {
		return nil, err
	}
	return gather(rows, func(int) {})
}
