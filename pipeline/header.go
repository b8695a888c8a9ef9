package pipeline

import (
	"classsr/imageio"
	"classsr/infer"
	"classsr/picture"
)

// Header is what becomes of a picture, as far as its headers tell.
type Header struct {
	In, Out picture.Config // sizes in pixels
	Format  string         // of the picture
	Model   string         // that enlarges it first; empty if none does
	Passes  int
	Routes  bool // the first pass chooses classes, so that goals make a difference
	Chosen
	// Divides tells that its rows can be computed apart from each other, by other machines.
	Divides bool
	// Frames is how many a video has; 0 for pictures. Decided tells that somebody else has decided about them (they have notes).
	Frames  int
	Decided bool
	// MACs is the multiply-accumulates of the full networks on all of it, without what borders of pieces add.
	MACs int64
	// Bytes is what the result's file takes at most, about.
	Bytes int64
}

// Header tells what becomes of a file by its headers, without decoding it: the same errors come as when it is enlarged, as far as headers show them. It takes
// no memory from the budget, but refuses what would take more than all of it. accept, if not nil, may refuse the picture by its form first.
func (p *Pipeline) Header(path, name string, accept func(imageio.Config) error) (h *Header, err error) {
	err = imageio.CheckFile(path, imageio.Limits{Options: p.Reading, Accept: func(c imageio.Config) error {
		if accept != nil {
			if err := accept(c); err != nil {
				return err
			}
		}
		w, err := p.plan(c, name)
		if err != nil {
			return err
		}
		h = w.header(c)
		return w.fits(c)
	}})
	return h, err
}

// header puts together what is known of a picture.
func (w *course) header(c imageio.Config) *Header {
	h := &Header{In: w.in, Out: w.out, Format: c.Format, Passes: len(w.passes), Chosen: w.chosen}
	if len(w.models) > 0 {
		h.Model = w.models[0].Name()
	}
	h.Routes = len(w.passes) > 0 && w.passes[0].Mode() == infer.ModeRouted
	for i, up := range w.passes {
		n := w.network(i)
		h.Divides = h.Divides || up.Splits(n)
		h.MACs += up.FullMACs(n.Width, n.Height)
	}
	const part, beside = 50, 1 << 20 // no format takes more than a fiftieth more than its samples; metadata and profiles
	h.Bytes = w.out.Bytes() + w.out.Bytes()/part + beside
	return h
}

// fits returns an error of kind fault.TooLarge if the picture takes more memory than there is at all.
func (w *course) fits(c imageio.Config) error {
	if len(w.passes) == 0 {
		return nil
	}
	err := w.passes[0].Accepts(c.Config)
	if err != nil && w.rows > 0 {
		err = w.passes[0].AcceptsRows(c.Config)
	}
	return err
}
