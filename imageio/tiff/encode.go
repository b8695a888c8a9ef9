package tiff

import (
	"encoding/binary"
	"io"
	"math"

	"classsr/fault"
	"classsr/imageio/codec"
	"classsr/imageio/ifd"
	"classsr/imageio/strips"
	"classsr/metadata"
	"classsr/picture"
)

// Options steers NewEncoder; the zero value is good.
type Options struct {
	Metadata *metadata.Data
	// Values says what samples of floating point stand for, and which mark pixels without a value; nil means black to white.
	Values *codec.Values
	// Big makes a BigTIFF in any case, not only where the file would be longer than a TIFF can be.
	Big bool
	// Planes, if not nil, is the file that this picture is a band of.
	Planes *Planes
	strips.Options
}

// Planes is a file of several bands that lie apart. Each is written by an encoder of its own, one after the other, all with the same Planes, as
// gray pictures of one size and one type of samples; the last one ends the file.
type Planes struct {
	Count   int // of bands
	done    int
	lengths []uint32 // of the blocks of those that are done
	at      int64    // where the next block goes
}

// Bytes is the memory that is held for the places of all blocks of a picture of this form.
func (p *Planes) Bytes(c picture.Config) int64 {
	const listed = 3 * 12 // in the list, in the file's directory, and as bytes of that
	g := gridOf(c)
	return listed * int64(p.Count) * int64(g.across) * int64(g.down)
}

// NewEncoder returns a sink that writes a picture of this form to w, which must be an io.WriterAt, too, and be at its beginning: the first
// bytes of a TIFF say where its directory is, which comes last.
func NewEncoder(w io.Writer, c picture.Config, o Options) (*strips.Sink, error) {
	if _, ok := w.(io.WriterAt); !ok {
		return nil, fault.New(fault.Unsupported, "TIFF is written to files only, not to pipes")
	}
	layout := Layout(c)
	if o.Planes == nil {
		o.Planes = &Planes{Count: 1}
	}
	e := &encoder{
		config: c, grid: gridOf(c), big: o.Big, metadata: o.Metadata, planes: o.Planes, at: max(headerBytes, o.Planes.at),
		samples: newStored(c, o.Values), workers: make([]worker, layout.Workers(o.Threads)),
	}
	if o.Planes.Count > 1 && e.samples.channels != 1 {
		return nil, fault.New(fault.Unsupported, "a band of a TIFF with %d channels", e.samples.channels)
	}
	e.lengths = make([]uint32, e.grid.across*e.grid.down)
	return strips.NewSink(w, c, layout, e, o.Options), nil
}

// headerBytes is the length of the header of a BigTIFF. That of a TIFF is half as long; which it is shows at the end.
const headerBytes = 16

// mostClassic is where a TIFF ends, with room for a directory.
const mostClassic = math.MaxUint32 - 64<<20

// encoder writes strips as TIFF.
type encoder struct {
	config   picture.Config
	grid     grid
	samples  samplesOut
	big      bool
	metadata *metadata.Data
	planes   *Planes
	lengths  []uint32 // of blocks after compression
	at       int64    // where the next block goes
	workers  []worker
}

// Put implements strips.Codec. Rows wait as they are; it is their compression that several workers do.
func (e *encoder) Put(s *strips.Strip, rows *picture.Picture) {
	dst := s.Raw[s.Taken*e.config.Width*pixelBytes(e.config):]
	switch rows.Depth {
	case 8:
		copy(dst, rows.Pix8)
	case 16:
		for i, v := range rows.Pix16 {
			binary.LittleEndian.PutUint16(dst[2*i:], v)
		}
	default:
		for i, v := range rows.Pix32 {
			binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
		}
	}
}

// Compress implements strips.Codec.
func (e *encoder) Compress(number int, s *strips.Strip) error {
	w := &e.workers[number]
	rows := s.Rows
	if e.grid.tiles {
		rows = e.grid.height
	}
	line := e.grid.width * e.samples.pixelBytes()
	if w.block == nil {
		w.block, w.line = make([]byte, e.grid.height*line), make([]byte, line)
	}
	for x := range e.grid.across {
		block := w.block[:rows*line]
		for y := range rows {
			row := block[y*line:][:line]
			if y >= s.Rows { // below the picture, as its last row
				copy(row, block[(s.Rows-1)*line:])
				continue
			}
			e.row(row, s.Raw, y, x*e.grid.width)
		}
		for y := range rows {
			e.samples.difference(block[y*line:][:line], w.line)
		}
		before := s.Packed.Len()
		if err := w.pack(&s.Packed, block); err != nil {
			return err
		}
		e.lengths[s.Index*e.grid.across+x] = uint32(s.Packed.Len() - before)
	}
	return nil
}

