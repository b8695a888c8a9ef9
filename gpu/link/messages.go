// Package link is what classsr and its GPU helper, a process of its own, say to each other: small messages through a pipe, and pixels in files
// that both have mapped into their memory (Region).
//
// The first message of either side is a Hello; who hears of another version says so and ends. After that classsr sends Requests and the helper
// answers each with a Reply of the same ID, in any order. Neither side believes the other: messages are bounded, and what they say is checked
// before it is used (Band.Check, Network.Params).
package link

import (
	"errors"
	"fmt"
	"image"
	"strings"
	"time"

	"classsr/arch"
)

// Protocol is raised by every change of the messages.
const Protocol = 3

// Hello says who speaks. Both sides must be of the same release.
type Hello struct {
	Protocol int    `json:"protocol"`
	Version  string `json:"version"` // of the product
}

// Check returns an error if the other side, which said hello, is of another version.
func (h Hello) Check(other Hello) error {
	if h != other {
		return fmt.Errorf("it is of version %q (messages %d), and classsr of version %q (messages %d): install both from one release",
			other.Version, other.Protocol, h.Version, h.Protocol)
	}
	return nil
}

// Request asks the helper for something: for the one of its fields that is set, besides ID.
type Request struct {
	ID     uint64 `json:"id"`
	List   bool   `json:"list,omitempty"`   // -> Reply.Devices
	Open   *Open  `json:"open,omitempty"`   // once
	Load   *Load  `json:"load,omitempty"`   // -> Reply.Model
	Unload int    `json:"unload,omitempty"` // a model, of which nothing is running
	Map    *Map   `json:"map,omitempty"`
	Unmap  int    `json:"unmap,omitempty"` // a region
	Bytes  *Bands `json:"bytes,omitempty"` // -> Reply.Bytes: the memory of the device that they take; Region and offsets do not matter
	Run    *Bands `json:"run,omitempty"`   // -> Reply.Work
}

// Reply answers the Request of the same ID.
type Reply struct {
	ID      uint64   `json:"id"`
	Error   *Failure `json:"error,omitempty"`
	Devices []Device `json:"devices,omitempty"`
	Model   int      `json:"model,omitempty"` // its number, from 1
	Bytes   int64    `json:"bytes,omitempty"` // of the device's memory
	Work    *Work    `json:"work,omitempty"`  // of Run
}

// Work is what bands that were computed together took of the device.
type Work struct {
	// Upload is the time for bringing them to the device, Download that for bringing their results back, and Compute that for all between: by the device's own
	// clock, in nanoseconds, without what the processor copies. They are 0 if the device has no clock.
	Upload   time.Duration `json:"upload"`
	Compute  time.Duration `json:"compute"`
	Download time.Duration `json:"download"`
	// Memory is the most of its memory that the helper has had at a time, in bytes.
	Memory int64 `json:"memory"`
}

// Device is a GPU, or something that Vulkan shows as one.
type Device struct {
	Index  int    `json:"index"`
	Name   string `json:"name"`
	Kind   string `json:"kind"`   // discrete, integrated, virtual, cpu or other
	Driver string `json:"driver"` // its name and version
	API    string `json:"api"`    // version of Vulkan
	// ID tells devices of one model apart, in this machine at least.
	ID string `json:"id,omitempty"`
	// Memory is what the device has of its own, and Free what of it nobody uses now, both in bytes; Free is 0 if that is not known.
	Memory int64 `json:"memory"`
	Free   int64 `json:"free,omitempty"`
	// Half tells that it computes with 16-bit floating-point numbers, Matrix that it has products of matrices of these which the helper can use.
	Half   bool `json:"half"`
	Matrix bool `json:"matrix"`
}

// Open opens a device for all further requests.
type Open struct {
	Index int `json:"index"`
	// Half asks for 16-bit floating-point numbers where the device has them.
	Half bool `json:"half,omitempty"`
	// Matrices asks for convolutions as products of matrices where the device has them; without Half it does nothing.
	Matrices bool `json:"matrices,omitempty"`
	// CacheDir is a folder for what the driver makes of shaders; empty for none.
	CacheDir string `json:"cache_dir,omitempty"`
}

