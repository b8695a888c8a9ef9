package torch

import (
	"fmt"

	"classsr/fault"
)

// global is a name that pickles may import. It stands for itself: no Python object is behind it.
type global struct {
	name string

	// call is what REDUCE and NEWOBJ do; nil where the name is only mentioned, as types are.
	call func(m *machine, args []any) (any, error)

	// kind is the element type of a storage class or of a dtype, nil for all others.
	kind    *dtype
	storage bool
}

// globals is the complete list of names that are not refused.
var globals = listGlobals()

func listGlobals() map[string]*global {
	table := map[string]*global{}
	add := func(call func(*machine, []any) (any, error), names ...string) {
		for _, name := range names {
			table[name] = &global{name: name, call: call}
		}
	}
	add(newDict, "collections.OrderedDict")
	add(newEmptyDict, "collections.defaultdict")
	add(rebuildTensor, "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2")
	add(rebuildTyped, "torch._utils._rebuild_tensor_v3")
	add(rebuildFromType, "torch._tensor._rebuild_from_type_v2")
	add(parameter, "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
		"torch.nn.parameter.Parameter", "torch.autograd.variable.Variable")
	add(size, "torch.Size")
	add(nil, "torch.Tensor")

	// Options and scores lie beside the weights in these. They are passed over with everything given to them.
	add(passOver, "torch.device", "torch.torch_version.TorchVersion", "argparse.Namespace", "types.SimpleNamespace",
		"collections.Counter", "collections.deque", "pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath", "pathlib.PurePosixPath",
		"datetime.datetime", "datetime.timedelta", "_codecs.encode", "numpy.dtype",
		"numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar",
		"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")
	add(nil, "numpy.ndarray")
	for _, module := range []string{"builtins.", "__builtin__."} {
		add(passOver, module+"set", module+"frozenset")
		// A defaultdict names the type of its values.
		add(nil, module+"bool", module+"int", module+"float", module+"str", module+"tuple", module+"list", module+"dict")
	}

	addStorages := func(kind *dtype) {
		for _, name := range kind.storages {
			table[name] = &global{name: name, kind: kind, storage: true}
		}
	}
	addStorages(untyped)
	for _, kind := range dtypes {
		addStorages(kind)
		for _, name := range append([]string{kind.name}, kind.aliases...) {
			table["torch."+name] = &global{name: "torch." + name, kind: kind}
		}
	}
	return table
}

func (m *machine) pushGlobal(module, name string) error {
	full := module + "." + name
	g := globals[full]
	if g == nil {
		return fault.New(fault.Unsupported, "refuses pickle global %s: only tensors and plain containers are read", quote(full))
	}
	return m.push(g)
}

func (m *machine) apply(f any, args []any) (any, error) {
	g, ok := f.(*global)
	if !ok || g.call == nil {
		return nil, fault.New(fault.Unsupported, "refuses to call %s: only tensors and plain containers are read", kindOf(f))
	}
	v, err := g.call(m, args)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g.name, err)
	}
	return v, nil
}

func passOver(*machine, []any) (any, error) { return &opaque{of: "an opaque object"}, nil }

// newEmptyDict makes a defaultdict; its argument is the type of values it would make.
func newEmptyDict(*machine, []any) (any, error) { return &dict{}, nil }

// newDict makes an OrderedDict: empty, its entries to follow, or as Python 2 does it, of a list of [key, value].
func newDict(m *machine, args []any) (any, error) {
	if len(args) == 0 {
		return &dict{}, nil
	}
	pairs, ok := items(args[0])
	if !ok || len(args) > 1 {
		return nil, broken("%d arguments, the first %s", len(args), kindOf(args[0]))
	}
	if err := m.spend(len(pairs)); err != nil {
		return nil, err
	}
	d := &dict{entries: make([]entry, 0, len(pairs))}
	for _, p := range pairs {
		pair, ok := items(p)
		if !ok || len(pair) != 2 {
			return nil, broken("an entry is %s instead of a key and a value", kindOf(p))
		}
		d.entries = append(d.entries, entry{pair[0], pair[1]})
	}
	return d, nil
}

// items returns the content of a list or tuple.
func items(v any) ([]any, bool) {
	switch v := v.(type) {
	case *list:
		return v.items, true
	case *tuple:
		return v.items, true
	}
	return nil, false
}

// size makes a torch.Size, which is a tuple.
func size(_ *machine, args []any) (any, error) {
	if len(args) == 1 {
		if t, ok := args[0].(*tuple); ok {
			return t, nil
		}
	}
	return nil, broken("its argument is not a tuple")
}

// rebuildTensor is called with (storage, offset, size, stride, ...); what follows is about gradients.
func rebuildTensor(_ *machine, args []any) (any, error) {
	v, err := newView(args)
	if err != nil {
		return nil, err
	}
	v.kind = v.data.kind
	return v, nil
}

// rebuildTyped is called with (storage, offset, size, stride, requires_grad, hooks, dtype, ...). The storage is untyped.
func rebuildTyped(_ *machine, args []any) (any, error) {
	v, err := newView(args)
	if err != nil {
		return nil, err
	}
	if len(args) < 7 {
		return nil, broken("%d arguments instead of 7", len(args))
	}
	g, ok := args[6].(*global)
	if !ok || g.kind == nil || g.storage {
		return nil, broken("its dtype is %s", kindOf(args[6]))
	}
	if v.data.kind != untyped && v.data.kind != g.kind {
		return nil, broken("it takes a storage of %s for %s", v.data.kind.name, g.kind.name)
	}
	v.kind = g.kind
	return v, nil
}

// rebuildFromType is called with (function, type, arguments, attributes) for tensors that have attributes.
func rebuildFromType(m *machine, args []any) (any, error) {
	if len(args) < 3 {
		return nil, broken("%d arguments instead of 4", len(args))
	}
	inner, ok := args[2].(*tuple)
	if !ok {
		return nil, broken("its arguments are %s instead of a tuple", kindOf(args[2]))
	}
	// Only what makes a tensor directly: a function that is given itself again would never end.
	switch g, _ := args[0].(*global); {
	case g == nil:
	case g.name == "torch._utils._rebuild_tensor_v2":
		return rebuildTensor(m, inner.items)
	case g.name == "torch._utils._rebuild_tensor_v3":
		return rebuildTyped(m, inner.items)
	case g.name == "torch._utils._rebuild_parameter":
		return parameter(m, inner.items)
	}
	return nil, fault.New(fault.Unsupported, "refuses to call %s: only tensors and plain containers are read", kindOf(args[0]))
}

// parameter is called with a tensor and what concerns its gradient, and is that tensor.
func parameter(_ *machine, args []any) (any, error) {
	if len(args) > 0 {
		if v, ok := args[0].(*view); ok {
			return v, nil
		}
	}
	return nil, broken("its argument is not a tensor")
}
