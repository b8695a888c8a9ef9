package torch

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"classsr/tensor"
)

const (
	// folder is the name that torch.save gives to the files within a checkpoint when it is told no better one.
	folder = "archive/"
	// alignment is the multiple of bytes from the file's start at which tensors begin, so that they can be mapped to memory.
	alignment = 64
	// localHeader is the length of a zip entry's header, without the name and the extra field.
	localHeader = 30
	// maxBytes keeps clear of what needs the 64-bit form of zip files.
	maxBytes = math.MaxUint32 - 64<<20
)

// Write writes parameters as a checkpoint in the zip format of PyTorch 1.6 and later. torch.load reads it as an OrderedDict of
// float32 tensors on the CPU, sorted by name, which load_state_dict takes: there is no metadata of versions with it, so that
// BatchNorm does not miss its counter num_batches_tracked. The same parameters give the same bytes. It returns an error if the
// parameters are more than 4 GiB or are not as many as their dimensions say, or w's error.
func Write(w io.Writer, set tensor.Set) error {
	if err := checkWritable(set); err != nil {
		return err
	}
	at := &counter{w: w}
	z := &zipWriter{at: at, zip: zip.NewWriter(at)}
	names := set.Names()
	z.add("data.pkl", pickleOf(set, names))
	z.add("byteorder", []byte("little"))
	for i, name := range names {
		data, err := binary.Append(nil, binary.LittleEndian, set[name].Data)
		if err != nil {
			return err
		}
		z.add(fmt.Sprint("data/", i), data)
	}
	z.add("version", []byte("3\n"))
	return errors.Join(z.err, z.zip.Close())
}

func checkWritable(set tensor.Set) error {
	if len(set) > maxEntries {
		return fmt.Errorf("%d parameters are more than a checkpoint may have here (%d)", len(set), maxEntries)
	}
	bytes := int64(0)
	for name, a := range set {
		if tensor.DimsLen(a.Dims) != len(a.Data) {
			return fmt.Errorf("tensor %s has %d elements, its dimensions %v are for %d",
				quote(name), len(a.Data), a.Dims, tensor.DimsLen(a.Dims))
		}
		if len(a.Dims) > maxDims {
			return fmt.Errorf("tensor %s has dimensions %v, which no parameter has", quote(name), a.Dims)
		}
		bytes += 4*int64(len(a.Data)) + alignment
	}
	if bytes > maxBytes {
		return fmt.Errorf("the parameters take %d bytes, more than a checkpoint of at most 4 GiB holds", bytes)
	}
	return nil
}

// pickleOf gives data.pkl in protocol 2: an OrderedDict that gets the tensors one by one. Each tensor is the call
//
//	torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, OrderedDict())
//
// where the storage is the persistent id ("storage", torch.FloatStorage, key, "cpu", elements).
func pickleOf(set tensor.Set, names []string) []byte {
	p := pickler{opProtocol, 2}
	p.emptyDict()
	for i, name := range names {
		a := set[name]
		p.text(name)
		p.global("torch._utils", "_rebuild_tensor_v2")
		p.op('(')
		{
			p.op('(')
			p.text("storage")
			p.global("torch", "FloatStorage")
			p.text(fmt.Sprint(i))
			p.text("cpu")
			p.int(len(a.Data))
			p.op('t', 'Q') // TUPLE, BINPERSID
		}
		p.int(0)
		p.tuple(a.Dims)
		p.tuple(contiguous(a.Dims))
		p.op(0x89) // NEWFALSE
		p.emptyDict()
		p.op('t', 'R', 's') // TUPLE, REDUCE, SETITEM
	}
	p.op(opStop)
	return p
}

// contiguous gives the strides of a tensor without gaps, as PyTorch computes them.
func contiguous(dims []int) []int {
	strides := make([]int, len(dims))
	step := 1
	for i := len(dims) - 1; i >= 0; i-- {
		strides[i] = step
		step *= max(dims[i], 1)
	}
	return strides
}

// pickler collects instructions; their names are in the table of those that are read.
type pickler []byte

func (p *pickler) op(codes ...byte) { *p = append(*p, codes...) }

func (p *pickler) text(s string) {
	p.op('X')
	*p = binary.LittleEndian.AppendUint32(*p, uint32(len(s)))
	*p = append(*p, s...)
}

// int writes a number below 2^31, as checkWritable has found them to be.
func (p *pickler) int(n int) {
	p.op('J')
	*p = binary.LittleEndian.AppendUint32(*p, uint32(n))
}

func (p *pickler) tuple(numbers []int) {
	p.op('(')
	for _, n := range numbers {
		p.int(n)
	}
	p.op('t')
}

func (p *pickler) global(module, name string) {
	p.op('c')
	*p = append(*p, module+"\n"+name+"\n"...)
}

func (p *pickler) emptyDict() {
	p.global("collections", "OrderedDict")
	p.op(')', 'R')
}

// zipWriter adds entries until one fails.
type zipWriter struct {
	at  *counter
	zip *zip.Writer
	err error
}

// add stores an entry as PyTorch does: without compression, sizes and checksum in front, and an extra field so long that the
// content begins at a multiple of alignment.
func (z *zipWriter) add(name string, data []byte) {
	if z.err != nil {
		return
	}
	if z.err = z.zip.Flush(); z.err != nil { // only then is it known where the entry begins
		return
	}
	name = folder + name
	const extraHeader = 4
	begin := z.at.n + localHeader + int64(len(name)) + extraHeader
	padding := int(-begin & (alignment - 1))
	extra := append([]byte("FB"), byte(padding), 0) // PyTorch's own mark, and the length of what follows
	entry, err := z.zip.CreateRaw(&zip.FileHeader{
		Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(data),
		CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(len(data)),
		Extra: append(extra, make([]byte, padding)...),
	})
	if err == nil {
		_, err = entry.Write(data)
	}
	z.err = err
}

// counter counts the bytes that pass.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
