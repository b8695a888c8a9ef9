package jobs

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// The form of bbolt's files, of which everything is checked before bbolt opens one: it trusts what it maps into memory, reads much of it on
// goroutines of its own, and would end the process where that is not what it was.
const (
	boltMagic, boltVersion = 0xED0CDAED, 2
	noFreelist             = ^uint64(0)

	branchPage, leafPage, metaPage, freelistPage = 1, 2, 4, 16

	headerSize  = 16 // of a page: number uint64, kind uint16, count uint16, further pages uint32
	elementSize = 16 // of a page of branches: position uint32, key uint32, page uint64; of leaves: kind, position, key, value uint32
	metaSize    = 64 // magic, version, page size, flags uint32; root, sequence, freelist, pages, transaction, checksum uint64
	bucketSize  = 16 // root, sequence uint64; with a root of 0 the page follows
	mostLevels  = 20 // of pages on each other
)

// pages reads a file of bbolt's, and believes nothing of it.
type pages struct {
	file   io.ReaderAt
	size   int64  // of a page
	count  uint64 // of pages in use
	seen   []bool
	take   func(bucket, key, value []byte)
	damage error // the first
}

// readPages calls take for every record of a file of so many bytes, in the order of their keys; take must not keep what it gets. It returns an error
// if anything is not as bbolt writes it, and goes on with what can be read.
func readPages(file io.ReaderAt, size int64, take func(bucket, key, value []byte)) error {
	p := &pages{file: file, take: take}
	root, err := p.readMeta(size)
	if err != nil {
		return err
	}
	p.seen = make([]bool, p.count)
	p.walk(root, bounds{}, &walk{visit: func(key, value []byte, kind uint32) {
		if kind != 1 {
			p.damaged("a record is in no bucket")
			return
		}
		p.bucket(bytes.Clone(key), value)
	}})
	return p.damage
}

func (p *pages) damaged(format string, args ...any) {
	if p.damage == nil {
		p.damage = fmt.Errorf(format, args...)
	}
}

// readMeta finds the latest of the two heads that is complete.
func (p *pages) readMeta(size int64) (root uint64, err error) {
	var latest, freelist uint64
	found := false
	for at := int64(0); at <= 1<<24; at = max(at*2, 1024) { // where the second one may be
		var b [headerSize + metaSize]byte
		if _, err := p.file.ReadAt(b[:], at); err != nil {
			break
		}
		m := b[headerSize:]
		u64 := func(at int) uint64 { return binary.NativeEndian.Uint64(m[at:]) }
		sum := fnv.New64a()
		_, _ = sum.Write(m[:56])
		pageSize := int64(binary.NativeEndian.Uint32(m[8:]))
		if binary.NativeEndian.Uint32(m) != boltMagic || binary.NativeEndian.Uint32(m[4:]) != boltVersion || u64(56) != sum.Sum64() || at > 0 && at != pageSize {
			continue
		}
		if found && u64(48) < latest {
			continue
		}
		found, latest, freelist = true, u64(48), u64(32)
		root, p.count, p.size = u64(16), u64(40), pageSize
	}
	switch {
	case !found:
		return 0, fmt.Errorf("it has no head")
	case p.size < 1024 || p.size > 1<<24 || p.count < 4 || p.count > uint64(size/p.size):
		return 0, fmt.Errorf("it is cut short: %d bytes, where %d pages are in use", size, p.count)
	}
	if freelist != noFreelist { // as bbolt writes a new file
		b, kind := p.page(freelist)
		if kind != freelistPage || binary.NativeEndian.Uint16(b[10:]) != 0 {
			return 0, fmt.Errorf("its list of free pages is none of ours")
		}
	}
	return root, nil
}

// page reads a page and those that belong to it; kind is 0 if it is none.
func (p *pages) page(number uint64) (b []byte, kind uint16) {
	if number < 2 || number >= p.count {
		return nil, 0
	}
	var head [headerSize]byte
	if _, err := p.file.ReadAt(head[:], int64(number)*p.size); err != nil {
		return nil, 0
	}
	kind = binary.NativeEndian.Uint16(head[8:])
	more := uint64(binary.NativeEndian.Uint32(head[12:]))
	if binary.NativeEndian.Uint64(head[:]) != number || more >= p.count-number {
		return nil, 0
	}
	b = make([]byte, int64(more+1)*p.size)
	if _, err := p.file.ReadAt(b, int64(number)*p.size); err != nil {
		return nil, 0
	}
	return b, kind
}

