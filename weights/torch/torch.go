// Package torch reads the weights in PyTorch checkpoints (.pth, .pt), both the zip files that torch.save has written since
// PyTorch 1.6 and the older plain ones, and writes weights as such zip files. Start with ReadFile or Write.
//
// Such a file is a pickle, a program for a small machine which in Python can call any function. The machine here knows only
// the instructions that torch.save emits and the few globals that tensors and plain containers need, none of which runs
// anything; at any other global it refuses the file. What a file may ask for is bounded by the file's own size.
//
// The package writes nothing but float32 tensors by name, does not read pickled modules, TorchScript, sparse or quantised
// tensors, files of big-endian machines or compressed zip entries, and does not look at the values: tensor.Set.CheckFinite
// does.
package torch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"classsr/fault"
	"classsr/internal/regular"
	"classsr/tensor"
)

// Checkpoint is what a file holds that a network can use.
type Checkpoint struct {
	// Tensors holds the float parameters (float16, bfloat16, float32 and float64, converted to float32) by their key in the
	// state dict, without the prefixes that Read removes. No two share data.
	Tensors tensor.Set

	// Ignored names, sorted, what was left out: entries of the state dict that are no float tensors, under their key there
	// (such as bn.num_batches_tracked), and what lies beside the state dict, under the keys that lead to it joined by dots
	// (such as optimizer, or model.args). Entries whose key is no string are not named. The names are the file's own: quote
	// them before showing them on a terminal.
	Ignored []string
}

// ReadFile reads the checkpoint at path. Errors name the file.
func ReadFile(path string) (*Checkpoint, error) {
	c, err := readFile(path)
	if err != nil {
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			err = fault.Default(fault.Unavailable, pathErr.Err)
		}
		return nil, fmt.Errorf("cannot read %s: %w", path, err)
	}
	return c, nil
}

func readFile(path string) (*Checkpoint, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return Read(f, info.Size())
}

// Read reads a checkpoint of size bytes.
//
// The state dict is looked for under names in common use (averaged weights first: params_ema and others, then params, state_dict, model,
// net, generator and others), and otherwise in the dictionary that holds most float tensors; both at the top and inside the dictionaries
// there. Optimizer state is never taken for it. The prefixes `module.` and `_orig_mod.` are removed, and so is that of a generator
// (generator_ema. before generator. and others), where there is one; what has not that prefix is left out then. A key that appears twice is
// an error, also where it does so only without prefixes.
//
// Errors about the file are of kind fault.Damaged, fault.Unsupported or fault.TooLarge.
func Read(r io.ReaderAt, size int64) (*Checkpoint, error) {
	c, err := read(r, size)
	return c, fault.Default(fault.Damaged, err)
}

func read(r io.ReaderAt, size int64) (*Checkpoint, error) {
	a, err := open(r, size)
	if err != nil {
		return nil, err
	}
	found, err := findStateDict(a.root)
	if err != nil {
		return nil, err
	}
	entries, err := found.entries()
	if err != nil {
		return nil, err
	}
	ignored, err := found.ignored()
	if err != nil {
		return nil, err
	}
	tensors, err := gatherAll(entries, a.load, size)
	if err != nil {
		return nil, err
	}
	return &Checkpoint{Tensors: tensors, Ignored: ignored}, nil
}

// archive is an opened file of either format: the object that was saved, with tensors that still lack their data, and the
// way to the bytes of a storage. load checks that they are as many as the storage declares and no more than the file has.
type archive struct {
	root any
	load func(*storage) ([]byte, error)
}

func open(r io.ReaderAt, size int64) (*archive, error) {
	head := make([]byte, 4)
	if n, err := r.ReadAt(head, 0); n < len(head) || size < int64(len(head)) {
		if err != nil && err != io.EOF {
			return nil, err
		}
		return nil, errors.New("not a PyTorch checkpoint: the file is empty or cut off")
	}
	switch {
	case bytes.Equal(head, []byte("PK\x03\x04")):
		return openZip(r, size)
	case head[0] == opProtocol:
		return openLegacy(r, size)
	}
	return nil, fault.New(fault.Unsupported, "not a PyTorch checkpoint: neither a zip file nor a pickle (was it saved by torch.save?)")
}
