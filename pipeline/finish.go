package pipeline

import (
	"context"
	"fmt"
	"image"

	"classsr/icc"
	"classsr/imageio"
	"classsr/imageio/jpeg/baseline"
	"classsr/imageio/tiff"
	"classsr/metadata"
	"classsr/picture"
)

// ToSRGB as Pipeline.ICC converts colours to sRGB.
const ToSRGB = "srgb"

// colors converts the colours of a decoded picture if that is asked for. A profile that cannot be used is an error.
func (p *Pipeline) colors(ctx context.Context, name string, d *imageio.Decoded) error {
	if p.ICC != ToSRGB {
		return nil
	}
	profile, other := d.Metadata.Color.ICC, ""
	switch {
	case profile != nil && icc.IsSRGB(icc.Name(profile)):
	case profile != nil:
		conversion, err := icc.NewConversion(profile)
		if err == nil {
			err = conversion.Picture(ctx, d.Picture, p.Threads)
		}
		if err != nil {
			return fmt.Errorf("%s: cannot convert its colours to sRGB: %w; use --icc keep", name, err)
		}
	case metadata.OtherThanSRGB(d.Metadata.Color):
		other = "cICP or gAMA"
	case metadata.AdobeRGB(d.Metadata.EXIF):
		other = "Adobe RGB in EXIF, without a profile"
	}
	if other != "" {
		d.Notes = append(d.Notes, "its colours are described in a way that is not converted to sRGB ("+other+"); they are kept as they are")
		return nil
	}
	d.Metadata = d.Metadata.SRGB()
	return nil
}

// metadata is what goes into the file of the result, for a picture and a result of these sizes.
func (p *Pipeline) metadata(d *imageio.Decoded, in, out picture.Config) *metadata.Data {
	if p.Strip {
		return d.Metadata.OnlyColor()
	}
	return d.Metadata.Of(image.Pt(in.Width, in.Height), image.Pt(out.Width, out.Height))
}

// leastQuality is the lowest quality that a JPEG gets because its input has it.
const leastQuality = 75

// encodeOptions says how the result is written, with that metadata. A JPEG becomes one as good as it was: with the quality of the input, and colours for
// each pixel if the input has them.
func (p *Pipeline) encodeOptions(d *imageio.Decoded, about *metadata.Data) imageio.EncodeOptions {
	o := imageio.EncodeOptions{Metadata: about, Values: d.Values, Quality: p.JPEGQuality, PNGLevel: p.PNGLevel, Threads: p.Threads, Shared: p.Shared}
	if o.Quality == 0 && d.Quality > 0 {
		o.Quality = max(d.Quality, leastQuality)
	}
	if p.JPEGFullColor || d.FullColor {
		o.Subsampling = baseline.Subsampling444
	}
	return o
}

// largest is options that take as much memory as those of any input with so many bands.
func (p *Pipeline) largest(bands int) imageio.EncodeOptions {
	return imageio.EncodeOptions{Threads: p.Threads, PNGLevel: p.PNGLevel, Subsampling: baseline.Subsampling444, Planes: &tiff.Planes{Count: bands}}
}
