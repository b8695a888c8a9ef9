package tiff

import "bufio"

// packBits undoes TIFF's simplest compression: runs of equal bytes, and bytes as they are.
type packBits struct {
	r     *bufio.Reader
	left  int  // bytes of the run at hand
	same  bool // they all are value
	value byte
}

func (p *packBits) Read(b []byte) (int, error) {
	for p.left == 0 {
		code, err := p.r.ReadByte()
		if err != nil {
			return 0, err
		}
		switch n := int(int8(code)); {
		case n >= 0:
			p.left, p.same = n+1, false
		case n > -128:
			p.left, p.same = 1-n, true
			if p.value, err = p.r.ReadByte(); err != nil {
				return 0, err
			}
		}
	}
	b = b[:min(len(b), p.left)]
	if !p.same {
		n, err := p.r.Read(b)
		p.left -= n
		return n, err
	}
	for i := range b {
		b[i] = p.value
	}
	p.left -= len(b)
	return len(b), nil
}
