package field

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"classsr/internal/smalldisk"
)

// trouble is something that goes wrong while a cluster works.
type trouble struct {
	name   string
	plan   plan
	always bool // it is tried in seconds, too
	// need skips it where it cannot be tried; nil: it always can.
	need func(t *testing.T, p *plan)
	// happen lets it happen, and ends it.
	happen func(b *battle)
	// seen gives what is missing, at the end, of what it must have done, so that it is sure that it did happen; nil: that is seen by happen.
	seen func(b *battle) string
}

// battle is a cluster with three workers to which something happens.
type battle struct {
	*site
	workers []*process
	corrupt string // while this file is there, the first worker damages what it sends
}

const (
	// divide lets the larger picture of a battle be divided, and the others not.
	divide = 30e9
	day    = 24 * 60 * 60 // seconds
	hosts  = 3
)

// lease is shorter than usual, so that tests are.
var lease = load(1500*time.Millisecond, 3*time.Second, 3*time.Second)

var troubles = []trouble{
	{name: "a worker is killed", always: true, happen: func(b *battle) { b.workers[0].kill() }, seen: lost},
	{
		name: "a worker is stopped, and goes on", plan: plan{lease: load(lease, lease, 0)},
		happen: func(b *battle) {
			b.workers[0].signal(syscall.SIGSTOP)
			b.pass(load(0, 8, 120))
			b.workers[0].signal(syscall.SIGCONT)
		},
		seen: lost,
	},
	{name: "the coordinator is killed, and started again", happen: func(b *battle) {
		b.coordinator.kill()
		b.startCoordinator()
	}},
	{name: "a worker flips bits of what it sends", plan: plan{corrupt: true}, happen: func(b *battle) {
		b.await(time.Minute, func() string {
			c, err := b.client.Cluster(b.t.Context())
			if err == nil && c.Wrong > 0 {
				return ""
			}
			return fmt.Sprintf("nobody has seen that what a worker sends is wrong: %+v %v", c, err)
		})
		if err := os.Remove(b.corrupt); err != nil {
			b.t.Error(err)
		}
	}},
	{
		name: "the coordinator's disk is full, and has room again", plan: plan{smallMB: load(300, 300, 600)}, // twice what results may take is reserved while they come
		need: func(t *testing.T, _ *plan) { smalldisk.Need(t) },
		happen: func(b *battle) {
			filler := filepath.Join(b.data(), "filler")
			if os.WriteFile(filler, make([]byte, b.smallMB<<20), 0o600) == nil {
				b.t.Error("the disk does not get full")
			}
			b.pass(load(0, 6, 20))
			if err := os.Remove(filler); err != nil {
				b.t.Error(err)
			}
		},
		seen: func(b *battle) string {
			if strings.Contains(b.coordinator.log.String(), " status=503 ") {
				return ""
			}
			return "nothing was refused for want of room"
		},
	},
	{
		name: "the network loses 20 % and takes 200 ms",
		need: func(t *testing.T, p *plan) { p.net = newNet(t, hosts) },
		happen: func(b *battle) {
			b.net.set(0, line{loss: 0.2, delay: 200 * time.Millisecond})
			b.pass(load(0, 8, 60))
			b.net.set(0, line{})
		},
	},
	{
		name: "the host of an outside nats-server is cut off", plan: plan{outside: true},
		need: func(t *testing.T, p *plan) { p.net = newNet(t, hosts) },
		happen: func(b *battle) {
			b.net.set(1, line{cut: true})
			b.pass(load(0, 8, 60))
			b.net.set(1, line{})
		},
	},
	{
		name: "the clocks jump by a day, each way",
		need: func(t *testing.T, p *plan) { p.program, p.skew = skewedProgram(t), filepath.Join(t.TempDir(), "skew") },
		happen: func(b *battle) {
			for i, seconds := range []int{day, -day, 0} {
				b.setClock(seconds)
				b.pass(1)
				p := picture(b.t, 60, 60+i, 0)
				b.submitAt(p, time.Duration(seconds)*time.Second)
			}
		},
	},
}

// lost tells whether no worker was lost.
func lost(b *battle) string {
	c, err := b.client.Cluster(b.t.Context())
	if err == nil && c.Lost > 0 {
		return ""
	}
	return fmt.Sprintf("no worker was lost: %+v %v", c, err)
}

// submitAt sends a picture while the clocks are wrong by so much.
func (b *battle) submitAt(p sample, wrong time.Duration) {
	b.t.Helper()
	all := []sample{p}
	expect(b.t, all, heavy)
	b.submit(all, heavy)
	for id, j := range b.jobs() {
		if b.accepted[id].name == p.name && b.accepted[id].want == all[0].want {
			if off := time.Until(j.Created) - wrong; off.Abs() > time.Minute {
				b.t.Errorf("a job was made at %v: the clock is not wrong by %v", j.Created, wrong)
			}
		}
	}
}

// pass lets some seconds pass.
func (b *battle) pass(seconds int) { time.Sleep(time.Duration(seconds) * time.Second) }

// heavy are the options of pictures that take a while.
var heavy = map[string]string{"model": "carn-x4", "mode": "full"}

// Whatever goes wrong during work, it ends by itself: nothing is lost, nothing is wrong, nothing is done twice, and nothing is left.
func TestFaults(t *testing.T) {
	large := []sample{picture(t, load(300, 400, 600), load(400, 600, 900), 0)}
	expect(t, large, heavy)
	all := append(large, folder(t, load(6, 20, 40), 60, load(80, 120, 200), heavy)...)
	table := make([]row, len(troubles))
	for i, f := range troubles {
		r := &table[i]
		r.name, r.pictures = f.name, len(all)
		t.Run(f.name, func(t *testing.T) {
			if !f.always && !load(false, true, true) {
				t.Skip("it takes longer: CLASSSR_LOAD=short tries it")
			}
			if f.need != nil {
				f.need(t, &f.plan)
			}
			for range load(1, 1, 10) {
				t.Run("", func(t *testing.T) { r.took(f.try(t, all)) })
			}
		})
	}
	writeTable(t, table)
}

// try lets it happen once, and tells how long all pictures took.
func (f trouble) try(t *testing.T, all []sample) time.Duration {
	t.Helper()
	p := f.plan
	p.lease, p.divide = cmp.Or(p.lease, lease), divide
	b := &battle{site: newSite(t, p), corrupt: filepath.Join(t.TempDir(), "corrupt")}
	for i := range 3 {
		w := b.workerPart(fmt.Sprintf("w%d", i))
		if p.corrupt && i == 0 {
			w.Corrupt = b.corrupt
			if err := os.WriteFile(b.corrupt, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		b.workers = append(b.workers, b.start(1+i%2, w))
	}
	b.awaitWorkers(len(b.workers))
	begun := time.Now()
	b.submit(all, heavy)
	b.await(time.Minute, b.notDivided)
	time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
	if b.notDivided() != "" {
		t.Error("the picture in rows was done before something happened")
	}
	f.happen(b)
	b.settle(5 * time.Minute)
	if f.seen != nil {
		b.await(time.Minute, func() string { return f.seen(b) })
	}
	took := time.Since(begun)
	t.Logf("%s: %d pictures in %.1f s", f.name, len(all), took.Seconds())
	return took
}
