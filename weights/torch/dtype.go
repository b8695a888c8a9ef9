package torch

import (
	"encoding/binary"
	"math"

	"classsr/tensor"
)

// dtype is an element type.
type dtype struct {
	name     string
	aliases  []string             // its other names in Python
	storages []string             // the classes of storages that hold it
	bytes    int64                // of one element
	float32  func([]byte) float32 // the element at the start of a slice; nil for types that are not read
}

// untyped is what newer element types are stored as: bytes, whose meaning only the tensor knows.
var untyped = &dtype{name: "bytes", storages: []string{"torch.storage.UntypedStorage", "torch.UntypedStorage"}, bytes: 1}

// dtypes is every element type that may occur, also in entries which are then left out.
var dtypes = []*dtype{
	{name: "float32", aliases: []string{"float"}, storages: storageOf("Float"), bytes: 4, float32: func(b []byte) float32 {
		return math.Float32frombits(binary.LittleEndian.Uint32(b))
	}},
	{name: "float16", aliases: []string{"half"}, storages: storageOf("Half"), bytes: 2, float32: func(b []byte) float32 {
		return tensor.Float16(binary.LittleEndian.Uint16(b))
	}},
	{name: "bfloat16", storages: storageOf("BFloat16"), bytes: 2, float32: func(b []byte) float32 {
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
	}},
	{name: "float64", aliases: []string{"double"}, storages: storageOf("Double"), bytes: 8, float32: func(b []byte) float32 {
		return float32(math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}},
	{name: "int64", aliases: []string{"long"}, storages: storageOf("Long"), bytes: 8},
	{name: "int32", aliases: []string{"int"}, storages: storageOf("Int"), bytes: 4},
	{name: "int16", aliases: []string{"short"}, storages: storageOf("Short"), bytes: 2},
	{name: "int8", storages: storageOf("Char"), bytes: 1},
	{name: "uint8", storages: storageOf("Byte"), bytes: 1},
	{name: "bool", storages: storageOf("Bool"), bytes: 1},
	{name: "uint16", bytes: 2},
	{name: "uint32", bytes: 4},
	{name: "uint64", bytes: 8},
	{name: "complex64", aliases: []string{"cfloat"}, storages: storageOf("ComplexFloat"), bytes: 8},
	{name: "complex128", aliases: []string{"cdouble"}, storages: storageOf("ComplexDouble"), bytes: 16},
	{name: "float8_e4m3fn", bytes: 1},
	{name: "float8_e5m2", bytes: 1},
}

func storageOf(name string) []string {
	return []string{"torch." + name + "Storage", "torch.cuda." + name + "Storage"}
}