// walk is a way through the pages of a bucket.
type walk struct {
	visit func(key, value []byte, kind uint32)
	last  []byte // key; nil before the first
}

// bounds are what the pages above say of the keys in a page: which is the first, and that all are less than most, if they are not nil. (bbolt finds
// a page in the one above by its first key when it writes it.)
type bounds struct {
	level       int
	first, most []byte
}

func (b bounds) hold(i int, key []byte) bool {
	return (i > 0 || b.first == nil || bytes.Equal(key, b.first)) && (b.most == nil || bytes.Compare(key, b.most) < 0)
}

// bucket reads a bucket, in pages of its own or in the value itself.
func (p *pages) bucket(name, value []byte) {
	if len(value) < bucketSize {
		p.damaged("the bucket %q has no head", name)
		return
	}
	w := &walk{visit: func(key, value []byte, kind uint32) {
		if kind != 0 {
			p.damaged("there is a bucket in the bucket %q", name)
			return
		}
		p.take(name, key, value)
	}}
	root := binary.NativeEndian.Uint64(value)
	if root != 0 {
		p.walk(root, bounds{}, w)
		return
	}
	inside := value[bucketSize:]
	if len(inside) < headerSize || binary.NativeEndian.Uint16(inside[8:]) != leafPage {
		p.damaged("the bucket %q has no page", name)
		return
	}
	p.leaves(inside, bounds{}, w)
}

// walk reads a page and those below it.
func (p *pages) walk(number uint64, within bounds, w *walk) {
	b, kind := p.page(number)
	if b == nil || within.level > mostLevels {
		p.damaged("page %d is none", number)
		return
	}
	for i := range uint64(int64(len(b)) / p.size) {
		if p.seen[number+i] {
			p.damaged("page %d has two places", number+i)
			return
		}
		p.seen[number+i] = true
	}
	count := int(binary.NativeEndian.Uint16(b[10:]))
	switch {
	case kind == leafPage:
		p.leaves(b, within, w)
	case kind != branchPage || count == 0 || headerSize+count*elementSize > len(b):
		p.damaged("page %d is of no kind", number)
	default:
		p.branches(b, count, within, w)
	}
}

// branches reads the pages below a page.
func (p *pages) branches(b []byte, count int, within bounds, w *walk) {
	key := func(i int) []byte {
		at := headerSize + i*elementSize
		key := part(b, at, binary.NativeEndian.Uint32(b[at:]), binary.NativeEndian.Uint32(b[at+4:]))
		if key == nil || !within.hold(i, key) {
			p.damaged("a page has a key that is not in it")
		}
		return key
	}
	for i := range count {
		below := bounds{within.level + 1, key(i), within.most}
		if i+1 < count {
			below.most = key(i + 1)
		}
		p.walk(binary.NativeEndian.Uint64(b[headerSize+i*elementSize+8:]), below, w)
	}
}

// part is so many bytes of a page, counted from an element; nil if they are not in it.
func part(b []byte, element int, position, length uint32) []byte {
	from := uint64(element) + uint64(position)
	if position < elementSize || from+uint64(length) > uint64(len(b)) {
		return nil
	}
	return b[from : from+uint64(length) : from+uint64(length)]
}

// leaves reads the records of a page.
func (p *pages) leaves(b []byte, within bounds, w *walk) {
	count := int(binary.NativeEndian.Uint16(b[10:]))
	if headerSize+count*elementSize > len(b) || count == 0 && within.level > 0 {
		p.damaged("a page has no place for its %d records", count)
		return
	}
	for i := range count {
		at := headerSize + i*elementSize
		e := b[at:]
		kind, position, length := binary.NativeEndian.Uint32(e), binary.NativeEndian.Uint32(e[4:]), binary.NativeEndian.Uint32(e[8:])
		key := part(b, at, position, length)
		value := []byte(nil)
		if key != nil && uint64(position)+uint64(length) < 1<<32 {
			value = part(b, at, position+length, binary.NativeEndian.Uint32(e[12:]))
		}
		if value == nil || kind > 1 {
			p.damaged("a record is not in its page")
			continue
		}
		if len(key) == 0 || bytes.Compare(w.last, key) >= 0 || !within.hold(i, key) {
			p.damaged("records are out of order")
		}
		w.last = append(w.last[:0], key...)
		w.visit(key, value, kind)
	}
}
