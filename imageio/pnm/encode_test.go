package pnm

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"classsr/imageio/codec"
	"classsr/picture"
)

// TestWhatIsWrittenIsRead writes pictures of all forms in bands and reads them.
func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, colors := range []int{1, 3} {
		for _, alpha := range []bool{false, true} {
			for _, depth := range []int{8, 16} {
				for _, pam := range []bool{false, true} {
					p := picture.New(13, 9, colors, alpha, depth)
					for i := range p.Pix8 {
						p.Pix8[i] = uint8(i * 37)
					}
					for i := range p.Pix16 {
						p.Pix16[i] = uint16(i * 7919)
					}
					var b bytes.Buffer
					if err := picture.Copy(NewEncoder(&b, p.Config(), pam), p.Rows(4)); err != nil {
						t.Fatal(err)
					}
					f, err := codec.Open(codec.MemorySource(b.Bytes()), &Format, codec.Options{})
					if err != nil {
						t.Fatal(err)
					}
					got, err := f.Pixels()
					if err != nil {
						t.Fatal(err)
					}
					want := p
					if alpha && !pam {
						want = opaque(p)
					}
					if got.Config() != want.Config() || !bytes.Equal(got.Pix8, want.Pix8) || !slices.Equal(got.Pix16, want.Pix16) {
						t.Errorf("%+v, PAM %v: another picture", p.Config(), pam)
					}
				}
			}
		}
	}
}

// opaque is a picture without its alpha.
func opaque(p *picture.Picture) *picture.Picture {
	q := picture.New(p.Width, p.Height, p.Colors, false, p.Depth)
	for i := range p.Width * p.Height {
		for k := range p.Colors {
			if p.Depth == 8 {
				q.Pix8[i*p.Colors+k] = p.Pix8[i*(p.Colors+1)+k]
			} else {
				q.Pix16[i*p.Colors+k] = p.Pix16[i*(p.Colors+1)+k]
			}
		}
	}
	return q
}

type failing struct{ after int }

var errFull = errors.New("full")

func (f *failing) Write(b []byte) (int, error) {
	if f.after -= len(b); f.after < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestErrorsOfWriting(t *testing.T) {
	p := picture.New(1000, 900, 3, false, 8)
	e := NewEncoder(&failing{100000}, p.Config(), false)
	if err := picture.Copy(e, p.Rows(10)); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
	e = NewEncoder(&failing{1 << 30}, p.Config(), false)
	if err := e.WriteRows(p.Band(0, 10)); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err == nil || fmt.Sprint(err) != "the picture ends after 10 of 900 rows" {
		t.Errorf("error %v", err)
	}
}
