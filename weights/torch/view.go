package torch

import (
	"errors"
	"fmt"

	"classsr/fault"
	"classsr/tensor"
)

// storage is a run of elements in the file. Its declared length is not to be trusted before load has compared it.
type storage struct {
	key   string
	kind  *dtype
	numel int64 // elements
	at    int64 // where they begin in a legacy file
}

// window is the part of a storage that a tensor addresses: all of it, or a view that a legacy file declares.
type window struct {
	of           *storage
	kind         *dtype
	first, numel int64 // elements of kind; within the declared length of the storage
}

// view is a tensor whose data is still in the file. Its size and stride stay as the pickle has them until it is gathered.
type view struct {
	data         *window
	kind         *dtype
	offset       int64 // elements of kind, from the start of the window
	size, stride *tuple
}

// newView takes (storage, offset, size, stride) from the front of args.
func newView(args []any) (*view, error) {
	if len(args) < 4 {
		return nil, broken("%d arguments instead of 4 or more", len(args))
	}
	data, ok0 := args[0].(*window)
	offset, ok1 := args[1].(int64)
	size, ok2 := args[2].(*tuple)
	stride, ok3 := args[3].(*tuple)
	if !ok0 || !ok1 || !ok2 || !ok3 {
		return nil, broken("its arguments are %s, %s, %s, %s instead of a storage, an integer and two tuples",
			kindOf(args[0]), kindOf(args[1]), kindOf(args[2]), kindOf(args[3]))
	}
	return &view{data: data, offset: offset, size: size, stride: stride}, nil
}

// storages collects the storages of a file by key while its pickle is read.
type storages map[string]*storage

// resolve answers a persistent id: ("storage", class, key, device, elements), in legacy files followed by None or by
// (key, first element, elements) of a view. The device and the view's own key do not matter here.
func (s storages) resolve(id *tuple) (any, error) {
	if len(id.items) > 0 && id.items[0] == "module" {
		return nil, fault.New(fault.Unsupported, "refuses a pickled module: save its state dict instead (model.state_dict())")
	}
	if n := len(id.items); n != 5 && n != 6 || id.items[0] != "storage" {
		return nil, broken("a storage is described by %d values instead of 5 or 6", n)
	}
	class, ok1 := id.items[1].(*global)
	key, ok2 := id.items[2].(string)
	numel, ok3 := id.items[4].(int64)
	if !ok1 || !class.storage || !ok2 || !ok3 || numel < 0 {
		return nil, broken("a storage is described by %s, %s, %s", kindOf(id.items[1]), kindOf(id.items[2]), kindOf(id.items[4]))
	}
	of := s[key]
	if of == nil {
		of = &storage{key: key, kind: class.kind, numel: numel}
		s[key] = of
	}
	if of.kind != class.kind || of.numel != numel {
		return nil, broken("storage %s is described in two ways", quote(key))
	}
	w := &window{of: of, kind: of.kind, numel: numel}
	if len(id.items) < 6 || id.items[5] == nil {
		return w, nil
	}
	part, ok := items(id.items[5])
	if !ok || len(part) != 3 {
		return nil, broken("the view of storage %s is %s", quote(key), kindOf(id.items[5]))
	}
	first, ok1 := part[1].(int64)
	length, ok2 := part[2].(int64)
	if !ok1 || !ok2 || first < 0 || length < 0 || first > numel || length > numel-first {
		return nil, broken("a view lies outside storage %s", quote(key))
	}
	w.first, w.numel = first, length
	return w, nil
}

// gatherAll reads the tensors of a state dict. fileSize bounds the bytes read and the elements made.
func gatherAll(entries []namedView, load func(*storage) ([]byte, error), fileSize int64) (tensor.Set, error) {
	// Storage by storage, so that each is read once and no two are held at a time.
	var order []*storage
	users := map[*storage][]namedView{}
	for _, e := range entries {
		of := e.view.data.of
		if users[of] == nil {
			order = append(order, of)
		}
		users[of] = append(users[of], e)
	}
	set := make(tensor.Set, len(entries))
	elements := fileSize + spareElements
	for _, of := range order {
		data, err := load(of)
		if err != nil {
			return nil, err
		}
		for _, e := range users[of] {
			a, err := e.view.gather(data, &elements)
			if err != nil {
				return nil, fmt.Errorf("tensor %s: %w", quote(e.name), err)
			}
			set[e.name] = a
		}
	}
	return set, nil
}

// gather copies the tensor out of its storage's bytes and takes its length from *budget.
func (v *view) gather(data []byte, budget *int64) (tensor.Array, error) {
	dims, steps, n, err := v.layout()
	if err != nil {
		return tensor.Array{}, err
	}
	if n > *budget {
		return tensor.Array{}, errors.New("it repeats its data more often than a file of this size should")
	}
	*budget -= n
	a := tensor.NewArray(dims...)
	// The window starts at an element of the storage's type, which for untyped storages is a byte.
	src, width := data[v.data.first*v.data.kind.bytes:], v.kind.bytes
	index := make([]int, len(dims))
	at := v.offset
	for i := range a.Data {
		a.Data[i] = v.kind.float32(src[at*width:])
		for d := len(dims) - 1; d >= 0; d-- {
			index[d]++
			at += steps[d]
			if index[d] < dims[d] {
				break
			}
			at -= steps[d] * int64(dims[d])
			index[d] = 0
		}
	}
	return a, nil
}

// layout returns the dimensions, the stride of each in elements, and the number of elements, after checking that every
// element lies in the window.
func (v *view) layout() (dims []int, steps []int64, n int64, err error) {
	rank := len(v.size.items)
	if rank != len(v.stride.items) || rank > maxDims {
		return nil, nil, 0, broken("it has %d dimensions and %d strides (at most %d)", rank, len(v.stride.items), maxDims)
	}
	dims, steps, n = make([]int, rank), make([]int64, rank), 1
	for i := range dims {
		d, ok1 := v.size.items[i].(int64)
		s, ok2 := v.stride.items[i].(int64)
		if !ok1 || !ok2 || d < 0 || s < 0 {
			return nil, nil, 0, broken("a dimension or stride is negative or not an integer")
		}
		if d > maxElements || d*n > maxElements {
			return nil, nil, 0, fault.New(fault.TooLarge, "it has more than %d elements", maxElements)
		}
		dims[i], steps[i] = int(d), s
		n *= d
	}
	return dims, steps, n, v.checkRange(dims, steps, n)
}

// checkRange returns an error if an element lies outside the window. Strides of dimensions without a second element are
// never added, may be anything, and are set to zero.
func (v *view) checkRange(dims []int, steps []int64, n int64) error {
	room := v.data.numel * v.data.kind.bytes / v.kind.bytes
	if v.offset < 0 || v.offset > room {
		return broken("it begins at element %d of %d", v.offset, room)
	}
	if n == 0 {
		return nil
	}
	left := room - 1 - v.offset // elements after the first one
	for i, d := range dims {
		if d == 1 {
			steps[i] = 0
			continue
		}
		if steps[i] > left/int64(d-1) {
			left = -1
			break
		}
		left -= steps[i] * int64(d-1)
	}
	if left < 0 {
		return broken("it reaches beyond the %d elements of its storage", room)
	}
	return nil
}
