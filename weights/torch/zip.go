package torch

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math"
	"path"
	"strings"

	"classsr/fault"
)

// zipFile is a checkpoint of the newer format: FOLDER/data.pkl beside one entry FOLDER/data/KEY for each storage, where the
// folder has the name the file once had.
type zipFile struct {
	entries map[string]*zip.File // by name within the folder
	left    int64                // bytes that may still be read: entries may overlap, but no honest one does
}

func openZip(r io.ReaderAt, size int64) (*archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("broken zip file, perhaps cut off: %w", err)
	}
	folder, err := findFolder(z)
	if err != nil {
		return nil, err
	}
	f := &zipFile{entries: map[string]*zip.File{}, left: size}
	for _, e := range z.File {
		name, ok := strings.CutPrefix(e.Name, folder)
		if !ok {
			continue
		}
		if f.entries[name] != nil {
			return nil, fmt.Errorf("zip entry %s is there twice", quote(e.Name))
		}
		f.entries[name] = e
	}
	if err := f.checkKind(); err != nil {
		return nil, err
	}
	pickle, err := f.read("data.pkl", maxPickleBytes)
	if err != nil {
		return nil, err
	}
	root, err := unpickle(newInput(bytes.NewReader(pickle), int64(len(pickle))), storages{}.resolve)
	if err != nil {
		return nil, err
	}
	return &archive{root: root, load: f.load}, nil
}

// findFolder returns the folder of data.pkl with its slash, or "" where it lies at the top.
func findFolder(z *zip.Reader) (string, error) {
	folder, found := "", false
	for _, e := range z.File {
		dir, base := path.Split(e.Name)
		if base != "data.pkl" || strings.Count(dir, "/") > 1 {
			continue
		}
		if found {
			return "", fault.New(fault.Unsupported, "the zip file holds data.pkl twice: it is not one checkpoint")
		}
		folder, found = dir, true
	}
	if !found {
		return "", fault.New(fault.Unsupported, "the zip file holds no data.pkl: it is not a PyTorch checkpoint")
	}
	return folder, nil
}

// checkKind refuses the files whose data.pkl means something else.
func (f *zipFile) checkKind() error {
	if f.entries["constants.pkl"] != nil {
		return fault.New(fault.Unsupported, "refuses a TorchScript file: save the state dict instead (model.state_dict())")
	}
	if f.entries["byteorder"] == nil {
		return nil
	}
	order, err := f.read("byteorder", maxName)
	if err != nil {
		return err
	}
	if s := strings.TrimSpace(string(order)); s != "little" {
		return fault.New(fault.Unsupported, "refuses byte order %s: save the file on a little-endian machine", quote(s))
	}
	return nil
}

func (f *zipFile) load(s *storage) ([]byte, error) {
	name := "data/" + s.key
	data, err := f.read(name, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	n := int64(len(data))
	if n%s.kind.bytes != 0 || n/s.kind.bytes != s.numel {
		return nil, fmt.Errorf("zip entry %s has %d bytes, not the %d elements of %s that the pickle says", quote(name), n,
			s.numel, s.kind.name)
	}
	return data, nil
}

// read returns the content of an entry of at most limit bytes, checked against its checksum.
func (f *zipFile) read(name string, limit int64) ([]byte, error) {
	e := f.entries[name]
	if e == nil {
		return nil, fmt.Errorf("zip entry %s is missing: the file is not complete", quote(name))
	}
	// PyTorch stores without compression, so that no entry can be larger than the file.
	if e.Method != zip.Store || e.CompressedSize64 != e.UncompressedSize64 {
		return nil, fault.New(fault.Unsupported, "zip entry %s is compressed, which torch.save never does: save the file again", quote(name))
	}
	if e.UncompressedSize64 > uint64(f.left) {
		return nil, fmt.Errorf("zip entry %s claims more bytes than the file has", quote(name))
	}
	if e.UncompressedSize64 > uint64(limit) {
		return nil, fault.New(fault.TooLarge, "zip entry %s is longer than %d bytes", quote(name), limit)
	}
	f.left -= int64(e.UncompressedSize64)
	data, err := readEntry(e)
	if err != nil {
		return nil, fmt.Errorf("zip entry %s is damaged: %w", quote(name), err)
	}
	return data, nil
}

func readEntry(e *zip.File) ([]byte, error) {
	r, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	data := make([]byte, e.UncompressedSize64)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, err
	}
	// The checksum is compared at the end of the entry, which only a further read meets.
	_, err = io.Copy(io.Discard, r)
	return data, err
}
