// Package remote has pictures enlarged by a server that `classsr serve` started: it is what a pipeline sends them elsewhere by.
//
//	r, err := remote.Open("https://studio:8443", token, remote.Options{Order: map[string]string{"scale": "4"}})
//	defer r.Close()
//	p.Remote = r
//	summary, err := p.Run(ctx, work, watcher)
//
// A picture is a job of the server's, which is removed there as soon as its result is here. The same picture with the same options and the same output is the same job: a
// run that was killed finds what it had begun. Connections that break and servers that end and come again are waited for.
package remote

import (
	"cmp"
	"context"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"classsr/client"
	"classsr/fault"
	"classsr/internal/par"
)

// Options say what is wanted of a server.
type Options struct {
	// Order is what is wanted of all pictures, by the names of package pipeline/order, without page and format, which each picture has of its own.
	Order map[string]string
	// Model, if not nil, enlarges all pictures: Order says nothing of a model.
	Model *Model
	// Tell, if not nil, is told in one line what the user may not expect: that the server is not there, or which model it has chosen. It may be called at any time.
	Tell func(text string)
	// Patience is how long a server is waited for that is not there; 0 stands for 5 minutes, less than 0 for not at all.
	Patience time.Duration
}

const (
	// atATime is how many pictures are under way: enough for a server with many machines, few enough for its queue.
	atATime = 64
	// uploads is how many of these are sent at a time; a server takes 16 of one token.
	uploads = 8
)

// Remote has pictures enlarged by one server. It is safe for concurrent use, and implements pipeline.Remote.
type Remote struct {
	Options
	client *client.Client
	server string // what it is called

	uploads, pages chan struct{} // held by those who send a picture, or a page of one

	sending sync.Mutex // held by those who send the model

	once      sync.Once
	failed    error // why it cannot begin
	stop      context.CancelFunc
	wait      func() error
	listening atomic.Bool // the server tells of jobs

	mu     sync.Mutex
	news   map[string]chan client.Job // of jobs that are waited for, the last one
	chosen map[string]bool            // models that were told of
}

// Open prepares to send pictures to a server: an address such as https://studio:8443, or what `classsr token new` printed for another machine (classsr://HOST:PORT/#token=...),
// which has a token of its own; token is empty then, or where the server needs none. Nothing is sent yet. Errors are of kind fault.Usage and do not repeat the token.
func Open(address, token string, o Options) (*Remote, error) {
	r := &Remote{
		Options: o, uploads: make(chan struct{}, uploads), pages: make(chan struct{}, 1), news: map[string]chan client.Job{}, chosen: map[string]bool{},
	}
	u, err := url.Parse(address)
	switch {
	case strings.Contains(address, ","):
		return nil, fault.New(fault.Usage, "that is no address of a server: give one, which has machines of its own")
	case strings.HasPrefix(address, "classsr:") && token != "":
		return nil, fault.New(fault.Usage, "it has a token of its own: leave the other one out")
	case strings.HasPrefix(address, "classsr:"):
		c, err := client.Join(address)
		if err != nil {
			return nil, err
		}
		r.client, r.server = c.WithPatience(o.Patience), "https://"+u.Host
		return r, nil
	case err == nil && u.Scheme == "http" && token != "" && !isHere(u.Hostname()):
		return nil, fault.New(fault.Usage, "the token would go over the network for everyone to read: use https")
	}
	r.server = address
	if r.client, err = client.New(address, client.Options{Token: token, Patience: o.Patience}); err != nil {
		return nil, err
	}
	return r, nil
}

// isHere tells whether a host is this machine, by its name or number.
func isHere(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// AtATime implements pipeline.Remote.
func (r *Remote) AtATime() int { return atATime }

// Close ends listening to the server. It is called when no run goes on.
func (r *Remote) Close() {
	r.once.Do(func() {})
	if r.stop != nil {
		r.stop()
		_ = r.wait() // it returns none, but passes a panic on
	}
}

// begin finds out whether the server lets this program in, and begins to listen to it. All but the first call wait for that one.
func (r *Remote) begin(ctx context.Context) error {
	r.once.Do(func() {
		var following context.Context
		following, r.stop = context.WithCancel(context.WithoutCancel(ctx))
		r.wait = par.Start(1, func(int) error {
			r.follow(following)
			return nil
		})
		if _, r.failed = r.client.Models(ctx); r.failed == nil {
			r.failed = r.bring(ctx)
		}
	})
	if r.failed != nil {
		return r.gone(r.failed)
	}
	return nil
}

// Times between attempts to listen, and between questions where the server tells of jobs by itself, and where it does not.
const (
	listenAgain  = time.Second
	askSometimes = 20 * time.Second
	askOften     = 2 * time.Second
)

// follow listens to the server until ctx is done, and passes on what it tells of jobs that are waited for.
func (r *Remote) follow(ctx context.Context) {
	told := false
	opened := func() {
		told = false
		r.listening.Store(true)
	}
	for {
		err := r.client.Follow(ctx, opened, r.pass)
		r.listening.Store(false)
		if ctx.Err() == nil && fault.KindOf(err) == fault.Unavailable && !told && r.Patience >= 0 {
			told = true
			r.tell(r.server + ": " + err.Error() + "; trying again for " + minutes(cmp.Or(r.Patience, client.Patience)))
		}
		if sleep(ctx, listenAgain) != nil {
			return
		}
	}
}

// minutes is a time as people say it.
func minutes(d time.Duration) string {
	text := d.String() // as 5m0s
	if d%time.Minute == 0 {
		text = strings.TrimSuffix(text, "0s")
	}
	return text
}

// pass passes on what the server tells of a job. Who has not taken what was told before is told the later.
func (r *Remote) pass(j client.Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.news[j.ID]
	if c == nil {
		return
	}
	select {
	case <-c:
	default:
	}
	c <- j
}

// job waits until a job is over.
func (r *Remote) job(ctx context.Context, id string, progress func(share float64)) (client.Job, error) {
	news := make(chan client.Job, 1)
	r.mu.Lock()
	r.news[id] = news
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.news, id)
	}()
	j, err := r.client.Job(ctx, id) // what was told before is lost
	for err == nil && !j.State.Over() {
		progress(j.Progress)
		ask := askOften
		if r.listening.Load() {
			ask = askSometimes
		}
		select {
		case <-ctx.Done():
			return j, ctx.Err()
		case j = <-news:
		case <-time.After(ask):
			j, err = r.client.Job(ctx, id)
		}
	}
	return j, err
}

func (r *Remote) tell(text string) {
	if r.Tell != nil {
		r.Tell(text)
	}
}

// sleep waits, or returns ctx's error before.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
