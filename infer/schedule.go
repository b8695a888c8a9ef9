package infer

import "sync"

// schedule says who computes what next. Pieces are begun in their order, at most so many at a time, and each is computed band by band;
// of what is begun, the band that lies highest comes first. So bands are complete in their order, and no worker is further ahead of
// whoever takes the bands than there is room for.
type schedule struct {
	mu      sync.Mutex
	changed *sync.Cond

	pieces []pieceState
	lanes  int   // pieces that may be begun at a time
	next   int   // the first piece that was not begun
	open   []int // pieces that were begun and not finished
	left   []int // by band: pieces that have not computed it
	ready  int   // bands before this one are complete
	taken  int   // bands before this one were taken
	ahead  int   // bands that there is room for
	ended  bool  // nothing more is to be done
}

type pieceState struct {
	band, end int // to be computed next, and where the piece ends
	busy      bool
}

func newSchedule(p *plan) *schedule {
	s := &schedule{lanes: p.lanes, left: make([]int, len(p.bands)), ahead: p.ahead}
	s.changed = sync.NewCond(&s.mu)
	for _, piece := range p.pieces {
		s.pieces = append(s.pieces, pieceState{band: piece.first, end: piece.end})
		for band := piece.first; band < piece.end; band++ {
			s.left[band]++
		}
	}
	s.passReady()
	return s
}

// passReady goes on to the first band that is not complete.
func (s *schedule) passReady() {
	for s.ready < len(s.left) && s.left[s.ready] == 0 {
		s.ready++
	}
}

// take gives a piece and the band of it to compute, as soon as there is one; ok is false if there will be none.
func (s *schedule) take() (piece, band int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.ended {
		if piece, found := s.highest(); found && s.pieces[piece].band < s.taken+s.ahead {
			if piece == s.next {
				s.open = append(s.open, piece)
				s.next++
			}
			s.pieces[piece].busy = true
			return piece, s.pieces[piece].band, true
		}
		if len(s.open) == 0 && s.next == len(s.pieces) {
			break
		}
		s.changed.Wait()
	}
	return 0, 0, false
}

// highest finds the piece whose next band lies highest, among those that are begun and the one that is begun next.
func (s *schedule) highest() (piece int, found bool) {
	consider := func(i int) {
		if !s.pieces[i].busy && (!found || s.pieces[i].band < s.pieces[piece].band) {
			piece, found = i, true
		}
	}
	for _, i := range s.open {
		consider(i)
	}
	if len(s.open) < s.lanes && s.next < len(s.pieces) {
		consider(s.next)
	}
	return piece, found
}

// done notes that a band of a piece was computed, and tells whether it was the piece's last.
func (s *schedule) done(piece int) (last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := &s.pieces[piece]
	s.left[state.band]--
	state.band++
	state.busy = false
	if last = state.band == state.end; last {
		for i, open := range s.open {
			if open == piece {
				s.open = append(s.open[:i], s.open[i+1:]...)
				break
			}
		}
	}
	s.passReady()
	s.changed.Broadcast()
	return last
}

// await waits for a band, and makes room for others in place of those before it, which were taken. It returns false if the band will not
// come.
func (s *schedule) await(band int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken = band
	s.changed.Broadcast()
	for s.ready <= band && !s.ended {
		s.changed.Wait()
	}
	return s.ready > band
}

// end tells all who wait that nothing more is to be done.
func (s *schedule) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.changed.Broadcast()
}
