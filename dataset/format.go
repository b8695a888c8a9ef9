// Package dataset makes and reads training data: pairs of LR and HR patches cut from pictures, in one file that may be larger
// than memory.
//
// Prepare makes the file from folders of pictures. Open gives a Store of it, and Store.Sampler batches of patches in a random
// order that depends on nothing but a seed and a number. The difficulty of a patch is the PSNR that a judge, a trained network,
// reaches on it; the higher, the easier. Store.Split cuts the patches into classes by it.
//
// Patches overlap, so the file holds pictures, in tiles, and a table that says where patches lie: a quarter of what single patches
// would take. docs/formats.md describes it.
package dataset

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"classsr/degrade"
	"classsr/fault"
)

// Marks in a file.
const (
	fileMagic    = "classsr-data-1\n\x00"
	trailerMagic = "classsr-data-end"
	recordMagic  = 0x64636572
	trailerSize  = 4*8 + 4 + len(trailerMagic)
	recordSize   = 4 + 4 + 8 + 4
	entrySize    = 16
)

// tileSide is the side of a tile in LR pixels: patches at the paper's positions consist of whole tiles.
const tileSide = 16

// Settings say how patches are made; they are stored with the data. Lengths are in LR pixels.
type Settings struct {
	Scale   int       `json:"scale"`
	Patch   int       `json:"patch"`   // side of a patch; the paper's is 32
	Step    int       `json:"step"`    // from one patch to the next; the paper's is 16
	Factors []float64 `json:"factors"` // the HR pictures are used at these sizes; the paper's are 1, 0.9, 0.8, 0.7 and 0.6
	Thin    int       `json:"thin"`    // of patches that are flat one in so many is kept; 1 keeps all
	Judge   string    `json:"judge"`   // name of the model whose PSNR is the difficulty; empty if there is none
	Classes int       `json:"classes"` // for the stored thresholds
	// Degradation says how the LR pictures are degraded after they were reduced; nil if they are not. The judge sees them degraded.
	Degradation *degrade.Degradation `json:"degradation,omitempty"`
}

// PaperSettings are those of the paper at a scale (section 4.1), without a judge.
func PaperSettings(scale int) Settings {
	return Settings{Scale: scale, Patch: 32, Step: 16, Factors: []float64{1, 0.9, 0.8, 0.7, 0.6}, Thin: 1, Classes: 3}
}

// Bounds of settings, wide enough for any use and narrow enough for memory.
const (
	maxScale   = 8
	maxPatch   = 256
	maxFactors = 32
	maxClasses = 16
)

// Check returns an error if no data can be made like that.
func (s Settings) Check() error { return fault.As(fault.Usage, s.check()) }

func (s Settings) check() error {
	switch {
	case s.Scale < 2 || s.Scale > maxScale:
		return fmt.Errorf("scale %d: it is 2 to %d", s.Scale, maxScale)
	case s.Patch < 8 || s.Patch > maxPatch || s.Patch%4 != 0:
		return fmt.Errorf("patches of %d LR pixels: the side must be a multiple of 4 from 8 to %d", s.Patch, maxPatch)
	case s.Step < 1 || s.Step > maxPatch:
		return fmt.Errorf("a step of %d LR pixels: it must be 1 to %d", s.Step, maxPatch)
	case len(s.Factors) < 1 || len(s.Factors) > maxFactors:
		return fmt.Errorf("%d sizes of each picture: give 1 to %d", len(s.Factors), maxFactors)
	case s.Thin < 1:
		return fmt.Errorf("keeping one in %d of flat patches: give 1 or more", s.Thin)
	case s.Classes < 2 || s.Classes > maxClasses:
		return fmt.Errorf("%d classes: there are 2 to %d", s.Classes, maxClasses)
	}
	if s.Degradation != nil {
		if err := s.Degradation.Check(); err != nil {
			return fmt.Errorf("degradation: %w", err)
		}
	}
	for _, f := range s.Factors {
		if !(f > 0 && f <= 1) {
			return fmt.Errorf("a picture cannot be used at %v times its size: give numbers in 0..1", f)
		}
	}
	return nil
}

// Source is a picture file that went into the data, or could not.
type Source struct {
	Name   string `json:"name"` // path from its folder on
	SHA256 string `json:"sha256"`
	// Error says why it could not be read; empty if it could.
	Error string `json:"error,omitempty"`
}

// header is what a file begins with. Data can be resumed only if all of it is the same.
type header struct {
	Settings Settings `json:"settings"`
	Sources  []Source `json:"sources"`
}

// entry is one version of a picture in the file.
type entry struct {
	Source  int     `json:"source"`
	Factor  float64 `json:"factor"`
	Variant int     `json:"variant,omitempty"` // from 0
	// Degraded says what was done to the LR picture, in this order.
	Degraded []string `json:"degraded,omitempty"`
	Width    int      `json:"width"` // in LR pixels
	Height   int      `json:"height"`
	// Patches that are in the table and that were left out because they are flat.
	Patches int    `json:"patches"`
	Thinned int    `json:"thinned,omitempty"`
	Error   string `json:"error,omitempty"`
	// Offset of the tiles in the file.
	Offset int64 `json:"offset,omitempty"`
	// TileSums are the CRC-32C of the tiles, little-endian, 4 bytes each. Records of a file that is being made have none, nor have files
	// of early versions.
	TileSums []byte `json:"tile_sums,omitempty"`
}

