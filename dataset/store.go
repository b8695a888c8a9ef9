package dataset

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"sync"
	"unsafe"

	"classsr/fault"
	"classsr/internal/kernel"
	"classsr/internal/regular"
	"classsr/internal/sysmem"
	"classsr/tensor"
)

// Store is an open data file. Several goroutines may read patches of it at once.
type Store struct {
	meta    metadata
	patches []patch
	name    string // of the file
	file    io.ReaderAt
	end     int64     // of the records, and where the table begins
	closer  io.Closer // of the file
	buffers sync.Pool // *[]byte: tiles that lie beside each other
}

// Open opens a file that Prepare made. Its table is read into memory (16 bytes a patch) and verified; the pictures are not, but Load
// verifies what it reads of them. Errors name the file.
func Open(path string) (*Store, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, fmt.Errorf("training data %s: %w", path, cause(err))
	}
	info, err := f.Stat()
	s := &Store{name: path, file: f, closer: f}
	if err == nil {
		err = s.readIndex(info.Size())
	}
	if err != nil {
		_ = f.Close() // opened for reading only
		return nil, s.failed(err)
	}
	return s, nil
}

var (
	errNoData  = fault.New(fault.Unsupported, "it was not made by classsr prepare")
	errDamaged = fault.New(fault.Damaged, "damaged, or cut short: prepare it again")
)

// failed names the file in an error about it. That it ends where something should be is damage.
func (s *Store) failed(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errDamaged
	}
	return fmt.Errorf("training data %s: %w", s.name, fault.Default(fault.Unavailable, cause(err)))
}

// readIndex reads all but the pictures.
func (s *Store) readIndex(size int64) error {
	t, err := readTrailer(s.file, size)
	if err != nil {
		return err
	}
	s.end = t.table
	return s.readEnd(s.file, t)
}

func tooLargeTable(length int64) error {
	return fault.New(fault.TooLarge, "its table of %d MB does not fit into the memory that the program may use", length/1e6)
}

func readTrailer(f io.ReaderAt, size int64) (trailer, error) {
	magic := make([]byte, len(fileMagic))
	if _, err := f.ReadAt(magic, 0); err != nil || string(magic) != fileMagic {
		return trailer{}, errNoData
	}
	b := make([]byte, trailerSize)
	if _, err := f.ReadAt(b, max(size-int64(len(b)), 0)); err != nil {
		return trailer{}, errDamaged
	}
	number := func(i int) int64 { return int64(binary.LittleEndian.Uint64(b[8*i:])) }
	t := trailer{number(0), number(1), number(2), number(3), binary.LittleEndian.Uint32(b[32:])}
	end := size - int64(len(b))
	// In an order in which nothing overflows.
	if string(b[36:]) != trailerMagic || t.table < 0 || t.table > end || t.patches < 0 || t.patches > (end-t.table)/entrySize ||
		t.patches > math.MaxInt32 || t.metadata != t.table+t.patches*entrySize || t.length != end-t.metadata {
		return trailer{}, errDamaged
	}
	return t, nil
}

