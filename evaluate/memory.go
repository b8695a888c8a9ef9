package evaluate

import (
	"classsr"
	"classsr/imageio"
	"classsr/internal/sysmem"
	"classsr/picture"
	"classsr/resample"
)

// What measuring holds in memory. HR pictures are judged by it when their headers are read, before they are decoded.

// meter measures the pictures of a folder.
type meter struct {
	*Folder
	up, full *classsr.Upscaler // the same where there is nothing to compare with
	memory   int64
}

func (f *Folder) meter(up, full *classsr.Upscaler, memory int64) *meter {
	return &meter{f, up, full, sysmem.Allowed(memory)}
}

// accepts tells whether there is memory for an HR picture and all that is made of it.
func (m *meter) accepts(c imageio.Config) error {
	if err := imageio.Within(m.memory, m.bytes)(c); err != nil {
		return err
	}
	if m.LR != "" {
		return nil // that has a header of its own
	}
	return m.enlargeable(resample.LR(c.Config, m.up.Scale()))
}

// enlargeable tells whether the Upscalers accept a LR picture. What is too small to be one is told by who makes it.
func (m *meter) enlargeable(lr picture.Config) error {
	if lr.Width == 0 || lr.Height == 0 {
		return nil
	}
	if err := m.up.Accepts(lr); err != nil || m.full == m.up || !m.CompareFull {
		return err
	}
	return m.full.Accepts(lr)
}

// bytes is what is held of an HR picture, of the results, and of the float32 planes that they are measured by.
func (m *meter) bytes(c imageio.Config) int64 {
	const planeBytes = 4
	n := ReducedBytes(c, m.up.Scale(), m.Variant)
	pixels := int64(c.Width) * int64(c.Height)
	results := c.Bytes()
	if c.Depth != 8 || c.Alpha {
		results += 2 * planeBytes * pixels * int64(c.Colors) // the original's and one result's
	}
	if m.up.Mode() == classsr.ModePaper { // the sums and the mean of sub-images, and the part of the original that they cover
		results += (2+planeBytes)*3*pixels + c.Bytes()
	}
	if m.CompareFull {
		results += c.Bytes()
	}
	return max(n, c.PictureBytes+resample.LR(c.Config, m.up.Scale()).Bytes()+results)
}

// ReducedBytes is the most memory, in bytes, that Reduced holds after it has decoded a picture of this form.
func ReducedBytes(c imageio.Config, scale int, variant resample.Variant) int64 {
	n := c.PictureBytes + resample.ReduceBytes(c.Config, scale, variant)
	if c.Width%scale != 0 || c.Height%scale != 0 {
		n += c.Bytes() // it is cropped to another picture
	}
	return n
}
