package worker

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"

	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/infer"
	"classsr/picture"
)

const (
	// bandRows is about how many rows of the result are sent at a time.
	bandRows = 64
	// mostBytes is how many bytes of samples are, unless a row alone has more.
	mostBytes = 16 << 20
)

// rows computes rows of a picture, and passes them on band by band. What it gives completes the unit.
func (s *session) rows(u *unit) (delivery, error) {
	p, err := s.part(u)
	if err != nil {
		return delivery{}, err
	}
	e, err := p.begin(u)
	if err != nil {
		return delivery{}, err
	}
	defer func() { _ = e.Close() }() // after a panic, too
	begun := time.Now()
	b := &bands{session: s, unit: u, part: p, each: rowsOfBand(e.Config(), p.brief.Scale)}
	for err == nil && b.sent < b.end() {
		var rows *picture.Picture
		if rows, err = e.NextRows(); err == nil {
			err = b.take(rows)
		}
	}
	if closing := e.Close(); err == nil {
		err = closing
	}
	if errors.Is(err, io.EOF) {
		err = fault.New(fault.Internal, "rows %d to %d have an end after %d of their result", p.file.From, p.file.Until, b.sent)
	}
	if err != nil {
		return delivery{}, err
	}
	seconds := time.Since(begun) - b.waited
	return delivery{unit: u, body: bytes.NewReader(nil), last: true, seconds: seconds.Seconds(), macs: e.Report().MACs}, nil
}

// rowsOfBand is how many rows of a result are sent at a time: those of whole rows of the small picture, since that is how they are counted.
func rowsOfBand(c picture.Config, scale int) int {
	row := c.Bytes() / int64(c.Height)
	most := int(min(bandRows, mostBytes/row, int64(wire.MostRows(c))))
	return max(most/scale, 1) * scale
}

// bands sends rows as they come.
type bands struct {
	*session
	unit   *unit
	part   *part
	each   int // rows of a band at most
	sent   int // rows of the result
	waited time.Duration
	bodies [2][]byte // in turn: one is sent while the next one is made
	turn   int
}

// end is how many rows of the result are to be sent, which may get fewer.
func (b *bands) end() int {
	f := b.part.file
	return (int(min(int64(f.Until), b.unit.until.Load())) - f.From) * b.part.brief.Scale
}

// take sends rows.
func (b *bands) take(rows *picture.Picture) error {
	for top := 0; top < rows.Height; {
		height := min(b.each, rows.Height-top, b.end()-b.sent)
		if height <= 0 {
			return nil
		}
		coding := b.line.coding()
		body := wire.AppendBand(b.bodies[b.turn][:0], rows.Band(top, top+height), coding)
		b.bodies[b.turn] = body
		b.turn = 1 - b.turn
		if b.Corrupt != nil {
			b.Corrupt(body)
		}
		begun := time.Now()
		if !b.pass(b.unit, delivery{unit: b.unit, body: bytes.NewReader(body), coding: coding}) {
			return b.unit.ctx.Err()
		}
		b.waited += time.Since(begun)
		top += height
		b.sent += height
		b.progress(b.unit, float64(b.sent)/float64(max(b.end(), 1)))
	}
	return nil
}

// part is rows of a picture that are to be computed.
type part struct {
	brief infer.Brief
	file  wire.File // of the samples
	path  string
	parts *infer.Parts
}

// part reads what a unit of rows is about.
func (s *session) part(u *unit) (*part, error) {
	p := &part{}
	brief := ""
	for i, f := range u.files {
		switch f.Role {
		case wire.Brief:
			brief = u.input(i)
		case wire.Samples:
			p.file, p.path = f, u.input(i)
		}
	}
	if brief == "" || p.path == "" {
		return nil, fault.New(fault.Damaged, "a unit of rows needs a brief and samples")
	}
	text, err := os.ReadFile(brief)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &p.brief); err != nil {
		return nil, fault.New(fault.Damaged, "what was decided about a picture cannot be read: %w", err)
	}
	o := p.brief.Options()
	o.Threads, o.Shared = s.Budget.Threads(), s.Budget
	up, err := s.Shelf.Upscaler(p.brief.Model, p.brief.Denoise, o)
	if err != nil {
		return nil, err
	}
	p.parts, err = up.Parts(p.brief)
	return p, err
}

// begin claims the memory for all that is done with the rows, reads them, and begins to compute.
func (p *part) begin(u *unit) (e *infer.Enlargement, err error) {
	out := p.brief.Picture
	out.Width, out.Height = out.Width*p.brief.Scale, out.Height*p.brief.Scale
	band := out
	band.Height = rowsOfBand(out, p.brief.Scale)
	const bodies, pieces = 3, 4 << 20 // bands, some of them still being written; what coding takes besides
	claim, err := p.parts.Claim(u.ctx, p.file.From, p.file.Until, infer.Beside{While: bodies*band.Bytes() + pieces})
	if err != nil {
		return nil, err
	}
	rows, err := p.read()
	if err != nil {
		claim.Release()
		return nil, err
	}
	return p.parts.Begin(u.ctx, p.file.From, p.file.Until, p.file.Top, rows, claim)
}

// read reads the samples.
func (p *part) read() (*picture.Picture, error) {
	form := p.brief.Picture
	form.Height -= p.file.Top
	height := 0
	err := p.each(form, func(r io.Reader, left picture.Config) (int, error) {
		_, n, err := wire.CheckBand(r, left)
		height += n
		return n, err
	})
	if err == nil && height == 0 {
		err = fault.New(fault.Damaged, "a unit of rows without rows")
	}
	if err != nil {
		return nil, err
	}
	form.Height = height
	rows := form.New()
	err = p.each(form, func(r io.Reader, left picture.Config) (int, error) {
		into := rows.Band(height-left.Height, height)
		band, err := wire.ReadBand(r, left, into) // into has room for all that is left
		if err != nil {
			return 0, err
		}
		return band.Height, nil
	})
	return rows, err
}

// each calls read for all bands of the samples; left is a picture's form with the rows that are left.
func (p *part) each(left picture.Config, read func(r io.Reader, left picture.Config) (int, error)) error {
	f, err := os.Open(p.path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // nothing was written
	r := bufio.NewReaderSize(f, 1<<20)
	for left.Height > 0 {
		n, err := read(r, left)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		left.Height -= n
	}
	return nil
}
