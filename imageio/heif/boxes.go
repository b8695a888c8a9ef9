package heif

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"

	"classsr/imageio/codec"
)

// HEIC and AVIF are files of boxes (ISO/IEC 14496-12) with items (23008-12): the box meta lists them, where their data lie and their
// properties, of which sizes, turns and colours are read here.

// item is something that a file holds: a picture, a part of one, metadata.
type item struct {
	kind       string
	content    string // the type of content, of items of kind mime
	inside     bool   // its data lie in the box meta
	extents    []extent
	properties []int               // numbers, from 1
	refers     map[string][]uint32 // to other items, by the kind of the reference
}

// extent is a part of an item's data.
type extent struct{ at, length int64 }

// property is a box that says something about items.
type property struct {
	kind string
	body []byte
}

// items is what the box meta says.
type items struct {
	primary    uint32
	all        map[uint32]*item
	properties []property
	data       []byte // of items that lie in the box
	extents    int    // so far, of all
}

const (
	longestMeta = 8 << 20
	mostItems   = 1 << 16
	mostBoxes   = 1 << 10
)

var errBoxes = errors.New("its boxes contradict each other")

// findMeta reads the boxes of the file up to meta, and gives the body of that and where the next box begins.
func findMeta(s *codec.Source) (body []byte, next int64, err error) {
	at := int64(0)
	for range mostBoxes {
		head, err := s.Bytes(at, 8)
		if err != nil {
			return nil, 0, err
		}
		length, kind, own := int64(binary.BigEndian.Uint32(head)), string(head[4:8]), int64(8)
		if length == 1 {
			if head, err = s.Bytes(at, 16); err != nil {
				return nil, 0, err
			}
			length, own = int64(binary.BigEndian.Uint64(head[8:])), 16
		}
		switch {
		case kind == "moov":
			return nil, 0, codec.Unsupported("a sequence without a still picture is not supported: extract a frame, for example with ffmpeg")
		case length < own:
			return nil, 0, errors.New("it contains no picture")
		case kind == "meta":
			if length-own > longestMeta {
				return nil, 0, codec.Unsupported("a list of items of %d bytes is not supported", length)
			}
			body, err := s.Bytes(at+own, int(length-own))
			return bytes.Clone(body), at + length, err
		}
		at += length
	}
	return nil, 0, errors.New("it contains no picture")
}

// each calls visit for the boxes in data.
func each(data []byte, visit func(kind string, body []byte) error) error {
	for len(data) >= 8 {
		length, own := uint64(binary.BigEndian.Uint32(data)), 8
		switch {
		case length == 0:
			length = uint64(len(data))
		case length == 1 && len(data) >= 16:
			length, own = binary.BigEndian.Uint64(data[8:]), 16
		}
		if length < uint64(own) || length > uint64(len(data)) {
			return errBoxes
		}
		if err := visit(string(data[4:8]), data[own:length]); err != nil {
			return err
		}
		data = data[length:]
	}
	return nil
}

// fields reads the fields of a box. What is missing is zero, and failed is set.
type fields struct {
	data   []byte
	failed bool
}

func (f *fields) uint(bytes int) uint64 {
	if bytes > len(f.data) {
		f.data, f.failed = nil, true
		return 0
	}
	v := uint64(0)
	for _, b := range f.data[:bytes] {
		v = v<<8 | uint64(b)
	}
	f.data = f.data[bytes:]
	return v
}

// text reads a string that ends with a zero.
func (f *fields) text() string {
	s, rest, found := bytes.Cut(f.data, []byte{0})
	if f.data = rest; !found {
		f.data = nil
	}
	return string(s)
}

// full reads version and flags.
func (f *fields) full() (version, flags int) {
	v := f.uint(4)
	return int(v >> 24), int(v & 0xffffff)
}