// row makes stored samples of a part of a row. Beyond the picture it repeats the last pixel.
func (e *encoder) row(dst, raw []byte, y, x int) {
	from := pixelBytes(e.config)
	n := min(e.grid.width, e.config.Width-x)
	e.samples.store(dst, raw[(y*e.config.Width+x)*from:][:n*from])
	pixel := e.samples.pixelBytes()
	for last := n * pixel; last < len(dst); last += pixel {
		copy(dst[last:], dst[(n-1)*pixel:n*pixel])
	}
}

// Write implements strips.Codec.
func (e *encoder) Write(w io.Writer, s *strips.Strip) error {
	if s.Index == 0 && e.planes.done == 0 { // until the file is whole there is no directory to be found
		if _, err := w.Write(make([]byte, headerBytes)); err != nil {
			return err
		}
	}
	e.at += int64(s.Packed.Len())
	return s.Packed.WriteRange(w, 0, s.Packed.Len())
}

// End implements strips.Codec: after the last band it writes the directory, and where it is.
func (e *encoder) End(w io.Writer) error {
	p := e.planes
	p.lengths, p.at = append(p.lengths, e.lengths...), e.at
	if p.done++; p.done < p.Count {
		return nil
	}
	const place = 16 // bytes, of a block in the directory
	big := e.big || e.at+place*int64(len(p.lengths)) > mostClassic
	tail, at := e.directory(big)
	if _, err := w.Write(tail); err != nil {
		return err
	}
	header := []byte("II*\x00")
	if big {
		header = binary.LittleEndian.AppendUint64([]byte("II+\x00\x08\x00\x00\x00"), uint64(at))
	} else {
		header = binary.LittleEndian.AppendUint32(header, uint32(at))
	}
	_, err := w.(io.WriterAt).WriteAt(header, 0)
	return err
}

// directory makes what follows the blocks, and says where the directory begins.
func (e *encoder) directory(big bool) (tail []byte, at int64) {
	c, s := e.config, &e.samples
	channels, planar := s.channels*e.planes.Count, uint16(1)
	if e.planes.Count > 1 {
		planar = 2
	}
	fields := []ifd.Field{
		ifd.Longs(tagWidth, uint32(c.Width)), ifd.Longs(tagHeight, uint32(c.Height)), ifd.Shorts(tagCompression, deflated),
		ifd.Shorts(tagBitsPerSample, repeated(channels, 8*s.size)...), ifd.Shorts(tagSamples, uint16(channels)),
		ifd.Shorts(tagPhotometric, s.photometric(c)), ifd.Shorts(tagOrientation, 1), ifd.Shorts(tagPlanar, planar),
		ifd.Shorts(tagPredictor, s.predictor()),
	}
	switch {
	case e.planes.Count > 1:
		fields = append(fields, ifd.Shorts(tagExtraSamples, repeated(channels-1, 0)...)) // without a meaning
	case channels > c.Colors:
		fields = append(fields, ifd.Shorts(tagExtraSamples, 2)) // straight alpha
	}
	if s.numbers != unsigned {
		fields = append(fields, ifd.Shorts(tagSampleFormat, repeated(channels, int(s.numbers))...))
	}
	if s.noDataText != "" {
		fields = append(fields, ifd.Text(tagNoData, s.noDataText))
	}
	counts := e.planes.lengths
	offsets := make([]int64, len(counts))
	for next, i := int64(headerBytes), 0; i < len(counts); i++ {
		offsets[i] = next
		next += int64(counts[i])
	}
	if e.grid.tiles {
		fields = append(fields, ifd.Shorts(tagTileWidth, uint16(e.grid.width)), ifd.Shorts(tagTileHeight, uint16(e.grid.height)),
			ifd.Offsets(tagTileOffsets, big, offsets...), ifd.Longs(tagTileByteCounts, counts...))
	} else {
		fields = append(fields, ifd.Longs(tagRowsPerStrip, uint32(e.grid.height)),
			ifd.Offsets(tagStripOffsets, big, offsets...), ifd.Longs(tagStripByteCounts, counts...))
	}
	if e.metadata != nil {
		var further []ifd.Field
		tail, further = described(tail, e.at, big, e.metadata)
		fields = append(fields, further...)
	}
	return ifd.Append(tail, e.at, big, fields)
}

func repeated(n, v int) []uint16 {
	out := make([]uint16, n)
	for i := range out {
		out[i] = uint16(v)
	}
	return out
}
