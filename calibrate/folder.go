package calibrate

import (
	"context"
	"fmt"

	"classsr"
	"classsr/evaluate"
	"classsr/imageio"
	"classsr/picture"
	"classsr/resample"
)

// Folder calibrates a model on so many cores (0 means all) with the HR pictures of a folder, and returns the calibrated model and the
// number of pictures. LR pictures are made from them by the field's bicubic filter. note is called with a line of text before each picture
// of each step. A picture that cannot be read is an error.
func Folder(ctx context.Context, m *classsr.Model, folder string, threads int, note func(string)) (*classsr.Model, int, error) {
	paths, err := evaluate.Pictures(folder)
	if err != nil {
		return nil, 0, err
	}
	c, err := New(m, threads)
	if err != nil {
		return nil, 0, err
	}
	// each gives a step of the calibration all pictures.
	each := func(step string, take func(ctx context.Context, lr, hr *picture.Picture) error) error {
		for i, path := range paths {
			note(fmt.Sprintf("%s %d of %d: %s", step, i+1, len(paths), path))
			hr, lr, err := evaluate.Reduced(path, m.Scales()[0], resample.Published, c.accepts)
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
	if err := c.Fit(); err != nil {
		return nil, 0, err
	}
	if err := each("try", c.Try); err != nil {
		return nil, 0, err
	}
	calibrated, err := c.Finish()
	return calibrated, len(paths), err
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
