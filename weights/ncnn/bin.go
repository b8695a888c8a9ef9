package ncnn

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"classsr/fault"
	"classsr/tensor"
)

// Marks before the weights of a convolution.
const (
	markFloat32 = 0
	markFloat16 = 0x01306b47
	markInt8    = 0x000d4b38
	markScaled  = 0x0002c056 // float32 in a network that computes with int8
)

// weightReader reads weights one after the other, as the layers come.
type weightReader struct {
	r        io.ReaderAt
	size, at int64
}

// weightError is an error about the weights at a byte of their file.
type weightError struct {
	at  int64
	err error
}

func (e *weightError) Error() string { return fmt.Sprintf("byte %d: %v", e.at, e.err) }
func (e *weightError) Unwrap() error { return e.err }

// left is how many bytes nobody has read.
func (w *weightReader) left() int64 { return w.size - w.at }

// marked reads the weights of a convolution, which begin with a mark of their type.
func (w *weightReader) marked(count int64) ([]float32, error) {
	mark, err := w.bytes(4)
	if err != nil {
		return nil, err
	}
	switch m := binary.LittleEndian.Uint32(mark); m {
	case markFloat32:
		return w.plain(count)
	case markFloat16:
		return w.half(count)
	case markInt8, markScaled:
		return nil, w.unsupported("the network computes with whole numbers of 8 bits (int8)")
	default:
		return nil, w.unsupported(fmt.Sprintf("the weights are quantised or of an unknown type (mark %#08x)", m))
	}
}

// unsupported is an error about the mark just read.
func (w *weightReader) unsupported(what string) error {
	return &weightError{w.at - 4, fault.New(fault.Unsupported, "%s; float32 and float16 are read: convert the network again without quantising it", what)}
}

// plain reads float32 numbers without a mark.
func (w *weightReader) plain(count int64) ([]float32, error) {
	data, err := w.bytes(4 * count)
	if err != nil {
		return nil, err
	}
	numbers := make([]float32, count)
	for i := range numbers {
		numbers[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return numbers, nil
}

// half reads float16 numbers, which are filled up to four bytes.
func (w *weightReader) half(count int64) ([]float32, error) {
	data, err := w.bytes((2*count + 3) &^ 3)
	if err != nil {
		return nil, err
	}
	numbers := make([]float32, count)
	for i := range numbers {
		numbers[i] = tensor.Float16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return numbers, nil
}

// bytes reads n bytes, which are not asked for before the file is known to have them.
func (w *weightReader) bytes(n int64) ([]byte, error) {
	if n > w.left() {
		return nil, &weightError{w.at, fault.New(fault.Damaged, "it ends here or before, where %d bytes of weights should begin: "+
			"the file is cut short, or belongs to another network", n)}
	}
	data := make([]byte, n)
	if got, err := w.r.ReadAt(data, w.at); got < len(data) {
		return nil, &weightError{w.at, err}
	}
	w.at += n
	return data, nil
}
