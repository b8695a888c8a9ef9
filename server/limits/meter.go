package limits

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/time/rate"

	"classsr/fault"
	"classsr/server/problem"
	"classsr/server/tokens"
)

// When to come again where nobody can say how long it takes.
const (
	uploadWait = 2 * time.Second
	streamWait = 10 * time.Second
)

// Meter counts what each token does. It is safe for concurrent use.
type Meter struct {
	limits Limits
	now    func() time.Time

	mu      sync.Mutex
	day     string // that the sums are of, in UTC
	owners  map[string]*owner
	uploads int
}

// owner is what a token does.
type owner struct {
	rate             *rate.Limiter
	uploads, streams int
	today            sums
}

// sums are what a token has done today.
type sums struct {
	Bytes  int64 `json:"bytes,omitempty"`
	Pixels int64 `json:"pixels,omitempty"`
}

// saved is what Save gives.
type saved struct {
	Day    string          `json:"day"`
	Owners map[string]sums `json:"owners"`
}

// NewMeter makes a meter; now is the clock.
func NewMeter(l Limits, now func() time.Time) *Meter {
	return &Meter{limits: l, now: now, owners: map[string]*owner{}}
}

// of gives what is counted of a token, with the lock held. At midnight it begins anew.
func (m *Meter) of(t tokens.Token, now time.Time) *owner {
	if day := now.UTC().Format(time.DateOnly); day != m.day {
		m.day = day
		for name, o := range m.owners {
			o.today = sums{}
			if o.uploads == 0 && o.streams == 0 { // a day is longer than any burst
				delete(m.owners, name)
			}
		}
	}
	o := m.owners[t.Name]
	if o == nil {
		o = &owner{}
		m.owners[t.Name] = o
	}
	return o
}

// Request counts a request. Errors are of kind fault.Busy and say when the next one is welcome.
func (m *Meter) Request(t tokens.Token) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	o := m.of(t, now)
	perSecond := m.limits.Rate
	if t.Rate > 0 {
		perSecond = t.Rate
	}
	burst := max(int(perSecond*m.limits.Burst), 1)
	switch {
	case o.rate == nil:
		o.rate = rate.NewLimiter(rate.Limit(perSecond), burst)
	case o.rate.Limit() != rate.Limit(perSecond): // the token file has changed
		o.rate.SetLimitAt(now, rate.Limit(perSecond))
		o.rate.SetBurstAt(now, burst)
	}
	if o.rate.AllowN(now, 1) {
		return nil
	}
	wait := time.Duration((1 - o.rate.TokensAt(now)) / perSecond * float64(time.Second))
	return problem.Later(fault.Busy, wait, "more than %g requests a second: send fewer", perSecond)
}

// Upload begins an upload of so many bytes, -1 if nobody has said how many; done ends it, and may be called more than once. Bytes count for the
// day even if the upload fails. Errors are of kind fault.Busy if it may come later, fault.TooLarge if it is more than a whole day's, and
// fault.Usage, with status 411, if its size must be known and is not.
func (m *Meter) Upload(t tokens.Token, bytes int64) (done func(), err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	o := m.of(t, now)
	switch {
	case m.uploads >= m.limits.Uploads:
		return nil, problem.Later(fault.Busy, uploadWait, "%d uploads come already: send this one later", m.uploads)
	case o.uploads >= m.limits.UploadsEach:
		return nil, problem.Later(fault.Busy, uploadWait, "%d of your uploads come already: send this one when one is through", o.uploads)
	case t.Bytes > 0 && bytes < 0:
		return nil, problem.WithStatus(http.StatusLengthRequired, fault.New(fault.Usage, "the token %s has a bound of bytes a day: say in Content-Length how many come", t.Name))
	}
	size := func(n int64) string { return humanize.Bytes(uint64(max(n, 0))) }
	if err := o.spend(&o.today.Bytes, max(bytes, 0), t.Bytes, now, "uploads", size); err != nil {
		return nil, err
	}
	m.uploads++
	o.uploads++
	return sync.OnceFunc(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.uploads--
		o.uploads--
	}), nil
}

// Stream begins a stream of events; done ends it, and may be called more than once. Errors are of kind fault.Busy.
func (m *Meter) Stream(t tokens.Token) (done func(), err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.of(t, m.now())
	if o.streams >= m.limits.Streams {
		return nil, problem.Later(fault.Busy, streamWait, "you have %d streams of events: close one", o.streams)
	}
	o.streams++
	return sync.OnceFunc(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		o.streams--
	}), nil
}

// Pixels counts the pixels of a result that is to be made. Errors are of kind fault.Busy if they may be made tomorrow, fault.TooLarge if they are
// more than a whole day's.
func (m *Meter) Pixels(t tokens.Token, n int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	o := m.of(t, now)
	return o.spend(&o.today.Pixels, n, t.Pixels, now, "pixels of results", func(n int64) string { return humanize.SIWithDigits(float64(n), 2, "") })
}

// spend adds to a sum of the day, of at most so many (0: any number).
func (o *owner) spend(sum *int64, n, most int64, now time.Time, what string, text func(int64) string) error {
	if most > 0 && n > most {
		return fault.New(fault.TooLarge, "%s: the token is for %s %s a day", text(n), text(most), what)
	}
	if most > 0 && n > most-*sum {
		midnight := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
		return problem.Later(fault.Busy, midnight.Sub(now), "%s: of %s %s a day %s are left until midnight UTC", text(n), text(most), what, text(most-*sum))
	}
	*sum += n
	return nil
}

// Save gives the sums of the day, for Restore after a new start.
func (m *Meter) Save() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := saved{Day: m.day, Owners: map[string]sums{}}
	for name, o := range m.owners {
		if o.today != (sums{}) {
			s.Owners[name] = o.today
		}
	}
	text, err := json.Marshal(s)
	if err != nil {
		panic("limits: sums cannot be written")
	}
	return text
}

// Restore takes over what Save gave, if it is of today; sums that were counted since are added. An error means that it was something else, and
// changes nothing.
func (m *Meter) Restore(text []byte) error {
	var s saved
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("the sums of the day are lost: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for name, before := range s.Owners {
		if s.Day != now.UTC().Format(time.DateOnly) || before.Bytes < 0 || before.Pixels < 0 {
			continue
		}
		o := m.of(tokens.Token{Name: name}, now)
		o.today.Bytes += before.Bytes
		o.today.Pixels += before.Pixels
	}
	return nil
}
