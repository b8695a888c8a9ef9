package infer

import (
	"context"
	"image"
	"slices"

	"classsr/branch"
	"classsr/fault"
	"classsr/internal/stopwatch"
	"classsr/picture"
)

// Split is a picture about which everything is decided and of which nothing is computed: that is for others, who get rows of it and a Brief
// (Upscaler.Parts), and whose results together have the bits of the whole. It is for one goroutine, and must be closed.
type Split struct {
	up       *Upscaler
	method   divisible
	claim    *Claim
	view     view
	plan     *plan // not cut
	cuts     []int
	costs    []float64 // until each of the cuts
	planning float64   // seconds
	read     int       // rows of a picture in rows that were read
}

// Splits tells whether rows of a picture of this form can be computed apart from the others. They cannot by interpolation and in ModePaper, of
// pictures that a network computes as a whole, and by networks that reach so far that the width of strips shows in the result.
func (u *Upscaler) Splits(c picture.Config) bool {
	_, err := u.divided(c)
	return err == nil
}

// ClaimSplit is Claim for a picture whose rows others compute: there is no memory for networks, but for reading so many rows of the small picture at
// a time (Split.Seen). The error is of kind fault.Unsupported where Splits says no.
func (u *Upscaler) ClaimSplit(ctx context.Context, c picture.Config, rows int, beside Beside) (*Claim, error) {
	return u.claimSplit(ctx, c, beside, kept{split: rows})
}

// ClaimSplitRows is ClaimRows for such a picture, of which only some rows will be in memory at a time (SplitRows).
func (u *Upscaler) ClaimSplitRows(ctx context.Context, c picture.Config, rows int, beside Beside) (*Claim, error) {
	if err := u.slides(c); err != nil {
		return nil, err
	}
	return u.claimSplit(ctx, c, beside, kept{split: rows, rows: true})
}

func (u *Upscaler) claimSplit(ctx context.Context, c picture.Config, beside Beside, k kept) (*Claim, error) {
	if _, err := u.divided(c); err != nil {
		return nil, err
	}
	k.split = min(max(k.split, 1), c.Height)
	return u.claim(ctx, c, beside, k)
}

// Split decides everything about a picture, as Begin does, and computes nothing of it. The picture must not be changed before the Split is closed. claim
// is a ClaimSplit for a picture of this form. Classes for Options.MaxTime are those that this machine would take. It returns ctx's error if ctx is done. After an
// error the claim is released.
func (u *Upscaler) Split(ctx context.Context, in *picture.Picture, claim *Claim) (*Split, error) {
	return u.split(ctx, in, claim)
}

// SplitRows does the same for a picture of which open gives the rows from top to bottom, as often as BeginRows calls it: once for each look at the picture,
// and then while parts are asked for. claim is a ClaimSplitRows for a picture of this form.
func (u *Upscaler) SplitRows(ctx context.Context, open func() (picture.RowSource, error), claim *Claim) (*Split, error) {
	return u.split(ctx, picture.NewWindow(claim.config, open), claim)
}

func (u *Upscaler) split(ctx context.Context, in branch.Source, claim *Claim) (*Split, error) {
	complete := false
	defer func() {
		if !complete { // after a panic, too: others wait for what is reserved
			claim.Release()
		}
	}()
	c := in.Config()
	if _, inRows := in.(*picture.Window); c != claim.config || u != claim.up || claim.kept.split == 0 || claim.kept.rows != inRows {
		panic("infer: a claim for another picture")
	}
	d, err := u.divided(c)
	if err != nil {
		return nil, err
	}
	watch := stopwatch.Start()
	var chosen *choice
	v, err := u.study(ctx, in, func(seen branch.Source) (err error) {
		chosen, err = d.choose(ctx, seen, u.threads)
		return err
	})
	if err != nil {
		return nil, err
	}
	size := image.Pt(c.Width, c.Height)
	s := &Split{up: u, method: d, claim: claim, view: v, plan: d.uncut(size, chosen), cuts: d.ends(size, chosen), planning: watch.Elapsed().Seconds()}
	sum := 0.0
	for _, cost := range d.rowCosts(size, chosen) {
		sum += cost
		s.costs = append(s.costs, sum)
	}
	if v.window != nil {
		v.window.Begin(s.windowRows())
	}
	complete = true
	return s, nil
}

// windowRows is how many rows of a picture in rows are in memory.
func (s *Split) windowRows() int {
	return s.claim.kept.split + 2*max(rowsAround(s.plan.branches), flatAround)
}

