package torch

const (
	opProtocol = 0x80
	opStop     = '.'
)

// instructions is all that is allowed: what protocols 2 to 5 emit for numbers, strings, containers, globals and storages,
// also from Python 2. The comments are the names in Python's pickletools. Missing are the other text forms of protocol 0,
// buffers outside the file, and the ways of making objects that torch.save does not use.
var instructions = [256]func(*machine) error{
	opProtocol: (*machine).protocol,
	0x95:       func(m *machine) error { return m.in.skip(8) }, // FRAME

	'(':  (*machine).mark,
	'0':  func(m *machine) error { _, err := m.pop(); return err },          // POP
	'1':  func(m *machine) error { _, err := m.popMark(); return err },      // POP_MARK
	'q':  func(m *machine) error { return m.memoAt(1, m.remember) },         // BINPUT
	'r':  func(m *machine) error { return m.memoAt(4, m.remember) },         // LONG_BINPUT
	0x94: func(m *machine) error { return m.remember(uint32(len(m.memo))) }, // MEMOIZE
	'h':  func(m *machine) error { return m.memoAt(1, m.recall) },           // BINGET
	'j':  func(m *machine) error { return m.memoAt(4, m.recall) },           // LONG_BINGET

	'N':  func(m *machine) error { return m.push(nil) },   // NONE
	0x88: func(m *machine) error { return m.push(true) },  // NEWTRUE
	0x89: func(m *machine) error { return m.push(false) }, // NEWFALSE
	'K':  func(m *machine) error { return m.pushUint(1) }, // BININT1
	'M':  func(m *machine) error { return m.pushUint(2) }, // BININT2
	'J':  (*machine).binInt,
	'I':  (*machine).decimal,                          // INT, which Python 2 writes beyond 32 bits
	0x8a: func(m *machine) error { return m.long(1) }, // LONG1
	0x8b: func(m *machine) error { return m.long(4) }, // LONG4
	'G':  (*machine).binFloat,

	'U':  func(m *machine) error { return m.text(1) },      // SHORT_BINSTRING, a str of Python 2
	'T':  func(m *machine) error { return m.text(4) },      // BINSTRING
	0x8c: func(m *machine) error { return m.text(1) },      // SHORT_BINUNICODE
	'X':  func(m *machine) error { return m.text(4) },      // BINUNICODE
	0x8d: func(m *machine) error { return m.text(8) },      // BINUNICODE8
	'C':  func(m *machine) error { return m.dropBytes(1) }, // SHORT_BINBYTES
	'B':  func(m *machine) error { return m.dropBytes(4) }, // BINBYTES
	0x8e: func(m *machine) error { return m.dropBytes(8) }, // BINBYTES8

	')':  func(m *machine) error { return m.push(emptyTuple) }, // EMPTY_TUPLE
	0x85: func(m *machine) error { return m.tuple(1) },         // TUPLE1
	0x86: func(m *machine) error { return m.tuple(2) },         // TUPLE2
	0x87: func(m *machine) error { return m.tuple(3) },         // TUPLE3
	't':  (*machine).tupleOfMark,
	']':  func(m *machine) error { return m.push(&list{}) },              // EMPTY_LIST
	'a':  func(m *machine) error { return m.append(m.one) },              // APPEND
	'e':  func(m *machine) error { return m.append(m.popMark) },          // APPENDS
	'}':  func(m *machine) error { return m.push(&dict{}) },              // EMPTY_DICT
	's':  func(m *machine) error { return m.setItems(m.two) },            // SETITEM
	'u':  func(m *machine) error { return m.setItems(m.popMark) },        // SETITEMS
	0x8f: func(m *machine) error { return m.push(&opaque{of: "a set"}) }, // EMPTY_SET
	0x90: (*machine).addItems,
	0x91: (*machine).frozenSet,

	'c':  (*machine).global,
	0x93: (*machine).stackGlobal,
	'R':  (*machine).call, // REDUCE
	0x81: (*machine).call, // NEWOBJ: for the few classes of the table, making an object and calling the class are the same
	'b':  (*machine).build,
	'Q':  (*machine).persistentID,
}

