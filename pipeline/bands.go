package pipeline

import (
	"context"
	"fmt"
	"io"
	"runtime"

	"classsr/fault"
	"classsr/imageio"
	"classsr/imageio/tiff"
)

// bands writes a picture whose first band, or all of it, is open, and its other bands, of which one is in memory at a time. In the end o is the
// last one, with what is reported of all.
func (p *Pipeline) bands(ctx context.Context, w io.Writer, j task, format string, o *begun) error {
	var planes *tiff.Planes
	if o.in.Bands > 1 {
		planes = &tiff.Planes{Count: o.in.Bands}
	}
	if err := o.encode(w, p, j, format, planes); err != nil {
		return err
	}
	o.finish(nil)
	for band := 2; band <= o.in.Bands; band++ {
		count, before := o.in.Bands, o.report
		o.close()
		runtime.GC() // what a band took is not to lie beside the next one
		j.reading.Band = band
		if j.part != nil {
			j.part(band-1, count)
		}
		next, err := p.open(ctx, j, format)
		if err != nil {
			return err
		}
		*o = *next
		if o.in.Bands != count {
			return fmt.Errorf("%s: %w", j.Picture(), errChanged)
		}
		if err := o.encode(w, p, j, format, planes); err != nil {
			return err
		}
		o.finish(&before)
	}
	return nil
}

// mostBands is how many bands of a picture are enlarged, more than any instrument has.
const mostBands = 4096

// checkBands returns an error if a format does not hold the bands of a picture, or if these are too many.
func checkBands(c imageio.Config, format string) error {
	if c.Bands > mostBands {
		return fault.New(fault.TooLarge, "it has %d bands, and at most %d are enlarged at once: choose those that you want with --bands", c.Bands, mostBands)
	}
	if c.Bands > 1 && format != imageio.TIFF {
		return fault.New(fault.Usage, "it has %d bands, which only TIFF holds: name the output NAME.tif with -o, or give --format tif", c.Bands)
	}
	return nil
}
