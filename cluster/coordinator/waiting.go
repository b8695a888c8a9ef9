package coordinator

import (
	"classsr/picture"
)

// waiting is the memory for bands that have come and that the encoder has not taken. What finds no room in it goes to the disk.
type waiting struct {
	most  int64 // bytes; 0: all goes to the disk
	band  int64 // what a band has at most
	used  int64
	spare []*picture.Picture
}

// waitBytes is how many bytes of a result may wait in memory for the encoder: all where it fits into Memory.
func (c *Coordinator) waitBytes(out picture.Config) int64 {
	return min(max(direct*bandBytes, c.Memory), out.Bytes()+(1+direct)*mostOfBand(out))
}

// bandForm is that of the largest band of a result that a worker may send: a row that counts has more bytes only where it is that long.
func bandForm(out picture.Config) picture.Config {
	out.Height = min(out.Height, max(int(bandBytes/(out.Bytes()/int64(out.Height))), 1))
	return out
}

func mostOfBand(out picture.Config) int64 { return bandForm(out).Bytes() }

// memoryFor gives memory for a band that begins with a row of the small picture; nil if there is none. The last of it is for what comes in its order: with that
// the encoder goes on at once, and what waits behind it must wait anyway.
func (e *enlarging) memoryFor(row int) *picture.Picture {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := &e.memory
	need := m.band
	if row != e.inOrder() {
		need += direct * m.band
	}
	if m.used+need > m.most {
		return nil
	}
	m.used += m.band
	if n := len(m.spare); n > 0 {
		rows := m.spare[n-1]
		m.spare = m.spare[:n-1]
		return rows
	}
	return &picture.Picture{}
}

// inOrder is the row of the small picture until which all is in memory that NextRows gives next, with mu held.
func (e *enlarging) inOrder() int {
	row := e.row
	for _, s := range e.pieces { // from top to bottom
		if s.rows != nil && s.from <= row {
			row = max(row, s.until)
		}
	}
	return row
}

// filled notes how large the band has become for which there was memory.
func (m *waiting) filled(rows *picture.Picture) { m.used += held(rows) - m.band }

// giveBack takes back what memoryFor gave, if it gave something.
func (e *enlarging) giveBack(rows *picture.Picture) {
	if rows == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.memory.giveBack(rows)
}

// giveBack takes back the memory of a band.
func (m *waiting) giveBack(rows *picture.Picture) {
	m.used -= held(rows)
	m.spare = append(m.spare, rows)
}

// held is how many bytes the samples of a picture take, with what is behind them.
func held(p *picture.Picture) int64 {
	return int64(cap(p.Pix8)) + 2*int64(cap(p.Pix16)) + 4*int64(cap(p.Pix32))
}
