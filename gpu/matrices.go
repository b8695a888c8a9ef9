package gpu

import (
	"context"
	"errors"
	"fmt"
	"image"

	"classsr/arch"
	"classsr/gpu/link"
	"classsr/weights"
)

// judgeMatrices finds out whether a device that has passed its test is right with products of matrices, too, and faster, and notes that in its verdict.
// In the end the helper has the device open in the way that is used. The error is as judge's.
func (d *Device) judgeMatrices(ctx context.Context, v *Verdict) error {
	without, err := d.measureHeavy(ctx)
	if err != nil {
		return err
	}
	with, speed, err := d.tryMatrices(ctx)
	switch {
	case ctx.Err() != nil || errors.Is(err, link.ErrOutOfMemory):
		return err
	case err != nil:
		v.NoMatrices = "they have failed their test: " + err.Error()
	case with <= without:
		v.NoMatrices = fmt.Sprintf("without them it is faster: %.3g and not %.3g GMAC/s", without/1e9, with/1e9)
	default:
		v.Matrices, v.Speed = true, speed
		return nil
	}
	return d.reopen(ctx, false)
}

// tryMatrices tests the device with matrices, and tells how fast it is.
func (d *Device) tryMatrices(ctx context.Context) (heavy float64, s Speed, err error) {
	if err := d.reopen(ctx, true); err != nil {
		return 0, s, err
	}
	if err := d.testNetworks(ctx); err != nil {
		return 0, s, err
	}
	if heavy, err = d.measureHeavy(ctx); err != nil {
		return 0, s, err
	}
	s, err = d.measure(ctx)
	return heavy, s, err
}

// reopen ends the helper and has another one open the device, with matrices or without.
func (d *Device) reopen(ctx context.Context, matrices bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.never != nil {
		return d.never
	}
	if d.client != nil {
		d.client.close()
	}
	d.client, d.models, d.matrices = nil, nil, matrices
	c, err := d.options.start()
	if err != nil {
		return err
	}
	if err := d.begin(ctx, c); err != nil {
		c.close()
		return err
	}
	d.client = c
	return nil
}

// measureHeavy measures multiply-accumulates a second of convolutions with many channels, beside which little is brought there and back.
func (d *Device) measureHeavy(ctx context.Context) (float64, error) {
	const width, depth = 64, 4
	spec, err := arch.Paper("srvggnet", 2, width)
	if err != nil {
		return 0, err
	}
	spec.Depth = depth
	s, err := d.measureNetwork(ctx, weights.Network{Spec: spec, Params: spec.Init(1)}, image.Pt(64, 48))
	return s.MACs, err
}
