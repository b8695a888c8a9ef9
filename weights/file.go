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
	"regexp"
	"slices"
	"strconv"

	"classsr/arch"
	"classsr/fault"
	"classsr/internal/atomicfile"
	"classsr/internal/regular"
	"classsr/tensor"
	"classsr/weights/ncnn"
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
	keyBranches     = "branches"
	keyLicence      = "licence"
	keyProvenance   = "provenance"
	keyRouting      = "routing"
	keySHA256       = "tensors_sha256"
)

// formatName marks the program's own files.
const formatName = "classsr-1"

// Open reads a model file: safetensors, a PyTorch checkpoint or either of the two files of a network for ncnn (.param and .bin), told apart by
// their content. Errors name the file.
func Open(path string, scale int) (*Model, error) {
	m, err := open(path, scale)
	if err != nil {
		var pathErr *os.PathError
		if errors.As(err, &pathErr) {
			err = fault.Default(fault.Unavailable, pathErr.Err)
		}
		return nil, fmt.Errorf("model %s: %w", path, err)
	}
	return m, nil
}

// inName finds a scale in the name of a file, such as FSRCNN_x2.pth.
var inName = regexp.MustCompile(`(?i)(?:^|[^a-z0-9])x([2348])(?:[^a-z0-9]|$)`)

// open opens a file. Where neither the caller nor its contents tell the scale, its name may.
func open(path string, scale int) (*Model, error) {
	m, err := openAt(path, scale)
	if err != nil || scale != 0 || len(m.Scales()) < 2 {
		return m, err
	}
	found := inName.FindStringSubmatch(filepath.Base(path))
	if found == nil {
		return m, nil
	}
	named, _ := strconv.Atoi(found[1]) // a digit
	if other, err := openAt(path, named); err == nil && m.Full().Spec.AnyScale() {
		return other, nil
	}
	return m, nil
}

func openAt(path string, scale int) (*Model, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // opened for reading only
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	start, err := readStart(f, info.Size())
	if err != nil {
		return nil, err
	}
	if ncnn.IsText(start) || filepath.Ext(path) == ".bin" && ncnn.IsWeights(start) {
		return openNCNN(path, scale)
	}
	return Read(f, info.Size(), scale)
}

// openNCNN reads a network for ncnn at the path of one of its files.
func openNCNN(path string, scale int) (*Model, error) {
	network, err := ncnn.ReadFile(path)
	if err != nil {
		return nil, err
	}
	tensors, err := network.Tensors()
	if err != nil {
		return nil, err
	}
	return FromTensors(tensors, arch.Known{Scale: scale})
}

// readStart reads the first bytes, which tell formats apart.
func readStart(r io.ReaderAt, size int64) ([]byte, error) {
	start := make([]byte, min(size, 9))
	if n, err := r.ReadAt(start, 0); n < len(start) {
		return nil, err
	}
	return start, nil
}

// Read reads a model of this size in bytes; scale is as for FromTensors. Errors about the file are of kind fault.Damaged,
// fault.Unsupported or fault.TooLarge, one about a scale that the model does not have of kind fault.Usage.
func Read(r io.ReaderAt, size int64, scale int) (*Model, error) {
	m, err := readModel(r, size, scale)
	if err != nil && scale != 0 {
		if _, other := readModel(r, size, 0); other == nil { // nothing is wrong with the file
			return nil, fault.As(fault.Usage, err)
		}
	}
	return m, fault.Default(fault.Damaged, err)
}

// Label is what a model file of the program's own says of itself.
type Label struct {
	Name, Licence string
	Classes       []string // from the simplest on; one for models with a single network
	Scales        []int
}

// ReadLabel reads the label of a safetensors file of this size in bytes, without its tensors, which nothing checks. It is empty for files of other programs. Errors
// are as those of Read.
func ReadLabel(r io.ReaderAt, size int64) (label Label, err error) {
	header, err := readHeader(r, size)
	if err != nil {
		return label, fault.Default(fault.Damaged, err)
	}
	_, metadata, err := parseHeader(header)
	if err != nil || metadata[keyFormat] != formatName {
		return label, fault.Default(fault.Damaged, err)
	}
	label.Name, label.Licence = metadata[keyName], metadata[keyLicence]
	for key, into := range map[string]any{keyClasses: &label.Classes, keyScale: &label.Scales} {
		if text := metadata[key]; text != "" && err == nil {
			err = json.Unmarshal([]byte(text), into)
		}
	}
	return label, fault.Default(fault.Damaged, err)
}

func readModel(r io.ReaderAt, size int64, scale int) (*Model, error) {
	if size == 0 {
		return nil, errors.New("the file is empty")
	}
	start, err := readStart(r, size)
	if err != nil {
		return nil, err
	}
	switch {
	// First safetensors: the length before its header may begin with any byte.
	case len(start) == 9 && start[8] == '{':
		params, metadata, err := ReadSafetensors(r, size)
		if err != nil {
			return nil, err
		}
		return fromFile(params, metadata, scale)
	case bytes.HasPrefix(start, []byte("PK\x03\x04")), start[0] == 0x80: // a zip archive or a bare pickle
		checkpoint, err := torch.Read(r, size)
		if err != nil {
			return nil, err
		}
		return FromTensors(checkpoint.Tensors, arch.Known{Scale: scale})
	}
	return nil, fault.New(fault.Unsupported, "neither a safetensors file nor a PyTorch checkpoint, nor a network for ncnn (.param and .bin)")
}