// Map has a file mapped under a number. Its first Size bytes are the region.
type Map struct {
	Region int    `json:"region"` // from 1
	Path   string `json:"path"`
	Size   int64  `json:"size"`
}

// Load loads networks, whose parameters lie in a region.
type Load struct {
	Region   int       `json:"region"`
	Networks []Network `json:"networks"`
	// Speed is about how many multiply-accumulates a second the device does; 0 if that is not known.
	Speed float64 `json:"speed,omitempty"`
}

// Network is a network and where its parameters lie: in the order of their names, one after the other, float32.
type Network struct {
	Spec   arch.Spec `json:"spec"`
	Offset int64     `json:"offset"` // in bytes
}

// Format is how samples of a result lie in memory.
type Format string

const (
	// Float32 is three planes of float32, 0 to 1, which may lie outside.
	Float32 Format = "float32"
	// Uint8 is three bytes for each pixel, clamped and rounded as picture.Picture.WritePlanes does.
	Uint8 Format = "uint8"
	// Uint16 is three numbers of 16 bits for each pixel, in the machine's order, clamped and rounded likewise.
	Uint16 Format = "uint16"
)

// PixelBytes is what a pixel takes; 0 for what is no format.
func (f Format) PixelBytes() int64 {
	switch f {
	case Float32:
		return 12
	case Uint8:
		return 3
	case Uint16:
		return 6
	}
	return 0
}

// Code says what kind of failure it was.
type Code string

// Failure is why a request was not done.
type Failure struct {
	Code Code   `json:"code"`
	Text string `json:"text"`
}

// Errors that requests end with, to be tested for by errors.Is.
var (
	// ErrOutOfMemory: the device has not enough memory for it; less may go well.
	ErrOutOfMemory = errors.New("the device's memory is full")
	// ErrLost: the device or the helper is gone or does not answer; nothing will go well before both are started anew.
	ErrLost = errors.New("the device was lost")
	// ErrUnavailable: there is no device, or it cannot do that.
	ErrUnavailable = errors.New("no device can do it")
	// ErrRefused: what was asked for makes no sense, which is a mistake in the program.
	ErrRefused = errors.New("refused")
)

var codes = map[Code]error{"memory": ErrOutOfMemory, "lost": ErrLost, "unavailable": ErrUnavailable, "refused": ErrRefused}

// Failed makes a Failure of an error. One that is none of this package's is ErrLost: nobody knows in which state the device is.
func Failed(err error) *Failure {
	for code, known := range codes {
		if errors.Is(err, known) {
			return &Failure{code, bounded(err.Error())}
		}
	}
	return &Failure{"lost", bounded(err.Error())}
}

// Err is the error that it was made of, in another process.
func (f *Failure) Err() error {
	if f == nil {
		return nil
	}
	known := codes[f.Code]
	if known == nil {
		known = ErrLost
	}
	text := bounded(f.Text)
	if text == known.Error() {
		return known
	}
	return &failure{known, text}
}

// failure is an error of this package in other words.
type failure struct {
	error
	text string
}

func (f *failure) Error() string { return f.text }

func (f *failure) Unwrap() error { return f.error }

// bounded cuts texts that are too long to be shown, and makes one line of several.
func bounded(text string) string {
	const most = 500
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	return text[:min(len(text), most)]
}

// Rectangle is an image.Rectangle in few letters: left, top, right, bottom.
type Rectangle [4]int

// RectangleOf makes one.
func RectangleOf(r image.Rectangle) Rectangle {
	return Rectangle{r.Min.X, r.Min.Y, r.Max.X, r.Max.Y}
}

// Image is the rectangle, as it was given: its sides are not exchanged.
func (r Rectangle) Image() image.Rectangle {
	return image.Rectangle{Min: image.Pt(r[0], r[1]), Max: image.Pt(r[2], r[3])}
}
