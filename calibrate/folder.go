package calibrate

import (
	"context"
	"fmt"

	"classsr"
	"classsr/evaluate"
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
			hr, lr, err := evaluate.Reduced(path, m.Scales()[0], resample.Published)
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
