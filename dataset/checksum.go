package dataset

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"classsr/fault"
)

// sumSize is the size of a checksum.
const sumSize = crc32.Size

// tileSums gives the checksums of tiles of this size.
func tileSums(tiles []byte, size int) []byte {
	var sums []byte
	for ; len(tiles) > 0; tiles = tiles[size:] {
		sums = binary.LittleEndian.AppendUint32(sums, crc32.Checksum(tiles[:size], castagnoli))
	}
	return sums
}

// intact tells whether a tile, the one of this number, is what was written. Without a checksum it counts as intact.
func (e *entry) intact(tile []byte, number int) bool {
	return e.TileSums == nil || crc32.Checksum(tile, castagnoli) == binary.LittleEndian.Uint32(e.TileSums[number*sumSize:])
}

func (s *Store) damagedTile(e *entry) error {
	return fault.New(fault.Damaged, "damaged: the part that holds %s at %v times its size has changed since it was written: prepare the file again",
		s.meta.Sources[e.Source].Name, e.Factor)
}

// Verified tells whether Load notices damage. If not, the file is of an early version: its pictures have checksums as wholes only, which
// Verify compares.
func (s *Store) Verified() bool {
	return !slices.ContainsFunc(s.meta.Entries, func(e entry) bool { return e.Width > 0 && e.TileSums == nil })
}

// Verify reads all pictures and returns an error if one is damaged, or ctx's error. It is for files that are not Verified.
func (s *Store) Verify(ctx context.Context) error {
	at := int64(len(fileMagic))
	in := bufio.NewReaderSize(io.NewSectionReader(s.file, at, s.end-at), 1<<20)
	for at < s.end {
		if err := ctx.Err(); err != nil {
			return err
		}
		length, err := verifyRecord(in, s.end-at)
		if err != nil {
			return s.failed(err)
		}
		at += length
	}
	return nil
}

// verifyRecord reads a record that must not reach beyond limit bytes, and gives its length.
func verifyRecord(in io.Reader, limit int64) (length int64, err error) {
	h, err := readRecordHead(in, limit)
	if err != nil {
		return 0, err
	}
	sum := crc32.New(castagnoli)
	if _, err := io.CopyN(sum, in, h.text+h.payload); err != nil {
		return 0, err
	}
	if sum.Sum32() != h.sum {
		return 0, errDamaged
	}
	return recordSize + h.text + h.payload, nil
}

// Identity tells files of different content apart: settings, pictures, patches, and the tiles by their checksums.
func (s *Store) Identity() string { return s.identity(s.meta) }

// Is tells whether an identity, as Identity gives it or as early versions did, is that of the store.
func (s *Store) Is(identity string) bool {
	early := s.meta
	early.Entries = slices.Clone(early.Entries)
	for i := range early.Entries {
		early.Entries[i].TileSums = nil
	}
	return identity == s.identity(s.meta) || identity == s.identity(early)
}

func (s *Store) identity(m metadata) string {
	text, err := json.Marshal(m)
	if err != nil {
		panic("dataset: metadata that was read cannot be written: " + err.Error())
	}
	sum := crc32.Checksum(text, castagnoli)
	for _, p := range s.patches {
		sum = crc32.Update(sum, castagnoli, p.append(nil))
	}
	return fmt.Sprintf("%d patches, %08x", len(s.patches), sum)
}
