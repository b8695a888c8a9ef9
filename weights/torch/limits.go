package torch

// Bounds on what a file may ask for. Real checkpoints stay far below all of them; together they keep the memory for a
// hostile file at a small multiple of its size, and the time linear in it.
const (
	// maxPickleBytes bounds the object pickle: tensor data lies outside it, so that a thousand tensors take about 150 KiB.
	maxPickleBytes = 64 << 20

	// maxOpcodes bounds the instructions of one pickle, each of which may cost some ten bytes of memory. A tensor takes
	// about 40; long lists of numbers, such as training logs, one a number.
	maxOpcodes = 1 << 21

	// maxStack bounds the values waiting on the pickle machine's stack. Python writes containers in batches of 1000.
	maxStack = 1 << 16

	// maxMemo bounds the values a pickle may keep for later reference. A tensor takes about ten.
	maxMemo = 1 << 20

	// maxName bounds the module and the class name of a global, and how much of a foreign string an error quotes.
	maxName = 256

	// maxDepth bounds how deep dictionaries may nest for the weights still to be found in them. Cycles end there too.
	maxDepth = 8

	// maxEntries bounds the entries of the state dict and of each dictionary around it.
	maxEntries = 1 << 16

	// maxPath bounds the keys, joined by dots, that lead to the state dict. It keeps the names in Ignored short.
	maxPath = 128

	// maxDims bounds the dimensions of a tensor.
	maxDims = 16

	// maxElements bounds the elements of one tensor and each of its dimensions: 4 GiB of float32.
	maxElements = 1 << 30

	// spareElements is how many elements all tensors together may have beyond one for each byte of the file. Storages
	// that several tensors share and zero strides make more of the data than the file holds; this bounds by how much.
	spareElements = 1 << 16
)
