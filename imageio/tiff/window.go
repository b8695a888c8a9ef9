package tiff

import (
	"github.com/dustin/go-humanize"

	"classsr/imageio/codec"
)

// mostWindow is how much of what was made a decompressor may keep: as much as the highest level of zstd takes.
const mostWindow = 128 << 20

// checkWindow refuses blocks that would take more.
func (f *scanner) checkWindow() error {
	if f.window > mostWindow || f.window < 0 {
		return codec.Unsupported("compression over a window of %s is not supported, at most %s: convert it with tiffcp -c zip first",
			humanize.Bytes(uint64(f.window)), humanize.Bytes(mostWindow))
	}
	return nil
}

// windowBytes is what a decompressor holds beside buffers of usual size.
func (f *scanner) windowBytes() int64 {
	const tables = 1 << 20
	switch f.compression {
	case zstandard:
		return 2*f.window + tables
	case lzmaCoded:
		return f.window + tables
	}
	return 0
}
