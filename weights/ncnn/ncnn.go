// Package ncnn reads networks in the files of ncnn, a program for networks on phones and graphics cards: a text that lists layers (.param)
// and their weights (.bin), one beside the other under the same name. Start with ReadFile; Network.Tensors then gives the weights under the
// names that PyTorch has for them, if the layers compute a network that package arch knows.
//
// It reads layers that enlarge pictures: convolutions with an activation, PReLU, ReLU, nearest enlargement, pixel shuffles, sums, products
// and concatenations; weights in float32 and float16. All else is refused: other layers, a parameter that it does not know, int8 and quantised
// weights, the binary form of the text. Nothing is guessed. Write writes networks of all kinds for ncnn to run, also those that are not read.
package ncnn

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"classsr/fault"
	"classsr/internal/regular"
	"classsr/nn"
	"classsr/tensor"
)

// Endings of the names of the two files.
const (
	paramEnding = ".param"
	binEnding   = ".bin"
)

// magic is how the text begins.
const magic = "7767517"

// Network is what the two files hold: operations in the order of computing, of which the last one that no other reads gives the result.
type Network struct {
	Layers []Layer
	output nn.Value
}

// Layer is an operation with its parameters. One line of the text may be several: a convolution with an activation, for instance.
type Layer struct {
	Name string // in the file, which need not be the only one of that name
	Line int    // in the text, from 1
	Op   nn.Op
	// Inputs are the values it reads: nn.Input is the picture, and layer i gives value i+1.
	Inputs []nn.Value
	// Params are in the order of Op.Params, with its dimensions.
	Params []tensor.Array
}

// ReadFile reads the network at path, that of either file. Errors name the file, and the line or the byte in it.
func ReadFile(path string) (*Network, error) {
	base := strings.TrimSuffix(path, filepath.Ext(path))
	param, bin := base+paramEnding, base+binEnding
	text, err := regular.ReadFile(param, maxText)
	if err != nil {
		return nil, about(err, param, bin)
	}
	f, err := regular.Open(bin)
	if err != nil {
		return nil, about(err, bin, param)
	}
	defer func() { _ = f.Close() }() // opened for reading only
	info, err := f.Stat()
	if err != nil {
		return nil, about(err, bin, param)
	}
	return read(text, f, info.Size(), filepath.Base(param), filepath.Base(bin))
}

// about says which of the two files cannot be opened, and what to do if it is not there.
func about(err error, path, other string) error {
	path, other = filepath.Base(path), filepath.Base(other)
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.NotFound, "%s is missing: put it beside %s (a network for ncnn is in two files of one name)", path, other)
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err // the caller may have opened the other file
	}
	return fault.Default(fault.Unavailable, fmt.Errorf("%s: %w", path, err))
}

// IsText tells whether these first bytes of a file begin a list of layers.
func IsText(start []byte) bool { return bytes.HasPrefix(start, []byte(magic)) }

// IsWeights tells whether these first bytes of a file, four or more, may begin weights: with the mark of a type. Zeros do, too.
func IsWeights(start []byte) bool {
	if len(start) < 4 {
		return false
	}
	switch binary.LittleEndian.Uint32(start) {
	case markFloat32, markFloat16, markInt8, markScaled:
		return true
	}
	return false
}

// Read reads a network from its text and size bytes of weights. Errors about them are of kind fault.Damaged, fault.Unsupported or
// fault.TooLarge.
func Read(text []byte, weights io.ReaderAt, size int64) (*Network, error) {
	return read(text, weights, size, paramEnding, binEnding)
}

// read takes the names of the files, for errors.
func read(text []byte, weights io.ReaderAt, size int64, textName, weightsName string) (*Network, error) {
	lines, err := parse(text)
	if err != nil {
		return nil, fault.Default(fault.Damaged, fmt.Errorf("%s, %w", textName, err))
	}
	b := builder{weights: &weightReader{r: weights, size: size}, values: map[string]value{}, used: map[nn.Value]bool{}}
	for _, l := range lines {
		if err := b.add(l); err != nil {
			layer := fmt.Sprintf("%s %s", quote(l.kind), quote(l.name))
			var w *weightError
			if errors.As(err, &w) {
				err = fmt.Errorf("%s, %w (%s, line %d of %s)", weightsName, err, layer, l.number, textName)
			} else {
				err = fmt.Errorf("%s, line %d (%s): %w", textName, l.number, layer, err)
				if fault.KindOf(err) == fault.Unsupported {
					err = fmt.Errorf("%w; use the PyTorch checkpoint (.pth) that the network was made from", err)
				}
			}
			return nil, fault.Default(fault.Damaged, err)
		}
	}
	n, err := b.network()
	if err != nil {
		return nil, fault.Default(fault.Damaged, fmt.Errorf("%s: %w", textName, err))
	}
	if left := b.weights.left(); left != 0 {
		return nil, fault.New(fault.Damaged, "%s has %d bytes more than the layers of %s take: are the two files of one network?", weightsName, left, textName)
	}
	return n, nil
}
