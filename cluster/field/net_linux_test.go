package field

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Net is hosts with a network between them, which loses packets, delays them, or is cut. A host is a network namespace with a TUN device: what is sent there comes
// to this process, which passes it on. (The kernel's own means for that, netem, are not on every machine.)
type Net struct {
	t       *testing.T
	names   []string
	devices []*os.File
	queues  []chan packet // of what is to be delivered, by host
	over    chan struct{} // closed at the end

	mu    sync.Mutex
	lines []line // by host
}

// line is what a host's connection to the others is like. The zero value is a good one.
type line struct {
	loss  float64       // share of packets, each way
	delay time.Duration // each way
	cut   bool
}

// packet is one that is under way.
type packet struct {
	bytes []byte
	due   time.Time
}

const (
	mostPacket = 2000
	queued     = 10000 // packets under way to a host, at most
)

// newNet makes hosts. The test is skipped where that cannot be done: not every machine has what it takes.
func newNet(t *testing.T, hosts int) *Net {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can make hosts of network namespaces")
	}
	for _, needed := range []string{"/dev/net/tun", "/proc/self/ns/net"} {
		if _, err := os.Stat(needed); err != nil {
			t.Skipf("hosts cannot be made of network namespaces: %v", err)
		}
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("hosts cannot be made of network namespaces: the program ip is not there")
	}
	n := &Net{t: t, over: make(chan struct{}), lines: make([]line, hosts)}
	var pumps sync.WaitGroup
	t.Cleanup(func() {
		close(n.over)
		for _, d := range n.devices {
			_ = d.Close()
		}
		pumps.Wait()
		for _, name := range n.names {
			_ = exec.Command("ip", "netns", "del", name).Run()
		}
	})
	for host := range hosts {
		name := fmt.Sprintf("classsr-%d-%d", os.Getpid(), host)
		if err := ip("netns", "add", name); err != nil {
			t.Skipf("hosts cannot be made of network namespaces: %v", err)
		}
		n.names = append(n.names, name)
		device, err := n.open(host)
		if err != nil {
			t.Fatal(err)
		}
		n.devices = append(n.devices, device)
		n.queues = append(n.queues, make(chan packet, queued))
	}
	for host := range hosts {
		pumps.Go(func() { n.deliver(host) })
		pumps.Go(func() { n.pass(host) })
	}
	return n
}

// ip gives a command to the program of that name.
func ip(words ...string) error {
	if out, err := exec.Command("ip", words...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %v: %w: %s", words, err, out)
	}
	return nil
}

// address is that of a host.
func (n *Net) address(host int) string { return fmt.Sprintf("10.18.0.%d", host+1) }

// command begins a command line that runs on a host.
func (n *Net) command(host int) []string { return []string{"ip", "netns", "exec", n.names[host]} }

// on calls do on a thread that is on a host, and ends with the call.
func (n *Net) on(host int, do func() error) error {
	ended := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked, so that nobody else gets the thread
		f, err := os.Open(filepath.Join("/var/run/netns", n.names[host]))
		if err == nil {
			err = errors.Join(unix.Setns(int(f.Fd()), unix.CLONE_NEWNET), f.Close())
		}
		if err == nil {
			err = do()
		}
		ended <- err
	}()
	return <-ended
}

// open opens the device of a host and sets it up.
func (n *Net) open(host int) (device *os.File, err error) {
	const name = "field"
	err = n.on(host, func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		r, err := unix.NewIfreq(name)
		if err == nil {
			r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
			err = unix.IoctlIfreq(fd, unix.TUNSETIFF, r)
		}
		device = os.NewFile(uintptr(fd), "/dev/net/tun") // not before: the runtime cannot wait for a device that is not set up
		return err
	})
	if err != nil {
		return nil, err
	}
	in := n.names[host]
	return device, errors.Join(
		ip("-n", in, "addr", "add", n.address(host)+"/24", "dev", name), ip("-n", in, "link", "set", name, "up"), ip("-n", in, "link", "set", "lo", "up"),
	)
}

// dial connects from a host.
func (n *Net) dial(ctx context.Context, host int, network, address string) (c net.Conn, err error) {
	err = n.on(host, func() error {
		c, err = (&net.Dialer{}).DialContext(ctx, network, address)
		return err
	})
	return c, err
}

// set says what the connection of a host is like from now on.
func (n *Net) set(host int, l line) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines[host] = l
}

// way is what lies between two hosts: both their lines.
func (n *Net) way(from, to int) (l line) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a, b := n.lines[from], n.lines[to]
	return line{loss: 1 - (1-a.loss)*(1-b.loss), delay: a.delay + b.delay, cut: a.cut || b.cut}
}

// pass takes what a host sends and lets it go on its way.
func (n *Net) pass(from int) {
	for {
		b := make([]byte, mostPacket)
		size, err := n.devices[from].Read(b)
		if err != nil {
			return // it is closed
		}
		const destination = 16 // where an IPv4 header has it
		if size < 20 || b[0]>>4 != 4 {
			continue
		}
		to := int(b[destination+3]) - 1
		if to < 0 || to >= len(n.queues) {
			continue
		}
		l := n.way(from, to)
		if l.cut || rand.Float64() < l.loss {
			continue
		}
		select {
		case n.queues[to] <- packet{b[:size], time.Now().Add(l.delay)}:
		default: // where too many are under way, some are lost
		}
	}
}

// deliver delivers what is under way to a host.
func (n *Net) deliver(to int) {
	for {
		select {
		case <-n.over:
			return
		case p := <-n.queues[to]:
			time.Sleep(time.Until(p.due))
			_, _ = n.devices[to].Write(p.bytes) // else it is a packet more that is lost
		}
	}
}

// The network does what is said of it: it carries, delays, loses, and is cut.
func TestNet(t *testing.T) {
	if !load(false, true, true) {
		t.Skip("it takes longer: CLASSSR_LOAD=short tries it")
	}
	n := newNet(t, 3)
	var listener net.Listener
	err := n.on(0, func() (err error) {
		listener, err = net.Listen("tcp", n.address(0)+":7000")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	dial := func() (time.Duration, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		begun := time.Now()
		c, err := n.dial(ctx, 1, "tcp", n.address(0)+":7000")
		if err == nil {
			_ = c.Close()
		}
		return time.Since(begun), err
	}
	if took, err := dial(); err != nil || took > time.Second {
		t.Errorf("a good line: %v %v", took, err)
	}
	n.set(1, line{delay: 150 * time.Millisecond})
	if took, err := dial(); err != nil || took < 300*time.Millisecond {
		t.Errorf("a long line: %v %v", took, err)
	}
	n.set(1, line{})
	n.set(2, line{cut: true})
	if took, err := dial(); err != nil {
		t.Errorf("beside a line that is cut: %v %v", took, err)
	}
	n.set(0, line{cut: true})
	if took, err := dial(); err == nil {
		t.Errorf("a line that is cut connects after %v", took)
	}
	n.set(0, line{loss: 1})
	if took, err := dial(); err == nil {
		t.Errorf("a line that loses everything connects after %v", took)
	}
}