// readEnd reads and checks the table and the metadata.
func (s *Store) readEnd(f io.ReaderAt, t trailer) error {
	most := sysmem.Available() / 2
	if length := t.metadata + t.length - t.table; length > most/3 { // itself, and what is made of it
		return tooLargeTable(length)
	}
	end := make([]byte, t.metadata+t.length-t.table)
	if _, err := f.ReadAt(end, t.table); err != nil {
		return err
	}
	table, text := end[:t.patches*entrySize], end[t.patches*entrySize:]
	if crc32.Checksum(end, castagnoli) != t.sum {
		return errDamaged
	}
	// A short text of many commas becomes large: that of one entry takes most.
	if int64(bytes.Count(text, []byte(",")))*int64(unsafe.Sizeof(entry{})) > most {
		return tooLargeTable(t.length)
	}
	if err := json.Unmarshal(text, &s.meta); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	if err := s.meta.Settings.check(); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	for _, e := range s.meta.Entries {
		if err := e.check(); err != nil {
			return err
		}
		columns, rows := e.tiles()
		tiles := int64(columns) * int64(rows)
		if e.Source < 0 || e.Source >= len(s.meta.Sources) ||
			e.Offset > t.table || tiles > (t.table-e.Offset)/int64(tileBytes(s.Scale())) ||
			e.TileSums != nil && int64(len(e.TileSums)) != tiles*sumSize {
			return errDamaged
		}
	}
	if n := len(s.meta.Thresholds); n > maxClasses {
		return errDamaged
	}
	s.patches = make([]patch, t.patches)
	side := int32(s.Patch())
	for i := range s.patches {
		p := readPatch(table[i*entrySize:])
		if p.entry < 0 || int(p.entry) >= len(s.meta.Entries) {
			return errDamaged
		}
		e := s.meta.Entries[p.entry]
		if p.x < 0 || p.y < 0 || int64(p.x)+int64(side) > int64(e.Width) || int64(p.y)+int64(side) > int64(e.Height) {
			return errDamaged
		}
		s.patches[i] = p
	}
	if len(s.patches) == 0 {
		return errDamaged
	}
	return nil
}

// Close closes the file; the store must not be used any more.
func (s *Store) Close() error { return s.closer.Close() }

// Len is the number of patches.
func (s *Store) Len() int { return len(s.patches) }

// Scale is how many times larger HR patches are.
func (s *Store) Scale() int { return s.meta.Settings.Scale }

// Patch is the side of LR patches in pixels.
func (s *Store) Patch() int { return s.meta.Settings.Patch }

// Summary says what is in the file.
func (s *Store) Summary() *Summary { return s.meta.summary(len(s.patches)) }

// Load writes patch number i as picture k of two batches, in 0..1: LR to lr, N x 3 x Patch x Patch, and HR to hr, Scale times larger. It
// returns an error, of kind fault.Damaged, if the file has changed since it was made.
func (s *Store) Load(lr, hr *tensor.Tensor, k, i int) error {
	p := s.patches[i]
	e := &s.meta.Entries[p.entry]
	columns, _ := e.tiles()
	size, lrBytes := tileBytes(s.Scale()), 3*tileSide*tileSide
	x, y, side, scale := int(p.x), int(p.y), s.Patch(), s.Scale()
	left, right := x/tileSide, (x+side-1)/tileSide
	buffer, _ := s.buffers.Get().(*[]byte)
	if buffer == nil {
		most := make([]byte, (parts(side, tileSide)+1)*size)
		buffer = &most
	}
	defer s.buffers.Put(buffer)
	row := (*buffer)[:(right-left+1)*size] // of tiles, which lie one behind the other
	for top := y / tileSide; top*tileSide < y+side; top++ {
		if _, err := s.file.ReadAt(row, e.Offset+int64(top*columns+left)*int64(size)); err != nil {
			return s.failed(err)
		}
		for column := left; column <= right; column++ {
			tile := row[(column-left)*size:][:size]
			if !e.intact(tile, top*columns+column) {
				return s.failed(s.damagedTile(e))
			}
			dx, dy := column*tileSide-x, top*tileSide-y
			putTile(lr, k, tile[:lrBytes], tileSide, dx, dy)
			putTile(hr, k, tile[lrBytes:], tileSide*scale, dx*scale, dy*scale)
		}
	}
	return nil
}

// putTile writes a tile, three planes of side x side samples, into picture k at (x, y), as far as it reaches into it.
func putTile(dst *tensor.Tensor, k int, tile []byte, side, x, y int) {
	left, right := max(0, -x), min(side, dst.W-x)
	for c := range 3 {
		plane := dst.Plane(k, c)
		for row := max(0, -y); row < min(side, dst.H-y); row++ {
			at := (c*side+row)*side + left
			kernel.FloatsFromBytes(plane[(y+row)*dst.W+x+left:][:right-left], tile[at:], 1)
		}
	}
}
