package embedded_test

import (
	"crypto/tls"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"classsr/cluster/queue"
	"classsr/cluster/queue/embedded"
	"classsr/cluster/queue/queuetest"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/server/tokens"
)

// text is a log that can be read.
type text struct {
	mu sync.Mutex
	b  strings.Builder
}

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(p)
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

func start(t *testing.T, o embedded.Options, kind fault.Kind, says string) {
	t.Helper()
	s, err := embedded.Start(o)
	if err == nil {
		s.Stop()
	}
	if fault.KindOf(err) != kind || !strings.Contains(err.Error(), says) {
		t.Errorf("%v", err)
	}
}

func refused(t *testing.T, l queue.Login, tls *tls.Config, kind fault.Kind) {
	t.Helper()
	i, err := queue.Join(t.Context(), l, tls, nil)
	if err == nil {
		_ = i.Close()
	}
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("%v, want one of kind %s", err, kind)
	}
}

func TestWhoDoesNotComeIn(t *testing.T) {
	s := newSite(t, t.TempDir(), true)
	s.connect(t, s.coordinator(true))
	good := s.open(t, "a")
	other := s.open(t, "b")
	with := func(change func(*queue.Login)) queue.Login {
		l := good
		change(&l)
		return l
	}
	refused(t, with(func(l *queue.Login) { l.Password = "wrong" }), nil, fault.NotFound)
	refused(t, with(func(l *queue.Login) { l.Password = "" }), nil, fault.NotFound)
	refused(t, with(func(l *queue.Login) { l.User, l.Password = "", "" }), nil, fault.NotFound)
	refused(t, with(func(l *queue.Login) { l.User = other.User }), nil, fault.NotFound)
	refused(t, with(func(l *queue.Login) { l.User = "a" }), nil, fault.NotFound)
	refused(t, with(func(l *queue.Login) { l.User = "coordinator" }), nil, fault.NotFound)
	// Another certificate, one that nobody vouches for, none, and what is no address.
	refused(t, with(func(l *queue.Login) { l.SHA256 = strings.Repeat("0", 64) }), nil, fault.Unauthorized)
	refused(t, with(func(l *queue.Login) { l.SHA256 = "" }), nil, fault.Unauthorized)
	refused(t, with(func(l *queue.Login) { l.SHA256 = "" }), tokens.Join{Fingerprint: tokens.Fingerprint{1}}.TLS(), fault.Unauthorized)
	refused(t, with(func(l *queue.Login) { l.SHA256 = "x" }), nil, fault.Usage)
	refused(t, with(func(l *queue.Login) { l.URL = "https://localhost" }), nil, fault.Usage)
	refused(t, with(func(l *queue.Login) { l.URL = "nats://198.51.100.1:4222" }), nil, fault.Usage)
	refused(t, with(func(l *queue.Login) { l.URL = "tls://127.0.0.1:1" }), nil, fault.Unavailable)
	if nc, err := nats.Connect(strings.Replace(s.url, "tls:", "nats:", 1), nats.UserInfo(good.User, good.Password), nats.Timeout(300*time.Millisecond)); err == nil {
		nc.Close()
		t.Error("came in without TLS")
	}
	o := s.coordinator(false)
	o.Password = "wrong"
	if q, err := queue.Connect(t.Context(), o); err == nil {
		q.Stop()
		t.Error("another coordinator came in")
	} else if fault.KindOf(err) != fault.Unauthorized {
		t.Error(err)
	}
	join(t, good, nil)
}

// A worker may do what it is for and nothing else.
func TestWhatAWorkerMayNotDo(t *testing.T) {
	s := newSite(t, t.TempDir(), false)
	s.connect(t, s.coordinator(true))
	a, b := s.open(t, "a"), s.open(t, "b")
	tookB := join(t, b, nil)
	s.give(t, "b", "u1")

	nc, err := nats.Connect(a.URL, nats.UserInfo(a.User, a.Password), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	denied := func(what, subject string, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if err := nc.FlushTimeout(5 * time.Second); err != nil {
			t.Fatal(err)
		}
		if err := nc.LastError(); err == nil || !strings.Contains(err.Error(), what+` to "`+subject+`"`) {
			t.Errorf("%s to %s is not refused: %v", what, subject, err)
		}
	}
	for _, subject := range []string{
		"csr.e1.unit." + a.User, "csr.e1.unit." + b.User, "csr.e1.tell." + b.User, "csr.e1.beat." + b.User, "csr.e1.knock." + b.User,
		"$JS.API.CONSUMER.MSG.NEXT.CLASSSR." + b.User, "$JS.API.CONSUMER.INFO.CLASSSR." + b.User, "$JS.ACK.CLASSSR." + b.User + ".1.1.1.1.0",
		"$JS.API.CONSUMER.CREATE.CLASSSR." + a.User, "$JS.API.CONSUMER.DELETE.CLASSSR." + a.User, "$JS.API.CONSUMER.DELETE.CLASSSR." + b.User,
		"$JS.API.STREAM.INFO.CLASSSR", "$JS.API.STREAM.DELETE.CLASSSR", "$JS.API.STREAM.PURGE.CLASSSR", "$JS.API.STREAM.MSG.GET.CLASSSR", "$JS.API.STREAM.CREATE.X",
		"$SYS.REQ.USER.AUTH", "_I_" + b.User + ".x", "_INBOX.x",
	} {
		denied("Publish", subject, nc.Publish(subject, nil))
	}
	for _, subject := range []string{
		">", "csr.>", "csr.e1.unit.*", "csr.e1.unit." + a.User, "csr.e1.unit." + b.User, "csr.e1.tell.*", "csr.e1.tell." + b.User, "csr.e1.beat.*", "csr.e1.knock.*",
		"$SYS.>", "$SYS.REQ.USER.AUTH", "$JS.>", "_INBOX.>", "_I_" + b.User + ".>",
	} {
		_, err := nc.Subscribe(subject, func(*nats.Msg) {})
		denied("Subscription", subject, err)
	}
	// Of beats in another's name, on its own subject, nothing is heard.
	text, err := wire.Encode(wire.Beat{Worker: "b", Epoch: "e1", Seq: 7})
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Publish("csr.e1.beat."+a.User, text); err != nil {
		t.Fatal(err)
	}
	if err := nc.Publish("csr.e1.beat."+a.User, []byte("no beat")); err != nil {
		t.Fatal(err)
	}
	if err := nc.FlushTimeout(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	if err := tookB.Beat(wire.Beat{Worker: "b", Epoch: "e1", Seq: 8}); err != nil {
		t.Fatal(err)
	}
	if beat := <-s.beats; beat.Seq != 8 {
		t.Errorf("%+v", beat)
	}
	if x := queuetest.Next(t, tookB); x != "u1" {
		t.Error(x)
	}
}