// readItems reads the body of the box meta.
func readItems(meta []byte) (*items, error) {
	t := &items{all: map[uint32]*item{}}
	if len(meta) < 4 {
		return nil, io.ErrUnexpectedEOF
	}
	var uses []byte
	err := each(meta[4:], func(kind string, body []byte) error {
		f := &fields{data: body}
		switch kind {
		case "pitm":
			version, _ := f.full()
			t.primary = uint32(f.uint(2 + 2*min(version, 1)))
		case "iinf":
			return t.infos(f)
		case "iloc":
			t.locations(f)
		case "iref":
			return t.references(f)
		case "idat":
			t.data = body
		case "iprp":
			return each(body, func(kind string, body []byte) error {
				switch kind {
				case "ipco":
					return each(body, func(kind string, body []byte) error {
						t.properties = append(t.properties, property{kind, body})
						return nil
					})
				case "ipma":
					uses = body
				}
				return nil
			})
		}
		if f.failed {
			return errBoxes
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t, t.associate(&fields{data: uses})
}

// item gives an item, made if there is none.
func (t *items) item(id uint32) *item {
	i := t.all[id]
	if i == nil {
		i = &item{refers: map[string][]uint32{}}
		if len(t.all) < mostItems {
			t.all[id] = i
		}
	}
	return i
}

// infos reads what kinds items are of.
func (t *items) infos(f *fields) error {
	version, _ := f.full()
	f.uint(2 + 2*min(version, 1))
	return each(f.data, func(kind string, body []byte) error {
		entry := &fields{data: body}
		version, _ := entry.full()
		if kind != "infe" || version < 2 {
			return nil
		}
		i := t.item(uint32(entry.uint(2 * (version - 1) & 6)))
		entry.uint(2) // protection
		k := entry.uint(4)
		i.kind = string([]byte{byte(k >> 24), byte(k >> 16), byte(k >> 8), byte(k)})
		entry.text()
		if i.kind == "mime" {
			i.content = entry.text()
		}
		if entry.failed {
			return errBoxes
		}
		return nil
	})
}

// locations reads where items lie.
func (t *items) locations(f *fields) {
	version, _ := f.full()
	sizes := f.uint(2)
	offset, length, base, index := int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)
	wide := 2
	if version == 2 {
		wide = 4
	}
	for n := f.uint(wide); n > 0 && !f.failed; n-- {
		i := t.item(uint32(f.uint(wide)))
		method := uint64(0)
		if version > 0 {
			method = f.uint(2) & 15
		}
		f.uint(2) // the file that the data are in
		from := int64(f.uint(base))
		i.inside = method == 1
		for n := f.uint(2); n > 0 && !f.failed; n-- {
			// Extents whose fields have no bytes would cost a file nothing.
			if t.extents++; t.extents > mostItems {
				f.failed = true
				return
			}
			if version > 0 {
				f.uint(index)
			}
			at := from + int64(f.uint(offset))
			i.extents = append(i.extents, extent{at, int64(f.uint(length))})
		}
	}
}

// references reads which items refer to which.
func (t *items) references(f *fields) error {
	version, _ := f.full()
	wide := 2 + 2*min(version, 1)
	return each(f.data, func(kind string, body []byte) error {
		r := &fields{data: body}
		from := t.item(uint32(r.uint(wide)))
		for n := r.uint(2); n > 0 && !r.failed; n-- {
			from.refers[kind] = append(from.refers[kind], uint32(r.uint(wide)))
		}
		if r.failed {
			return errBoxes
		}
		return nil
	})
}

// associate reads which properties items have.
func (t *items) associate(f *fields) error {
	if f.data == nil {
		return errors.New("its pictures have no properties")
	}
	version, flags := f.full()
	wide := 1 + flags&1
	for n := f.uint(4); n > 0 && !f.failed; n-- {
		i := t.item(uint32(f.uint(2 + 2*min(version, 1))))
		for n := f.uint(1); n > 0 && !f.failed; n-- {
			number := f.uint(wide) &^ (1 << (8*wide - 1)) // without the flag that it is essential
			i.properties = append(i.properties, int(number))
		}
	}
	if f.failed {
		return errBoxes
	}
	return nil
}

// properties calls visit for the properties of an item, in their order.
func (t *items) each(i *item, visit func(kind string, f *fields)) {
	for _, n := range i.properties {
		if n >= 1 && n <= len(t.properties) {
			visit(t.properties[n-1].kind, &fields{data: t.properties[n-1].body})
		}
	}
}

// read gives the data of an item of at most so many bytes; nil if there is no item, if it is longer, or its data are not there.
func (t *items) read(s *codec.Source, i *item, most int64) []byte {
	if i == nil {
		return nil
	}
	var all []byte
	for _, e := range i.extents {
		if e.at < 0 || e.length < 0 || e.length > most-int64(len(all)) || e.at > math.MaxInt64-2*most {
			return nil
		}
		if i.inside {
			if e.at > int64(len(t.data)) || e.length > int64(len(t.data))-e.at {
				return nil
			}
			all = append(all, t.data[e.at:e.at+e.length]...)
			continue
		}
		part, err := s.Bytes(e.at, int(e.length))
		if err != nil {
			return nil
		}
		all = append(all, part...)
	}
	return all
}
