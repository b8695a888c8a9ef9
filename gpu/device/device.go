// Package device computes networks on a Vulkan device: whole programs, as program.Lower makes them, band by band of a picture. Planes of
// float32 go in; samples of the enlarged picture come out, several networks blended by route.Blend where a picture is routed.
//
// A band is one submission: all steps of all networks, each a dispatch after the one before. So are several bands that are computed together, each step of a
// network a dispatch for all of them: alone they would leave most of a large device without work. What each value lies at, which rectangle of it is
// computed and which tiles a mask leaves out is found on the host (layout, reach) and uploaded with the band. Every pixel is a sum in one
// fixed order, wherever a band or a workgroup begins: how a picture is cut changes no bit, but for networks that pool over their input.
package device

import (
	"context"
	"encoding/binary"
	"math"
	"sync"

	"classsr/gpu/shaders"
	"classsr/gpu/vulkan"
	"classsr/tensor"
)

// Options are how networks are computed.
type Options struct {
	// Half keeps values and weights as float16, half the memory, if the device can, and multiplies in it. Sums are float32, but for their parts.
	Half bool
	// Matrices computes convolutions as products of cooperative matrices where that pays, if Half does something and the device can.
	Matrices bool
}

// Device computes networks on a Vulkan device.
type Device struct {
	vulkan    *vulkan.Device
	half      bool
	matrices  *matrices // nil if none are used
	mu        sync.Mutex
	pipelines map[kernel]*vulkan.Pipeline
}

// New makes a Device of a Vulkan device, which outlives it.
func New(d *vulkan.Device, o Options) (*Device, error) {
	info := d.Info()
	device := &Device{vulkan: d, half: o.Half && info.Float16 && info.Storage16, pipelines: map[kernel]*vulkan.Pipeline{}}
	if device.half && o.Matrices {
		device.matrices = chooseMatrices(info)
	}
	return device, nil
}

// Matrices tells whether Options.Matrices does something on a device.
func Matrices(info vulkan.Info) bool { return chooseMatrices(info) != nil }

// Half tells whether values are float16.
func (d *Device) Half() bool { return d.half }

// quadBytes is the size of four channels of a pixel.
func (d *Device) quadBytes() int {
	if d.half {
		return exactBytes / 2
	}
	return exactBytes
}

const (
	// numberBytes is a parameter, or a word of what comes out.
	numberBytes = 4
	// buffers is how many buffers shaders have, and pushBytes what they are told besides (package shaders).
	buffers, pushBytes               = 5, 3 * numberBytes
	samplesBuffers, samplesPushBytes = 2, 5 * numberBytes
)

// pipeline makes a pipeline, or finds it if it was made.
func (d *Device) pipeline(k kernel) (*vulkan.Pipeline, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.pipelines[k]; p != nil {
		return p, nil
	}
	l := vulkan.Layout{Buffers: buffers, Push: pushBytes, Constants: k.constants[:k.count]}
	if k.shader == shaders.Samples {
		l.Buffers, l.Push = samplesBuffers, samplesPushBytes
	}
	p, err := d.vulkan.Pipeline(shaders.Get(k.shader, d.half && !k.exact), l)
	if err == nil {
		d.pipelines[k] = p
	}
	return p, err
}

// upload makes a buffer with these bytes.
func (d *Device) upload(data []byte) (*vulkan.Buffer, error) {
	size := int64(len(data))
	to, err := d.vulkan.Buffer(size, vulkan.Local)
	if err != nil {
		return nil, err
	}
	from, err := d.vulkan.Buffer(size, vulkan.Upload)
	if err != nil {
		to.Free()
		return nil, err
	}
	defer from.Free()
	copy(from.Bytes(), data)
	if err := d.once(func(c *vulkan.Commands) { c.Copy(to, 0, from, 0, size) }); err != nil {
		to.Free()
		return nil, err
	}
	return to, nil
}

// appendNumber appends a number as float32, or as float16 if quads of them have half the size; what float16 cannot hold becomes infinite.
func appendNumber(data []byte, v float32, quadBytes int) []byte {
	if quadBytes == exactBytes {
		return binary.NativeEndian.AppendUint32(data, math.Float32bits(v))
	}
	bits, ok := tensor.ToFloat16(v)
	if !ok {
		const infinity = 0x7c00
		bits = uint16(math.Float32bits(v)>>31)<<15 | infinity
	}
	return binary.NativeEndian.AppendUint16(data, bits)
}

// once runs commands and waits for their end.
func (d *Device) once(record func(*vulkan.Commands)) error {
	c, err := d.vulkan.Commands()
	if err != nil {
		return err
	}
	defer c.Free()
	if err := c.Begin(); err != nil {
		return err
	}
	record(c)
	if err := c.End(); err != nil {
		return err
	}
	fence, err := d.vulkan.Submit(c)
	if err != nil {
		return err
	}
	return fence.Wait(context.Background())
}
