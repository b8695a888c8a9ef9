package device

import (
	"image"

	"classsr/engine"
	"classsr/program"
	"classsr/route"
	"classsr/tensor"
)

// Network is a network and its parameters, which must have passed the check of the graph that the program was lowered from.
type Network struct {
	Program *program.Program
	Params  tensor.Set
	// Unit is the factor that brings what it makes to 0..1.
	Unit float32
}

// Format is how the samples of a result lie in memory. All have three colours.
type Format int

const (
	// Float32 is planes of numbers, not clamped, one colour after the other.
	Float32 Format = iota
	// Uint8 is pixels of bytes, 0..1 clamped and rounded half up to 0..255.
	Uint8
	// Uint16 is pixels of numbers of two bytes in the machine's order, rounded to 0..65535.
	Uint16
)

// bytes is the size of a sample.
func (f Format) bytes() int {
	switch f {
	case Uint8:
		return 1
	case Uint16:
		return 2
	}
	return 4
}

// Part is what one network computes of a band. Beyond the window there are zeros to the network.
type Part struct {
	Network int             // its number in the model
	Window  image.Point     // the window's size
	Core    image.Rectangle // what is computed, in the window's pixels
	// Mask, if not nil, says which parts of the core are computed, in the window's pixels. Networks that pool over their input compute all.
	Mask engine.Mask
	// Reads is a rectangle of the window that holds all that is read of it (program.Program.Reads), and Input its planes, channel by channel and
	// row by row, in the range that the network takes.
	Reads image.Rectangle
	Input []float32
}

// Band is a rectangle of a picture that is enlarged in one go.
type Band struct {
	// Parts are what networks compute, each at most one part. All cores are the rectangle of the small picture that Result enlarges. Every network
	// that has any weight there has a part.
	Parts []Part
	// Blend says how networks, as classes by their numbers, pass over into each other; nil if there is only one part.
	Blend *route.Blend
	// Result is the rectangle of the enlarged picture that comes out.
	Result image.Rectangle
	Format Format
	// Out is where it comes, of Bytes.
	Out []byte
}

// Bytes is the size of what comes out.
func (b *Band) Bytes() int { return 3 * b.Format.bytes() * b.Result.Dx() * b.Result.Dy() }