// Brief is what others must know of the picture.
func (s *Split) Brief() Brief {
	b := s.up.brief(s.claim.config)
	_, b.Filled = s.view.source.(*undercolour)
	if c := s.plan.choice; c != nil {
		b.FullBecause = c.fullBecause
		for _, class := range c.Classes {
			b.Classes = append(b.Classes, byte(class))
		}
	}
	return b
}

// Out is the form of the whole result.
func (s *Split) Out() picture.Config { return s.up.result(s.claim.config) }

// Cuts are the rows of the small picture at which it can be cut, rising; the last one is its height. Parts begin at row 0 or at one of them.
func (s *Split) Cuts() []int { return slices.Clone(s.cuts) }

// Cost is what rows from to until of the small picture cost by the canonical costs, in nanoseconds: a figure to compare parts by, and not the time that they take.
// Costs of parts that follow each other add up to those of both; what is repeated where they are cut is not in them (Repeated). Rows between two cuts count as the upper one.
func (s *Split) Cost(from, until int) float64 { return s.costUntil(until) - s.costUntil(from) }

func (s *Split) costUntil(row int) float64 {
	i, _ := slices.BinarySearch(s.cuts, row+1) // cuts up to this row
	if i == 0 {
		return 0
	}
	return s.costs[i-1]
}

// Repeated is about how many rows of the small picture it costs to compute, besides its own, where it is cut in two.
func (s *Split) Repeated() float64 {
	most, shares := 0.0, s.plan.shares()
	for class, b := range s.plan.branches {
		if shares[class] > 0 && !b.Spec.Pools() {
			most = max(most, repeatedRows(b))
		}
	}
	return most
}

// Seen gives the rows of the small picture that are read to compute rows from to until of it, which are 0 or of Cuts, and the number of the first one. Colours of
// hidden pixels are filled in. The rows may share the picture's samples, and must not be changed. A picture in rows is read on, or from its top once more if rows
// are asked for that were left behind. Other rows than can be asked for, and more of them than were claimed, are an error of kind fault.Internal; others are those
// of the source, and of ctx if it is done.
func (s *Split) Seen(ctx context.Context, from, until int) (top int, rows *picture.Picture, err error) {
	if most := s.claim.kept.split; !arePart(s.cuts, from, until) || until-from > most {
		return 0, nil, fault.New(fault.Internal, "rows %d to %d of a picture that is cut elsewhere, or of which only %d are to be read", from, until, most)
	}
	top, end := s.up.reads(s.plan.branches, s.claim.config, from, until)
	if in, ok := s.view.source.(*picture.Picture); ok {
		return top, in.Band(top, end), nil
	}
	if w := s.view.window; w != nil {
		if top < s.read-s.windowRows() {
			w.Begin(s.windowRows())
			s.read = 0
		}
		s.read = max(s.read, end)
	}
	rows, err = readRows(ctx, s.view.source, top, end)
	if err == nil {
		err = s.view.err()
	}
	return top, rows, err
}

// arePart tells whether a picture that can be cut there may have rows from to until as a part.
func arePart(cuts []int, from, until int) bool {
	_, begins := slices.BinarySearch(cuts, from)
	_, ends := slices.BinarySearch(cuts, until)
	return (begins || from == 0) && ends && from < until
}

// readRows copies rows of a picture. It returns ctx's error if ctx is done.
func readRows(ctx context.Context, in branch.Source, top, end int) (*picture.Picture, error) {
	c := in.Config()
	c.Height = end - top
	rows := c.New()
	planes := make([][]float32, c.Channels())
	for i := range planes {
		planes[i] = make([]float32, c.Width)
	}
	for y := range c.Height {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for i, plane := range planes {
			in.ReadPlane(plane, i, image.Rect(0, top+y, c.Width, top+y+1))
		}
		rows.WritePlanes(planes, image.Rect(0, y, c.Width, y+1))
	}
	return rows, nil
}

// Report says what was done, if those who computed the parts took so many multiply-accumulates together, and so many seconds passed.
func (s *Split) Report(macs int64, network float64) Report {
	r := s.up.report(s.plan)
	r.MACs += macs
	r.Seconds.Network = network
	if s.plan.choice != nil {
		r.Seconds.Route = s.planning
	}
	return r
}

// Close releases the claim.
func (s *Split) Close() error {
	s.claim.Release()
	return nil
}
