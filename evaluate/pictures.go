package evaluate

import (
	"fmt"
	"path/filepath"
	"strings"

	"classsr/fault"
	"classsr/imageio"
	"classsr/picture"
	"classsr/resample"
)

// Pictures lists the paths of the pictures in a folder; a folder without any is an error of kind fault.NotFound.
func Pictures(folder string) ([]string, error) {
	paths, err := imageio.List(folder)
	if err == nil && len(paths) == 0 {
		err = fault.New(fault.NotFound, "folder %s contains no pictures", folder)
	}
	return paths, err
}

// pair reads a HR picture, cropped to a multiple of the scale, and reads or makes the LR picture to it.
func (m *meter) pair(path string) (hr, lr *picture.Picture, err error) {
	scale := m.up.Scale()
	if m.LR == "" {
		if hr, lr, err = Reduced(path, scale, m.Variant, m.accepts); err == nil && m.Degradation != nil {
			lr, _, err = m.Degradation.Degrade(lr, baseName(path), 1, 0)
		}
		return hr, lr, err
	}
	if hr, err = cropped(path, scale, m.accepts); err != nil {
		return nil, nil, err
	}
	lrPath, err := m.findLR(path, scale)
	if err != nil {
		return nil, nil, err
	}
	decoded, err := imageio.DecodeFile(lrPath, imageio.Limits{Accept: func(c imageio.Config) error {
		if err := imageio.Within(m.memory-hr.Config().Bytes(), nil)(c); err != nil {
			return err
		}
		return m.enlargeable(c.Config)
	}})
	if err != nil {
		return nil, nil, err
	}
	lr = decoded.Picture
	if lr.Width*scale != hr.Width || lr.Height*scale != hr.Height {
		return nil, nil, fault.New(fault.Conflict, "%s has %dx%d pixels; the LR picture of an HR picture of %dx%d at x%d must have %dx%d",
			lrPath, lr.Width, lr.Height, hr.Width, hr.Height, scale, hr.Width/scale, hr.Height/scale)
	}
	return hr, lr, nil
}

// cropped reads a HR picture as far as its sides are multiples of the scale.
func cropped(path string, scale int, accept func(imageio.Config) error) (*picture.Picture, error) {
	decoded, err := imageio.DecodeFile(path, imageio.Limits{Accept: accept})
	if err != nil {
		return nil, err
	}
	hr, err := decoded.CropToMultiple(scale)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return hr, nil
}

// Reduced reads an HR picture, crops it to multiples of the scale, and makes its LR picture by the bicubic filter in this variant. accept
// is asked before the picture is decoded, as in imageio.Limits; ReducedBytes tells what Reduced takes.
func Reduced(path string, scale int, variant resample.Variant, accept func(imageio.Config) error) (hr, lr *picture.Picture, err error) {
	if hr, err = cropped(path, scale, accept); err != nil {
		return nil, nil, err
	}
	if lr, err = resample.Reduce(hr, scale, variant); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return hr, lr, nil
}

// findLR finds the LR picture to a HR picture: NAME or NAMEx4, with any of the endings that can be read.
func (f *Folder) findLR(hrPath string, scale int) (string, error) {
	name := baseName(hrPath)
	for _, p := range f.lrPaths {
		if base := baseName(p); base == name || base == fmt.Sprintf("%sx%d", name, scale) {
			return p, nil
		}
	}
	return "", fault.New(fault.NotFound, "%s: there is no LR picture named %s in %s", hrPath, name, f.LR)
}

// baseName is a file's name without its ending.
func baseName(path string) string {
	return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
}