func (m *machine) protocol() error {
	v, err := m.in.byte()
	if err == nil && v > 5 {
		return broken("it is of protocol %d", v)
	}
	return err
}

func (m *machine) mark() error {
	if len(m.marks) >= maxStack {
		return broken("more than %d containers begin within each other", maxStack)
	}
	m.marks = append(m.marks, len(m.stack))
	return nil
}

func (m *machine) tuple(n int) error {
	items, err := m.popN(n)
	if err != nil {
		return err
	}
	return m.push(&tuple{items})
}

func (m *machine) tupleOfMark() error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	return m.push(&tuple{items})
}

func (m *machine) one() ([]any, error) { return m.popN(1) }
func (m *machine) two() ([]any, error) { return m.popN(2) }

func (m *machine) append(take func() ([]any, error)) error {
	items, err := take()
	if err != nil {
		return err
	}
	v, err := m.top()
	if err != nil {
		return err
	}
	l, ok := v.(*list)
	if !ok {
		return broken("it appends to %s", kindOf(v))
	}
	l.items = append(l.items, items...)
	return nil
}

func (m *machine) setItems(take func() ([]any, error)) error {
	items, err := take()
	if err != nil {
		return err
	}
	v, err := m.top()
	if err != nil {
		return err
	}
	d, ok := v.(*dict)
	if !ok || len(items)%2 != 0 {
		return broken("it sets %d keys and values of %s", len(items), kindOf(v))
	}
	for i := 0; i < len(items); i += 2 {
		d.entries = append(d.entries, entry{items[i], items[i+1]})
	}
	return nil
}

func (m *machine) addItems() error {
	if _, err := m.popMark(); err != nil {
		return err
	}
	v, err := m.top()
	if err != nil {
		return err
	}
	if _, ok := v.(*opaque); !ok {
		return broken("it adds to %s", kindOf(v))
	}
	return nil
}

func (m *machine) frozenSet() error {
	if _, err := m.popMark(); err != nil {
		return err
	}
	return m.push(&opaque{of: "a set"})
}

func (m *machine) global() error {
	module, err := m.in.line()
	if err != nil {
		return err
	}
	name, err := m.in.line()
	if err != nil {
		return err
	}
	return m.pushGlobal(module, name)
}

func (m *machine) stackGlobal() error {
	names, err := m.popN(2)
	if err != nil {
		return err
	}
	module, ok1 := names[0].(string)
	name, ok2 := names[1].(string)
	if !ok1 || !ok2 {
		return broken("a global is named by %s and %s", kindOf(names[0]), kindOf(names[1]))
	}
	return m.pushGlobal(module, name)
}

// call answers REDUCE and NEWOBJ. What is called is one of our own functions, or nothing.
func (m *machine) call() error {
	args, err := m.popTuple()
	if err != nil {
		return err
	}
	f, err := m.pop()
	if err != nil {
		return err
	}
	v, err := m.apply(f, args.items)
	if err != nil {
		return err
	}
	return m.push(v)
}

// build answers BUILD, which sets an object's attributes: state dicts carry their version (_metadata) so, and opaque objects
// all they hold. No attribute matters here, and none is set.
func (m *machine) build() error {
	if _, err := m.pop(); err != nil {
		return err
	}
	v, err := m.top()
	if err != nil {
		return err
	}
	switch v.(type) {
	case *dict, *opaque, *view:
		return nil
	}
	return broken("it sets attributes of %s", kindOf(v))
}

func (m *machine) persistentID() error {
	id, err := m.popTuple()
	if err != nil {
		return err
	}
	if m.storage == nil {
		return broken("it refers to a storage where none can be")
	}
	v, err := m.storage(id)
	if err != nil {
		return err
	}
	return m.push(v)
}
