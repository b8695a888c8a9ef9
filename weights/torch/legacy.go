package torch

import (
	"fmt"
	"io"
	"math"

	"classsr/fault"
)

const (
	// legacyMagic is 0x1950a86a20f9469cfc6c, what the first pickle of a legacy file holds.
	legacyMagic   = bigInt("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19")
	legacyVersion = int64(1001)
)

// openLegacy opens a file of the format before the zip files. It is a row of pickles (magic number, version, facts about the
// machine, the object, the list of storage keys), then for each key the number of elements in 8 bytes and the elements.
func openLegacy(r io.ReaderAt, size int64) (*archive, error) {
	in := newInput(io.NewSectionReader(r, 0, size), size)
	if err := readLegacyHeader(in); err != nil {
		return nil, err
	}
	known := storages{}
	root, err := unpickle(in, known.resolve)
	if err != nil {
		return nil, err
	}
	keys, err := unpickle(in, nil)
	if err != nil {
		return nil, err
	}
	if err := known.locate(keys, r, in.pos, size); err != nil {
		return nil, err
	}
	return &archive{root: root, load: func(s *storage) ([]byte, error) { return s.read(r) }}, nil
}

func readLegacyHeader(in *input) error {
	magic, err := unpickle(in, nil)
	if err != nil {
		return err
	}
	if magic != legacyMagic {
		return fault.New(fault.Unsupported, "not a PyTorch checkpoint: a pickle of %s, without the number that torch.save puts first", kindOf(magic))
	}
	version, err := unpickle(in, nil)
	if err != nil {
		return err
	}
	if version != legacyVersion {
		return fault.New(fault.Unsupported, "refuses a legacy file of another version than %d: save it again", legacyVersion)
	}
	machine, err := unpickle(in, nil)
	if err != nil {
		return err
	}
	facts, ok := machine.(*dict)
	if !ok {
		return broken("the facts about the machine are %s", kindOf(machine))
	}
	for _, e := range facts.entries {
		if e.key == "little_endian" && e.value != true {
			return fault.New(fault.Unsupported, "refuses a file of a big-endian machine: save it on a little-endian one")
		}
	}
	return nil
}

// locate notes where each storage lies, the first at offset pos, and checks their lengths against size, that of the file.
func (s storages) locate(keys any, r io.ReaderAt, pos, size int64) error {
	list, ok := keys.(*list)
	if !ok {
		return broken("the storages are listed in %s", kindOf(keys))
	}
	for _, k := range list.items {
		key, ok := k.(string)
		of := s[key]
		if !ok || of == nil || of.at != 0 {
			return broken("its list of storages names %s, which no tensor has or which was named before", quote(key))
		}
		if size-pos < 8 {
			return errShort(key)
		}
		in := newInput(io.NewSectionReader(r, pos, 8), 8)
		n, err := in.uint(8)
		if err != nil {
			return err
		}
		if n > math.MaxInt64 || int64(n) != of.numel {
			return fmt.Errorf("storage %s has %d elements, but its pickle says %d", quote(key), n, of.numel)
		}
		of.at = pos + 8
		if of.numel > (size-of.at)/of.kind.bytes {
			return errShort(key)
		}
		pos = of.at + of.numel*of.kind.bytes
	}
	return nil
}

func errShort(key string) error {
	return fmt.Errorf("the file is cut off before the end of storage %s: copy or download it again", quote(key))
}

func (s *storage) read(r io.ReaderAt) ([]byte, error) {
	if s.at == 0 {
		return nil, fmt.Errorf("storage %s is missing: the file is not complete", quote(s.key))
	}
	data := make([]byte, s.numel*s.kind.bytes)
	if n, err := r.ReadAt(data, s.at); n < len(data) {
		return nil, fmt.Errorf("cannot read storage %s: %w", quote(s.key), err)
	}
	return data, nil
}
