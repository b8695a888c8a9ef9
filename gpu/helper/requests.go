package helper

import (
	"context"
	"fmt"
	"image"

	"classsr/gpu/link"
	"classsr/program"
	"classsr/weights"
)

// mostOpen bounds regions, and models.
const mostOpen = 64

func (s *server) open(o link.Open) error {
	if s.device != nil {
		return fmt.Errorf("%w: a device is open", link.ErrRefused)
	}
	device, err := s.backend.Open(o)
	if err == nil {
		s.device = device
	}
	return err
}

func (s *server) mapRegion(m *link.Map) error {
	if m.Region < 1 || s.regions[m.Region] != nil || len(s.regions) == mostOpen {
		return fmt.Errorf("%w: region %d, besides %d others", link.ErrRefused, m.Region, len(s.regions))
	}
	opened, err := link.OpenRegion(m.Path, m.Size)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.regions[m.Region] = &region{Region: opened}
	return nil
}

func (s *server) unmap(number int) error {
	s.mu.Lock()
	r := s.regions[number]
	delete(s.regions, number)
	s.mu.Unlock()
	if r == nil {
		return fmt.Errorf("%w: region %d", link.ErrRefused, number)
	}
	r.using.Wait()
	return r.Close()
}

func (s *server) load(l *link.Load) (int, error) {
	r := s.regions[l.Region]
	switch {
	case s.device == nil:
		return 0, fmt.Errorf("%w: no device is open", link.ErrRefused)
	case r == nil || len(l.Networks) < 1 || len(s.models) == mostOpen:
		return 0, fmt.Errorf("%w: %d networks in region %d, besides %d models", link.ErrRefused, len(l.Networks), l.Region, len(s.models))
	}
	m := &model{}
	err := r.Guard(func() error {
		for i := range l.Networks {
			n, err := l.Networks[i].Params(r.Bytes)
			if err != nil {
				return err
			}
			if i > 0 && n.Spec.Scale != m.networks[0].Spec.Scale {
				return fmt.Errorf("%w: networks of several scales", link.ErrRefused)
			}
			m.networks = append(m.networks, n)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	m.channels = program.Lower(m.networks[0].Spec.Build(), program.Inference).Channels
	if m.Model, err = s.device.Load(m.networks); err != nil {
		return 0, err
	}
	if l.Speed > 0 {
		m.Pace(l.Speed)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	s.models[s.made] = m
	return s.made, nil
}

func (s *server) unload(number int) error {
	s.mu.Lock()
	m := s.models[number]
	delete(s.models, number)
	s.mu.Unlock()
	if m == nil {
		return fmt.Errorf("%w: model %d", link.ErrRefused, number)
	}
	m.using.Wait()
	m.Close()
	return nil
}

func (s *server) bytes(b *link.Bands) (int64, error) {
	m := s.models[b.Model]
	if m == nil {
		return 0, fmt.Errorf("%w: model %d", link.ErrRefused, b.Model)
	}
	if err := b.Check(len(m.networks), m.channels, m.scale(), link.MaxRegion); err != nil {
		return 0, err
	}
	return m.Bytes(bandsOf(b, nil, m.channels)), nil
}

// run computes bands together. It may be called by several goroutines at once.
func (s *server) run(ctx context.Context, b *link.Bands) (*link.Work, error) {
	s.mu.Lock()
	m, r := s.models[b.Model], s.regions[b.Region]
	if m == nil || r == nil {
		s.mu.Unlock()
		return nil, fmt.Errorf("%w: model %d, region %d", link.ErrRefused, b.Model, b.Region)
	}
	m.using.Add(1)
	r.using.Add(1)
	s.mu.Unlock()
	defer m.using.Done()
	defer r.using.Done()
	if err := b.Check(len(m.networks), m.channels, m.scale(), int64(len(r.Bytes))); err != nil {
		return nil, err
	}
	took := &link.Work{}
	return took, r.Guard(func() (err error) {
		*took, err = m.Run(ctx, bandsOf(b, r.Bytes, m.channels))
		return err
	})
}

func (m *model) scale() int { return m.networks[0].Spec.Scale }

// bandsOf gives bands that were checked with what lies in their region, inputs of so many channels, or without if region is nil.
func bandsOf(b *link.Bands, region []byte, channels int) []*Band {
	var all []*Band
	for i := range b.Bands {
		all = append(all, bandOf(&b.Bands[i], region, channels))
	}
	return all
}

func bandOf(b *link.Band, region []byte, channels int) *Band {
	out := &Band{Blend: b.Blend.Route(), Result: b.Result.Image(), Format: b.Format}
	if region != nil {
		out.Out = region[b.Offset:][:int64(out.Result.Dx())*int64(out.Result.Dy())*b.Format.PixelBytes()]
	}
	for _, p := range b.Parts {
		part := Part{Network: p.Network, Window: image.Pt(p.Window[0], p.Window[1]), Core: p.Core.Image(), Mask: p.Mask, Reads: p.Reads.Image()}
		if region != nil {
			part.Input = link.Floats(region[p.Offset:])[:channels*part.Reads.Dx()*part.Reads.Dy()]
		}
		out.Parts = append(out.Parts, part)
	}
	return out
}

// close frees everything.
func (s *server) close() {
	for _, m := range s.models {
		m.Close()
	}
	if s.device != nil {
		s.device.Close()
	}
	for _, r := range s.regions {
		_ = r.Close() // the process ends anyway
	}
}

// ScaleOf is the factor that brings results of a network to 0..1.
func ScaleOf(n weights.Network) float32 { return 1 / float32(max(n.Spec.InputRange, 1)) }