// fromFile recognises the model and adds what the metadata says, unless it contradicts the tensors.
func fromFile(params tensor.Set, metadata map[string]string, scale int) (*Model, error) {
	known := arch.Known{Scale: scale}
	if metadata[keyFormat] != formatName {
		return FromTensors(params, known)
	}
	if want := metadata[keySHA256]; want != "" && want != sha256Of(params) {
		return nil, errors.New("damaged: the tensors do not have the checksum that was stored with them")
	}
	var stored struct {
		scales, widths    []int
		classes, branches []string
	}
	for key, into := range map[string]any{keyScale: &stored.scales, keyWidths: &stored.widths, keyClasses: &stored.classes,
		keyBranches: &stored.branches, keyInputRange: &known.InputRange} {
		if text := metadata[key]; text != "" {
			if err := json.Unmarshal([]byte(text), into); err != nil {
				return nil, fmt.Errorf("metadata: %s is %q: %w", key, text, err)
			}
		}
	}
	if scale == 0 && len(stored.scales) == 1 {
		known.Scale = stored.scales[0]
	}
	m, err := fromTensors(params, known, stored.branches)
	if err != nil {
		return nil, kindOfModel(err)
	}
	m.Name, m.Licence, m.Provenance = metadata[keyName], metadata[keyLicence], metadata[keyProvenance]
	m.Routing = metadata[keyRouting]
	if stored.classes != nil {
		if len(stored.classes) != len(m.Branches) {
			return nil, fmt.Errorf("metadata: classes %q do not name %d branches", stored.classes, len(m.Branches))
		}
		m.Classes = stored.classes
	}
	return m, m.compare(metadata[keyArchitecture], stored.scales, stored.widths, scale != 0)
}

// compare returns an error if the metadata contradicts the tensors. The scale may be another one if the caller said so.
func (m *Model) compare(architecture string, scales, widths []int, anyScale bool) error {
	if got := m.Full().Spec.Net; architecture != got {
		return fmt.Errorf("metadata: architecture %q, but the tensors are those of %q", architecture, got)
	}
	if scales != nil && !anyScale && !slices.Equal(scales, m.Scales()) {
		return fmt.Errorf("metadata: scale %v, but the tensors are those of scale %v", scales, m.Scales())
	}
	if widths != nil && !slices.Equal(widths, m.widths()) {
		return fmt.Errorf("metadata: widths %v, but the tensors have widths %v", widths, m.widths())
	}
	return nil
}

// widths lists the channels of the branches.
func (m *Model) widths() []int {
	var widths []int
	for _, b := range m.Branches {
		widths = append(widths, b.Spec.Width)
	}
	return widths
}

// architectures lists the names of the branches' architectures.
func (m *Model) architectures() []string {
	var names []string
	for _, b := range m.Branches {
		names = append(names, b.Spec.Net)
	}
	return names
}

// Write writes the model as safetensors: what is learnt as float16 if these hold each of its numbers exactly (Half makes them so), otherwise
// all as float32.
func (m *Model) Write(w io.Writer) error {
	tensors := m.Tensors()
	metadata, err := m.metadata(tensors)
	if err != nil {
		return err
	}
	return writeSafetensors(w, tensors, metadata, m.halves())
}

// Save writes the model to a safetensors file, which is complete or not there at all.
func (m *Model) Save(path string, overwrite bool) error {
	if filepath.Ext(path) != ".safetensors" {
		return fault.New(fault.Unsupported, "%s: models are written as .safetensors", path)
	}
	return atomicfile.Write(path, overwrite, m.Write)
}

func (m *Model) metadata(tensors tensor.Set) (map[string]string, error) {
	full := m.Full().Spec
	if full.Interpolates() {
		return nil, fault.New(fault.Unsupported, "a model whose last branch has no parameters cannot be stored: nothing would tell its scale")
	}
	metadata := map[string]string{keyFormat: formatName, keyArchitecture: full.Net, keySHA256: sha256Of(tensors)}
	values := map[string]any{
		keyScale: full.ScaleList(), keyWidths: m.widths(), keyInputRange: full.InputRange, keyClasses: m.Classes,
	}
	if m.ClassModule != nil {
		values[keyBranches] = m.architectures()
	}
	for key, value := range values {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		metadata[key] = string(text)
	}
	for key, value := range map[string]string{keyName: m.Name, keyLicence: m.Licence, keyProvenance: m.Provenance, keyRouting: m.Routing} {
		if value != "" {
			metadata[key] = value
		}
	}
	return metadata, nil
}

// sha256Of is the checksum of names, dimensions and data, in the order of the names.
func sha256Of(set tensor.Set) string {
	h := sha256.New()
	for _, name := range set.Names() {
		a := set[name]
		// A hash never returns an error.
		_, _ = fmt.Fprintf(h, "%s %v\n", name, a.Dims)
		_ = binary.Write(h, binary.LittleEndian, a.Data)
	}
	return hex.EncodeToString(h.Sum(nil))
}
