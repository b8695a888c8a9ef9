package onnx

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"classsr/tensor"
)

// Field numbers and constants of onnx.proto, as far as they are written here.
const (
	modelIRVersion    = 1
	modelProducerName = 2
	modelGraph        = 7
	modelOpsetImport  = 8

	opsetVersion = 2

	graphNode        = 1
	graphName        = 2
	graphInitializer = 5
	graphInput       = 11
	graphOutput      = 12

	nodeInput     = 1
	nodeOutput    = 2
	nodeName      = 3
	nodeOpType    = 4
	nodeAttribute = 5

	attributeName   = 1
	attributeF      = 2
	attributeI      = 3
	attributeS      = 4
	attributeInts   = 8
	attributeType   = 20
	attributeFloat  = 1
	attributeInt    = 2
	attributeString = 3
	attributeIntSeq = 7

	tensorDims     = 1
	tensorDataType = 2
	tensorName     = 8
	tensorRawData  = 9
	tensorFloat    = 1

	valueName      = 1
	valueType      = 2
	typeTensor     = 1
	tensorElemType = 1
	tensorShape    = 2
	shapeDim       = 1
	dimValue       = 1
	dimParam       = 2
)

// message is an encoded protobuf message that grows field by field.
type message []byte

func (m *message) varint(field protowire.Number, v int64) {
	*m = protowire.AppendTag(*m, field, protowire.VarintType)
	*m = protowire.AppendVarint(*m, uint64(v))
}

func (m *message) float(field protowire.Number, v float32) {
	*m = protowire.AppendTag(*m, field, protowire.Fixed32Type)
	*m = protowire.AppendFixed32(*m, math.Float32bits(v))
}

func (m *message) text(field protowire.Number, s string) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendString(*m, s)
}

func (m *message) message(field protowire.Number, sub message) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendBytes(*m, sub)
}

// floats appends little-endian numbers as one field of bytes.
func (m *message) floats(field protowire.Number, data []float32) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendVarint(*m, uint64(4*len(data)))
	for _, v := range data {
		*m = binary.LittleEndian.AppendUint32(*m, math.Float32bits(v))
	}
}

// encodeNode gives a NodeProto.
func encodeNode(n node, name string, inputs []string, output string) message {
	var m message
	for _, input := range inputs {
		m.text(nodeInput, input)
	}
	m.text(nodeOutput, output)
	m.text(nodeName, name)
	m.text(nodeOpType, n.op)
	for _, a := range n.attributes {
		m.message(nodeAttribute, encodeAttribute(a))
	}
	return m
}

// encodeAttribute gives an AttributeProto.
func encodeAttribute(a attribute) message {
	var m message
	m.text(attributeName, a.name)
	switch v := a.value.(type) {
	case float32:
		m.float(attributeF, v)
		m.varint(attributeType, attributeFloat)
	case int:
		m.varint(attributeI, int64(v))
		m.varint(attributeType, attributeInt)
	case string:
		m.text(attributeS, v)
		m.varint(attributeType, attributeString)
	case []int:
		for _, i := range v {
			m.varint(attributeInts, int64(i))
		}
		m.varint(attributeType, attributeIntSeq)
	default:
		panic("onnx: an attribute of a type that is not encoded")
	}
	return m
}

// encodeTensor gives a TensorProto of float32.
func encodeTensor(name string, a tensor.Array) message {
	m := make(message, 0, 4*len(a.Data)+len(name)+64)
	for _, d := range a.Dims {
		m.varint(tensorDims, int64(d))
	}
	m.varint(tensorDataType, tensorFloat)
	m.text(tensorName, name)
	m.floats(tensorRawData, a.Data)
	return m
}

// encodeValue gives a ValueInfoProto of a float32 tensor. Dimensions are numbers (int) or names (string).
func encodeValue(name string, dims ...any) message {
	var shape message
	for _, d := range dims {
		var dim message
		switch d := d.(type) {
		case int:
			dim.varint(dimValue, int64(d))
		case string:
			dim.text(dimParam, d)
		default:
			panic("onnx: a dimension is neither a number nor a name")
		}
		shape.message(shapeDim, dim)
	}
	var dense, kind, m message
	dense.varint(tensorElemType, tensorFloat)
	dense.message(tensorShape, shape)
	kind.message(typeTensor, dense)
	m.text(valueName, name)
	m.message(valueType, kind)
	return m
}

// encodeModel gives a ModelProto.
func encodeModel(producer string, graph message) message {
	var opset message
	opset.varint(opsetVersion, Opset)
	m := make(message, 0, len(graph)+len(producer)+64)
	m.varint(modelIRVersion, irVersion)
	m.text(modelProducerName, producer)
	m.message(modelGraph, graph)
	m.message(modelOpsetImport, opset)
	return m
}
