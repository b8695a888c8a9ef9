package weights

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"classsr/internal/atomicfile"
	"classsr/tensor"
	"classsr/weights/torch"
)

// Keys of a model file's metadata. All values are text; lists are JSON.
const (
	keyFormat       = "format"
	keyName         = "name"
	keyArchitecture = "architecture"
	keyScale        = "scale"
	keyWidths       = "widths"
	keyInputRange   = "input_range"
	keyClasses      = "classes"
	keyLicence      = "licence"
	keyProvenance   = "provenance"
	keySHA256       = "tensors_sha256"
)

// formatName marks the program's own files.
const formatName = "classsr-1"

// Open reads a model file: safetensors or a PyTorch checkpoint, told apart by their content. Errors name the file.
func Open(path string, scale int) (*Model, error) {
	m, err := open(path, scale)
	if err != nil {
		var pathErr *os.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		return nil, fmt.Errorf("model %s: %w", path, err)
	}
	return m, nil
}

func open(path string, scale int) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // opened for reading only
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a file")
	}
	return Read(f, info.Size(), scale)
}

// Read reads a model of this size in bytes; scale is as for FromTensors.
func Read(r io.ReaderAt, size int64, scale int) (*Model, error) {
	if size == 0 {
		return nil, errors.New("the file is empty")
	}
	start := make([]byte, min(size, 9))
	if _, err := r.ReadAt(start, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(start, []byte("PK\x03\x04")), start[0] == 0x80: // a zip archive or a bare pickle
		checkpoint, err := torch.Read(r, size)
		if err != nil {
			return nil, err
		}
		return FromTensors(checkpoint.Tensors, scale)
	case len(start) == 9 && start[8] == '{':
		params, metadata, err := ReadSafetensors(r, size)
		if err != nil {
			return nil, err
		}
		return fromFile(params, metadata, scale)
	}
	return nil, errors.New("neither a safetensors file nor a PyTorch checkpoint")
}

// fromFile recognises the model and adds what the metadata says, unless it contradicts the tensors.
func fromFile(params tensor.Set, metadata map[string]string, scale int) (*Model, error) {
	own := metadata[keyFormat] == formatName
	if own {
		if want := metadata[keySHA256]; want != "" && want != sha256Of(params) {
			return nil, errors.New("damaged: the tensors do not have the checksum that was stored with them")
		}
		if stored, err := strconv.Atoi(metadata[keyScale]); err == nil && scale == 0 {
			scale = stored
		}
	}
	m, err := FromTensors(params, scale)
	if err != nil || !own {
		return m, err
	}
	m.Name, m.Licence, m.Provenance = metadata[keyName], metadata[keyLicence], metadata[keyProvenance]
	if text := metadata[keyClasses]; text != "" {
		var names []string
		if err := json.Unmarshal([]byte(text), &names); err != nil || len(names) != len(m.Branches) {
			return nil, fmt.Errorf("metadata: classes %s do not name %d branches", text, len(m.Branches))
		}
		m.Classes = names
	}
	if text := metadata[keyInputRange]; text != "" {
		if err := m.setInputRange(text); err != nil {
			return nil, err
		}
	}
	if got := metadata[keyArchitecture]; got != m.Full().Spec.Net {
		return nil, fmt.Errorf("metadata: architecture %q, but the tensors are those of %q", got, m.Full().Spec.Net)
	}
	return m, nil
}

func (m *Model) setInputRange(text string) error {
	inputRange, err := strconv.Atoi(text)
	if err != nil || (inputRange != 1 && inputRange != 255) {
		return fmt.Errorf("metadata: input range %q is neither 1 nor 255", text)
	}
	for i := range m.Branches {
		m.Branches[i].Spec.InputRange = inputRange
	}
	return nil
}

// Write writes the model as safetensors.
func (m *Model) Write(w io.Writer) error {
	tensors := m.Tensors()
	metadata, err := m.metadata(tensors)
	if err != nil {
		return err
	}
	return WriteSafetensors(w, tensors, metadata)
}

// Save writes the model to a safetensors file, which is complete or not there at all.
func (m *Model) Save(path string, overwrite bool) error {
	if filepath.Ext(path) != ".safetensors" {
		return fmt.Errorf("%s: models are written as .safetensors", path)
	}
	return atomicfile.Write(path, overwrite, m.Write)
}

func (m *Model) metadata(tensors tensor.Set) (map[string]string, error) {
	full := m.Full().Spec
	var widths []int
	for _, b := range m.Branches {
		widths = append(widths, b.Spec.Width)
	}
	metadata := map[string]string{
		keyFormat:       formatName,
		keyArchitecture: full.Net,
		keyInputRange:   strconv.Itoa(full.InputRange),
		keySHA256:       sha256Of(tensors),
	}
	for key, value := range map[string]any{keyWidths: widths, keyClasses: m.Classes} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		metadata[key] = string(text)
	}
	scale, err := json.Marshal(full.ScaleList())
	if err != nil {
		return nil, err
	}
	metadata[keyScale] = string(scale)
	if len(full.Scales) == 0 {
		metadata[keyScale] = strconv.Itoa(full.Scale)
	}
	for key, value := range map[string]string{keyName: m.Name, keyLicence: m.Licence, keyProvenance: m.Provenance} {
		if value != "" {
			metadata[key] = value
		}
	}
	return metadata, nil
}

// sha256Of is the checksum of names, dimensions and data, in the order of the names.
func sha256Of(set tensor.Set) string {
	h := sha256.New()
	for _, name := range slices.Sorted(slices.Values(set.Names())) {
		a := set[name]
		// A hash never returns an error.
		_, _ = fmt.Fprintf(h, "%s %v\n", name, a.Dims)
		_ = binary.Write(h, binary.LittleEndian, a.Data)
	}
	return hex.EncodeToString(h.Sum(nil))
}
