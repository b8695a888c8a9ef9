package wire

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"runtime"
	"testing"

	"github.com/klauspost/compress/s2"

	"classsr/fault"
	"classsr/picture"
)

// taken tells how many bytes of memory a call takes, whether it gives them back or not.
func taken(call func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// zeros is a reader that never ends.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// What a piece takes in memory, three times: as samples, as it was sent, and some for what libraries keep.
const fewPieces = 4 * pieceBytes

func TestReadingABandTakesABandAndSomePieces(t *testing.T) {
	for _, depth := range []int{8, 16, 32} {
		c := picture.Config{Width: 2000, Height: 1000, Colors: 3, Depth: depth}
		p := random(c, 9)
		for _, coding := range []byte{Raw, S2} {
			band := AppendBand(nil, p, coding)
			var into *picture.Picture
			read := func() {
				var err error
				if into, err = ReadBand(bytes.NewReader(band), c, into); err != nil {
					t.Fatal(err)
				}
			}
			if got := taken(read); got > c.Bytes()+fewPieces {
				t.Errorf("%d bits, coding %d: %d bytes for a band of %d", depth, coding, got, c.Bytes())
			}
			if got := taken(read); got > fewPieces {
				t.Errorf("%d bits, coding %d: %d bytes for a band that has its memory", depth, coding, got)
			}
			check := func() {
				if _, _, err := CheckBand(bytes.NewReader(band), c); err != nil {
					t.Fatal(err)
				}
			}
			if got := taken(check); got > fewPieces {
				t.Errorf("%d bits, coding %d: checking took %d bytes", depth, coding, got)
			}
			again := make([]byte, 0, len(band)+2*pieceBytes)
			if got := taken(func() { AppendBand(again, p, coding) }); got > fewPieces {
				t.Errorf("%d bits, coding %d: writing took %d bytes", depth, coding, got)
			}
		}
	}
}

func TestLengthsThatLieTakeNoMemory(t *testing.T) {
	c := picture.Config{Width: 20000, Height: math.MaxInt32, Colors: 3, Alpha: true, Depth: 16}
	row, most := rowBytes(c), int64(MostRows(c))
	for _, h := range []struct {
		length, rows int64
		coding       byte
	}{
		{math.MaxUint32, 1, Raw}, {math.MaxUint32, most + 1, Raw}, {math.MaxUint32, most, S2}, {(most + 1) * row, most + 1, Raw}, {most * row, math.MaxUint32, Raw},
		{100, most, Raw}, {0, 0, Raw}, {0, 0, S2}, {row, 1, 2},
	} {
		head := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, uint32(h.length)), uint32(h.rows))
		stream := append(head, h.coding, 0, 0, 0)
		got := taken(func() {
			if _, err := ReadBand(io.MultiReader(bytes.NewReader(stream), zeros{}), c, nil); fault.KindOf(err) != fault.Damaged {
				t.Errorf("%+v: %v", h, err)
			}
		})
		if got > 64<<10 {
			t.Errorf("%+v: %d bytes were taken", h, got)
		}
	}
	// The worst is a band that never comes: checking it takes its pieces, reading it the band.
	stream := append(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, 100), uint32(most)), S2, 0, 0, 0)
	if got := taken(func() {
		if _, _, err := CheckBand(io.MultiReader(bytes.NewReader(stream), zeros{}), c); fault.KindOf(err) != fault.Damaged {
			t.Error(err)
		}
	}); got > fewPieces {
		t.Errorf("%d bytes were taken for checking", got)
	}
	if got := taken(func() {
		if _, err := ReadBand(io.MultiReader(bytes.NewReader(stream), zeros{}), c, nil); fault.KindOf(err) != fault.Damaged {
			t.Error(err)
		}
	}); got > MostBand+fewPieces {
		t.Errorf("%d bytes were taken for reading", got)
	}
}

// s2Band is a band whose pieces are these, whatever they hold. Its hash is that of the picture.
func s2Band(p *picture.Picture, blocks ...[]byte) []byte {
	var payload []byte
	for _, b := range blocks {
		payload = append(binary.LittleEndian.AppendUint32(payload, uint32(len(b))), b...)
	}
	band := AppendBand(nil, p, Raw)[:bandHead]
	binary.LittleEndian.PutUint32(band, uint32(len(payload)))
	band[8] = S2
	return append(band, payload...)
}

func TestBlocksOfAnotherLengthAreRefused(t *testing.T) {
	c := picture.Config{Width: 100, Height: 2, Colors: 1, Depth: 8}
	black := c.New() // so that no difference shows
	if _, err := ReadBand(bytes.NewReader(s2Band(black, s2.Encode(nil, make([]byte, 200)))), c, nil); err != nil {
		t.Fatal(err)
	}
	for _, blocks := range [][][]byte{
		{s2.Encode(nil, make([]byte, 199))}, {s2.Encode(nil, make([]byte, 201))}, {s2.Encode(nil, make([]byte, 100)), s2.Encode(nil, make([]byte, 100))},
		{binary.AppendUvarint(nil, 1<<30)}, {append(binary.AppendUvarint(nil, 200), 0xff)}, {{}}, {},
	} {
		band := s2Band(black, blocks...)
		if got := taken(func() {
			if _, err := ReadBand(bytes.NewReader(band), c, nil); fault.KindOf(err) != fault.Damaged {
				t.Errorf("%x: %v", blocks, err)
			}
		}); got > 64<<10 {
			t.Errorf("%x: %d bytes were taken", blocks, got)
		}
	}
	c.Depth = 32
	if _, err := ReadBand(bytes.NewReader(s2Band(c.New(), s2.Encode(nil, make([]byte, 800)))), c, nil); fault.KindOf(err) != fault.Damaged {
		t.Errorf("floats by S2: %v", err)
	}
}
