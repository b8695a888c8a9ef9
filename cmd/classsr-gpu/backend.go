package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"classsr/gpu/device"
	"classsr/gpu/helper"
	"classsr/gpu/link"
	"classsr/gpu/vulkan"
	"classsr/program"
	"classsr/weights"
)

// newBackend gives the devices that Vulkan knows.
func newBackend() helper.Backend { return &backend{} }

// backend is Vulkan, which is opened when it is first asked for.
type backend struct{ instance *vulkan.Instance }

func (b *backend) open() error {
	if b.instance != nil {
		return nil
	}
	instance, err := vulkan.Open(vulkan.Options{})
	if err != nil {
		return linked(err)
	}
	b.instance = instance
	return nil
}

// Devices implements helper.Backend.
func (b *backend) Devices() ([]link.Device, error) {
	if err := b.open(); err != nil {
		return nil, err
	}
	var all []link.Device
	for i, info := range b.instance.Devices() {
		if info.Unusable != "" {
			continue
		}
		all = append(all, link.Device{
			Index: i, Name: info.Name, Kind: string(info.Kind), Driver: info.Driver, ID: hex.EncodeToString(info.UUID[:]),
			API:    info.API,
			Memory: info.Heap, Free: info.Free, Half: info.Float16 && info.Storage16, Matrix: device.Matrices(info),
		})
	}
	return all, nil
}

// Open implements helper.Backend.
func (b *backend) Open(o link.Open) (helper.Device, error) {
	if err := b.open(); err != nil {
		return nil, err
	}
	if o.Index < 0 || o.Index >= len(b.instance.Devices()) {
		return nil, fmt.Errorf("%w: device %d", link.ErrRefused, o.Index)
	}
	opened, err := b.instance.Open(o.Index, vulkan.DeviceOptions{CacheDir: o.CacheDir})
	if err != nil {
		return nil, linked(err)
	}
	d, err := device.New(opened, device.Options{Half: o.Half, Matrices: o.Matrices})
	if err != nil {
		opened.Close()
		return nil, linked(err)
	}
	return &computer{opened, d}, nil
}

// computer is a device that is open.
type computer struct {
	vulkan *vulkan.Device
	*device.Device
}

// Load implements helper.Device.
func (c *computer) Load(networks []weights.Network) (helper.Model, error) {
	var all []device.Network
	for _, n := range networks {
		all = append(all, device.Network{
			Program: program.Lower(n.Spec.Build(), program.Inference), Params: n.Params, Unit: helper.ScaleOf(n),
		})
	}
	m, err := c.Device.Load(all)
	if err != nil {
		return nil, linked(err)
	}
	return model{m}, nil
}

// Close implements helper.Device.
func (c *computer) Close() { c.vulkan.Close() }

type model struct{ *device.Model }

// Bytes implements helper.Model.
func (m model) Bytes(bands []*helper.Band) int64 { return m.Model.Bytes(bandsOf(bands)...) }

// Run implements helper.Model.
func (m model) Run(ctx context.Context, bands []*helper.Band) (link.Work, error) {
	took, err := m.Model.Run(ctx, bandsOf(bands)...)
	return link.Work(took), linked(err)
}

func bandsOf(bands []*helper.Band) []*device.Band {
	formats := map[link.Format]device.Format{link.Float32: device.Float32, link.Uint8: device.Uint8, link.Uint16: device.Uint16}
	var all []*device.Band
	for _, b := range bands {
		out := &device.Band{Blend: b.Blend, Result: b.Result, Format: formats[b.Format], Out: b.Out}
		for _, p := range b.Parts {
			out.Parts = append(out.Parts, device.Part{Network: p.Network, Window: p.Window, Core: p.Core, Mask: p.Mask, Reads: p.Reads, Input: p.Input})
		}
		all = append(all, out)
	}
	return all
}

// linked gives an error of Vulkan the meaning that it has for classsr; nil stays nil.
func linked(err error) error {
	for of, as := range map[error]error{
		vulkan.ErrUnavailable: link.ErrUnavailable, vulkan.ErrOutOfMemory: link.ErrOutOfMemory, vulkan.ErrDeviceLost: link.ErrLost,
	} {
		if errors.Is(err, of) {
			return fmt.Errorf("%w (%w)", as, err)
		}
	}
	return err
}
