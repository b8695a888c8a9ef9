package calibrate

import (
	"context"
	"fmt"

	"classsr"
	"classsr/degrade"
	"classsr/evaluate"
	"classsr/imageio"
	"classsr/picture"
	"classsr/resample"
)

// Folders says with which pictures a model is calibrated.
type Folders struct {
	// HR is the folder of the HR pictures; LR pictures are made from them by the field's bicubic filter.
	HR string
	// Degradation is done to the LR pictures; nil leaves them as they are.
	Degradation *degrade.Degradation
	// Pages is a folder of small pictures of text, drawings and screens, none of which may be blurred (AddPage); empty if there is none.
	Pages string
	// Quality is that of the Calibrator.
	Quality float64
}

// Run calibrates a model on so many cores (0 means all), and returns the calibrated model and the number of pictures and pages. note is
// called with a line of text before each picture of each step. A picture that cannot be read is an error.
func (f Folders) Run(ctx context.Context, m *classsr.Model, threads int, note func(string)) (*classsr.Model, int, error) {
	paths, err := evaluate.Pictures(f.HR)
	if err != nil {
		return nil, 0, err
	}
	var pages []string
	if f.Pages != "" {
		if pages, err = evaluate.Pictures(f.Pages); err != nil {
			return nil, 0, err
		}
	}
	c, err := New(m, threads)
	if err != nil {
		return nil, 0, err
	}
	c.Quality = f.Quality
	// each gives a step of the calibration all pictures.
	each := func(step string, take func(ctx context.Context, lr, hr *picture.Picture) error) error {
		for i, path := range paths {
			note(fmt.Sprintf("%s %d of %d: %s", step, i+1, len(paths), path))
			hr, lr, err := evaluate.Reduced(path, m.Scales()[0], resample.Published, c.accepts)
			if err == nil && f.Degradation != nil {
				lr, _, err = f.Degradation.Degrade(lr, path, 1, 0)
			}
			if err != nil {
				return err
			}
			if err := take(ctx, lr, hr); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		return nil
	}
	if err := each("measure", c.Add); err != nil {
		return nil, 0, err
	}
	for i, path := range pages {
		note(fmt.Sprintf("page %d of %d: %s", i+1, len(pages), path))
		if err := c.readPage(ctx, path); err != nil {
			return nil, 0, err
		}
	}
	if err := c.Fit(); err != nil {
		return nil, 0, err
	}
	if err := each("try", c.Try); err != nil {
		return nil, 0, err
	}
	calibrated, err := c.Finish()
	return calibrated, len(paths) + len(pages), err
}

// readPage reads a page and adds it.
func (c *Calibrator) readPage(ctx context.Context, path string) error {
	page, err := imageio.DecodeFile(path, imageio.Limits{Accept: c.acceptsPage})
	if err != nil {
		return err
	}
	if err := c.AddPage(ctx, page.Picture); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// acceptsPage tells whether there is memory for a page and two results, and a channel of both.
func (c *Calibrator) acceptsPage(found imageio.Config) error {
	large := found.Config
	large.Width, large.Height = large.Width*c.branches[0].Scale(), large.Height*c.branches[0].Scale()
	if err := imageio.Within(c.memory, func(found imageio.Config) int64 {
		return max(found.DecodeBytes, found.PictureBytes+2*large.Bytes())
	})(found); err != nil {
		return err
	}
	return c.branches[len(c.branches)-1].Accepts(found.Config)
}

// accepts tells whether there is memory for an HR picture and all that is made of it: the results of all branches at once, or, when losses are
// tried out, two of them and a channel of the picture and of one result.
func (c *Calibrator) accepts(found imageio.Config) error {
	const planeBytes = 4
	scale := c.branches[0].Scale()
	lr := resample.LR(found.Config, scale)
	work := func(found imageio.Config) int64 {
		trying := 2*found.Bytes() + 2*planeBytes*int64(found.Width)*int64(found.Height)
		results := max(int64(len(c.branches))*found.Bytes(), trying)
		return max(evaluate.ReducedBytes(found, scale, resample.Published), found.PictureBytes+lr.Bytes()+results)
	}
	if err := imageio.Within(c.memory, work)(found); err != nil || lr.Width == 0 || lr.Height == 0 {
		return err
	}
	return c.branches[len(c.branches)-1].Accepts(lr)
}
