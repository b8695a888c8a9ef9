package infer

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"image"
	"io"

	"classsr/fault"
	"classsr/picture"
)

// Decision is what was decided about a picture of a sequence: with the picture, all that somebody needs who enlarges it with the bits that the sequence would have
// given it (Sequence.Decided).
type Decision struct {
	// Cut tells that a scene begins with the picture.
	Cut bool
	// Classes are those of the cores, row by row; none if nothing is routed. Of networks that pool, squares take the cores' place.
	Classes []byte
	// FullBecause is as in a Report.
	FullBecause string
}

// Decided is a Decision with what is known of the picture besides.
type Decided struct {
	Decision
	// Moved is about which share of the picture, 0 to 1, is to be computed, since something has changed there or nearby.
	Moved float64
	// Changed is as in a Frame.
	Changed float64
	// RouterMACs are the multiply-accumulates that the router took.
	RouterMACs int64
}

// Decide takes a picture for the next one of the sequence, and decides about it what Next would, without enlarging it. It takes memory for a look at the picture
// only; beside is as for Next, and so are errors.
func (s *Sequence) Decide(ctx context.Context, in *picture.Picture, beside int64) (Decided, error) {
	var d Decided
	if err := s.check(in); err != nil {
		return d, err
	}
	c := in.Config()
	claim, err := s.up.claim(ctx, c, Beside{While: beside + s.up.SequenceBytes(c, s.options)}, kept{split: c.Height})
	if err != nil {
		return d, err
	}
	defer claim.Release()
	claim.sizing.threads = s.up.threads
	seen, _, err := s.look(ctx, in, claim)
	if err != nil {
		return d, err
	}
	d.Cut, d.Moved, d.Changed = seen.scene, seen.moved(), s.changedClasses(seen)
	if choice := seen.choice; choice != nil {
		d.FullBecause, d.RouterMACs = choice.fullBecause, choice.routerMACs
		for _, class := range choice.Classes {
			d.Classes = append(d.Classes, byte(class))
		}
	}
	s.keep(in, seen)
	s.stale = true
	return d, nil
}

// Decided is Next for a picture about which somebody else has decided, by Decide in a sequence of the same pictures with the same networks. A decision that cannot
// be one about this picture is an error of kind fault.Usage.
func (s *Sequence) Decided(ctx context.Context, in *picture.Picture, d Decision, beside int64) (*Frame, error) {
	return s.next(ctx, in, beside, func(seen *seen) error {
		seen.scene = d.Cut
		switch m, divides := s.up.method.(divisible); {
		case divides:
			var err error
			seen.choice, err = m.chosen(image.Pt(in.Width, in.Height), d.Classes, d.FullBecause)
			return err
		case len(d.Classes) > 0 || d.FullBecause != "":
			return fault.New(fault.Usage, "classes for what has none")
		}
		return nil
	})
}

const (
	cutFlag = 1
	// mostDecision bounds decisions as they are unpacked, in bytes.
	mostDecision = 4 << 20
)

// Text gives a decision in letters, digits, - and _. Of a frame of 1280x720 these are some hundred.
func (d Decision) Text() string {
	head := []byte{0, byte(min(len(d.FullBecause), 255))}
	if d.Cut {
		head[0] = cutFlag
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err == nil {
		_, err = w.Write(append(append(head, d.FullBecause[:head[1]]...), d.Classes...))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil { // a Buffer takes everything
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(packed.Bytes())
}

// ParseDecision reads what Text gives. Errors are of kind fault.Damaged.
func ParseDecision(text string) (d Decision, err error) {
	packed, err := base64.RawURLEncoding.DecodeString(text)
	var all []byte
	if err == nil {
		all, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), mostDecision+1))
	}
	if err != nil || len(all) < 2 || len(all) > mostDecision || len(all) < 2+int(all[1]) {
		return d, fault.New(fault.Damaged, "what was decided about a frame cannot be read")
	}
	because := 2 + int(all[1])
	d.Cut, d.FullBecause, d.Classes = all[0]&cutFlag != 0, string(all[2:because]), all[because:]
	return d, nil
}
