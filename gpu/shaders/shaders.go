// Package shaders holds the shaders that compute networks on a Vulkan device, as SPIR-V. The GLSL that they are compiled from lies beside them;
// `make gen-shaders` compiles it. (matrix.comp is written for the extension of matrices that Debian 12's compiler knows, and translated to the one that devices have.)
//
// All but Samples (samples.comp says what it has) have these buffers: 0 and 1 the values of a network, to read and to write; 2 its weights; 3 the parameters of all dispatches;
// 4 sums, what is blended, or the input. Their push constants are three numbers: where the parameters of the dispatch's first piece begin, how many each piece has, and how many workgroups of a piece lie along z. Specialisation constants 0
// to 2 are the sides of workgroups where these can be chosen, but in MatrixName; what else there is, each file says.
package shaders

import (
	"embed"
	"fmt"
)

//go:embed *.spv
var compiled embed.FS

// Names of shaders. Conv is made by ConvName.
const (
	Depthwise = "depthwise"
	Each      = "each"
	Sums      = "sums"
	Blend     = "blend"
	Samples   = "samples"
)

// ConvName is the convolution whose taps within a square of so many a side are made in one (1, 3 or 5), and of which a thread makes so many
// quads of channels (1 or 2).
func ConvName(taps, quads int) string { return fmt.Sprintf("conv-%d-%d", taps, quads) }

// MatrixName is the convolution by products of matrices, for values of float16 only: its taps are those within a square of so many a side that are
// made in one (1 or 3), and a workgroup makes so many matrices of the result's channels side by side (1 to 4). Its specialisation constants are the
// threads of a workgroup, the sides M, N and K of products, and how many subgroups work at most.
func MatrixName(taps, across int) string { return fmt.Sprintf("matrix-%d-%d", taps, across) }

// Get gives a shader, for values of float16 if half. It panics if there is none of that name.
func Get(name string, half bool) []byte {
	if half {
		name += "-half"
	}
	code, err := compiled.ReadFile(name + ".spv")
	if err != nil {
		panic("shaders: no shader has this name")
	}
	return code
}

// What each operation of Each is, as its specialisation constant 3.
const (
	Activate uint32 = iota
	Sigmoid
	Affine
	Add
	Mul
	ChannelMul
	Shuffle
	Unshuffle
	Nearest
	Bilinear
	Bicubic
	Input
)

// The passes of Sums, as its specialisation constant 3.
const (
	OfRows uint32 = iota
	OfAll
	OfTaps
	OfConvolution
	OfSqueeze
)

const (
	// RowOfGroups is how many workgroups lie along x if tiles are listed.
	RowOfGroups = 32768
	// ConvColumns is the columns of a workgroup's tile in Conv.
	ConvColumns = 16
	// ConvRows is its rows for each thread along y.
	ConvRows = 8
	// MatrixColumns is the columns of a workgroup's tile in MatrixName.
	MatrixColumns = 16
	// MatrixRows is its rows.
	MatrixRows = 16
	// MatrixTaps is the largest side of taps that are made in one there.
	MatrixTaps = 3
	// TileColumns is the columns of a workgroup's tile in Depthwise, Each and Blend.
	TileColumns = 32
	// TileRows is its rows.
	TileRows = 16
	// SamplesWords is how many words of four bytes a workgroup of Samples writes.
	SamplesWords = 128
)