// check returns an error if no picture can be like that.
func (e entry) check() error {
	const longest = 1 << 24
	if e.Width < 0 || e.Height < 0 || e.Width > longest || e.Height > longest || e.Offset < 0 || e.Patches < 0 || e.Patches > math.MaxInt32 {
		return errDamaged
	}
	return nil
}

// tiles is how many tiles lie beside and below each other.
func (e entry) tiles() (columns, rows int) {
	return parts(e.Width, tileSide), parts(e.Height, tileSide)
}

// parts is how many parts of at most size make up length.
func parts(length, size int) int { return (length + size - 1) / size }

// tileBytes is the size of a tile: three LR planes, then three HR planes.
func tileBytes(scale int) int { return 3 * tileSide * tileSide * (1 + scale*scale) }

// metadata is what a file ends with, before its trailer.
type metadata struct {
	header
	Entries    []entry   `json:"entries"`
	Thresholds []float64 `json:"thresholds,omitempty"` // in dB, falling
}

// patch is a line of the table.
type patch struct {
	entry int32
	x, y  int32   // upper left corner in LR pixels
	psnr  float32 // of the judge, in dB; NaN without one
}

func (p patch) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(p.entry))
	b = binary.LittleEndian.AppendUint32(b, uint32(p.x))
	b = binary.LittleEndian.AppendUint32(b, uint32(p.y))
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(p.psnr))
}

func readPatch(b []byte) patch {
	u := binary.LittleEndian.Uint32
	return patch{int32(u(b)), int32(u(b[4:])), int32(u(b[8:])), math.Float32frombits(u(b[12:]))}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// record is a part of a file while it is being made: the header or an entry, with its tiles and its lines of the table.
type record struct {
	text    []byte // JSON
	payload []byte
}

func (r record) write(w io.Writer) error {
	sum := crc32.Update(crc32.Checksum(r.text, castagnoli), castagnoli, r.payload)
	b := binary.LittleEndian.AppendUint32(nil, recordMagic)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(r.text)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(r.payload)))
	b = binary.LittleEndian.AppendUint32(b, sum)
	for _, part := range [][]byte{b, r.text, r.payload} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// size is what the record takes in the file.
func (r record) size() int64 { return recordSize + int64(len(r.text)) + int64(len(r.payload)) }

// errCut says that a record is not complete, as the last one may be of a run that was killed.
var errCut = errors.New("the file ends within a record")

// recordHead is what a record begins with.
type recordHead struct {
	text, payload int64 // lengths
	sum           uint32
}

// readRecordHead reads the head of a record that must not reach beyond limit bytes.
func readRecordHead(r io.Reader, limit int64) (recordHead, error) {
	var head [recordSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return recordHead{}, err
	}
	u := binary.LittleEndian
	text, payload := int64(u.Uint32(head[4:])), u.Uint64(head[8:])
	if u.Uint32(head[:]) != recordMagic || payload > uint64(limit) || recordSize+text+int64(payload) > limit {
		return recordHead{}, errDamaged
	}
	return recordHead{text, int64(payload), u.Uint32(head[16:])}, nil
}

// readRecord reads a record that must not reach beyond limit bytes. Damage and a cut are both errCut: such a record is made anew.
func readRecord(r io.Reader, limit int64) (record, error) {
	h, err := readRecordHead(r, limit)
	if err != nil {
		return record{}, errCut
	}
	rec := record{make([]byte, h.text), make([]byte, h.payload)}
	for _, part := range [][]byte{rec.text, rec.payload} {
		if _, err := io.ReadFull(r, part); err != nil {
			return record{}, errCut
		}
	}
	if sum := crc32.Update(crc32.Checksum(rec.text, castagnoli), castagnoli, rec.payload); sum != h.sum {
		return record{}, errCut
	}
	return rec, nil
}

// trailer says where the end of a file has what.
type trailer struct {
	table    int64 // offset of the patches
	patches  int64
	metadata int64 // offset
	length   int64 // of the metadata
	sum      uint32
}

func (t trailer) bytes() []byte {
	var b []byte
	for _, v := range []int64{t.table, t.patches, t.metadata, t.length} {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	b = binary.LittleEndian.AppendUint32(b, t.sum)
	return append(b, trailerMagic...)
}

// writeEnd writes the table and the metadata of a file that has offset bytes so far, and its trailer.
func writeEnd(w io.Writer, offset int64, patches []patch, m metadata) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	table := make([]byte, 0, len(patches)*entrySize)
	for _, p := range patches {
		table = p.append(table)
	}
	t := trailer{
		table: offset, patches: int64(len(patches)), metadata: offset + int64(len(table)), length: int64(len(text)),
		sum: crc32.Update(crc32.Checksum(table, castagnoli), castagnoli, text),
	}
	for _, part := range [][]byte{table, text, t.bytes()} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// variants is how often each picture is used at each size.
func (s Settings) variants() int {
	if s.Degradation == nil {
		return 1
	}
	return s.Degradation.Variants
}
