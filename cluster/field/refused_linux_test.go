package field

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"classsr/budget"
	"classsr/cluster/queue"
	"classsr/cluster/wire"
	"classsr/cluster/worker"
	"classsr/fault"
	"classsr/models"
	"classsr/server/problem"
	"classsr/server/tokens"
)

// guest is a worker that is this process, which asks what it likes.
type guest struct {
	*worker.HTTP
	about wire.About
}

func (s *site) guest(name, secret string) guest {
	s.t.Helper()
	mark, err := tokens.ParseFingerprint(s.base.Fingerprint)
	if err != nil {
		s.t.Fatal(err)
	}
	transport, err := worker.NewHTTP(s.base.Server, secret, tokens.Join{Fingerprint: mark}.TLS())
	if err != nil {
		s.t.Fatal(err)
	}
	about, err := worker.About(s.t.Context(), name, version, budget.New(300<<20, 1))
	if err != nil {
		s.t.Fatal(err)
	}
	return guest{transport, about}
}

// join has the guest join.
func (s *site) join(g guest) wire.Joined {
	s.t.Helper()
	joined, err := g.Join(s.t.Context(), g.about)
	if err != nil {
		s.t.Fatal(err)
	}
	return joined
}

// refusal sees that an error is of a kind and says something.
func refusal(t *testing.T, what string, err error, kind fault.Kind, says string) {
	t.Helper()
	if fault.KindOf(err) != kind || err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: %v (%s), not %s that says %q", what, err, fault.KindOf(err), kind, says)
	}
}

// A worker that may not join is told why, and gets nothing.
func TestRefused(t *testing.T) {
	s := newSite(t, plan{})
	of := s.secrets[0]
	for _, r := range []struct {
		what, secret string
		change       func(a *wire.About)
		kind         fault.Kind
		says         string
	}{
		{"no token", "", nil, fault.Unauthorized, "token"},
		{"an unknown token", strings.Replace(of, of[len(of)-8:], "AAAAAAAA", 1), nil, fault.Unauthorized, "not known"},
		{"a token for jobs", s.onlyJobs, nil, problem.Forbidden, "--scopes worker"},
		{"another version", of, func(a *wire.About) { a.Version = "1.2.3" }, fault.Conflict, "this server is classsr field, and the worker 1.2.3: install the same version"},
		{"other models", of, func(a *wire.About) { a.Models[0] ^= 1 }, fault.Conflict, "other models"},
	} {
		g := s.guest("guest", r.secret)
		if r.change != nil {
			r.change(&g.about)
		}
		joined, err := g.Join(t.Context(), g.about)
		refusal(t, r.what, err, r.kind, r.says)
		if joined != (wire.Joined{}) {
			t.Errorf("%s: got %+v", r.what, joined)
		}
	}
	if c, err := s.client.Cluster(t.Context()); err != nil || len(c.Workers) != 0 || c.Done != 0 {
		t.Errorf("the cluster: %+v %v", c, err)
	}
}

// What one worker has to do is nothing that another one gets, neither by its own name nor by that of the other.
func TestAnothersUnit(t *testing.T) {
	s := newSite(t, plan{})
	a, b := s.guest("a", s.secrets[0]), s.guest("b", s.secrets[1])
	b.about.Speed = 1e-6 // so slow that it gets no second copy of anything
	first := s.join(a)
	mark, err := tokens.ParseFingerprint(s.base.Fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	inbox, err := queue.Join(t.Context(), first.Login, tokens.Join{Fingerprint: mark}.TLS(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = inbox.Close() }()
	_, file, model := changedModel(t)
	s.sendModel(file, model)
	other := s.sendModel(changedModelBy(t, 1.5))
	s.submit([]sample{picture(t, 64, 48, 0)}, map[string]string{"model": models.InFile(model)})
	u, _, err := inbox.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second := s.join(b)
	own := wire.Query{Worker: first.Worker, Attempt: u.Attempt}
	for what, x := range map[string]struct {
		from guest
		q    wire.Query
	}{
		"by its own name":    {b, wire.Query{Worker: second.Worker, Attempt: u.Attempt}},
		"by the other's":     {b, own},
		"by nobody's":        {b, wire.Query{Worker: "nobody", Attempt: u.Attempt}},
		"with a jobs' token": {s.guest("c", s.onlyJobs), own},
	} {
		kind := fault.NotFound
		if strings.Contains(what, "token") {
			kind = problem.Forbidden
		}
		var got bytes.Buffer
		if err := x.from.Input(t.Context(), u.ID, x.q, &got); fault.KindOf(err) != kind || got.Len() > 0 {
			t.Errorf("the input, %s: %v, and %d bytes", what, err, got.Len())
		}
		if err := x.from.Model(t.Context(), u.ID, x.q, model, &got); fault.KindOf(err) != kind || got.Len() > 0 {
			t.Errorf("the model, %s: %v, and %d bytes", what, err, got.Len())
		}
		x.q.Last = true
		if _, err := x.from.Append(t.Context(), u.ID, x.q, strings.NewReader("something")); fault.KindOf(err) != kind {
			t.Errorf("a result, %s: %v", what, err)
		}
		if err := x.from.Fail(t.Context(), u.ID, x.q, wire.Problem{Kind: fault.Damaged, Message: "nonsense"}); fault.KindOf(err) != kind {
			t.Errorf("a failure, %s: %v", what, err)
		}
	}
	var got bytes.Buffer
	if err := a.Input(t.Context(), u.ID, own, &got); err != nil || int64(got.Len()) <= u.Bytes {
		t.Errorf("whose it is gets %d bytes: %v", got.Len(), err)
	}
	if err := a.Model(t.Context(), u.ID, own, other, io.Discard); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a model of no unit of its own: %v", err)
	}
	got.Reset()
	if err := a.Model(t.Context(), u.ID, own, model, &got); err != nil || !bytes.Equal(got.Bytes(), file) {
		t.Errorf("whose it is gets another model: %v", err)
	}
}

// A worker that gives wrong results twice gets nothing more, not even when it comes again, until somebody lets it; and what it had is done all the same.
func TestQuarantine(t *testing.T) {
	all := folder(t, 4, 60, 80, fast)
	s := newSite(t, plan{lease: lease})
	w := s.workerPart("liar")
	w.Corrupt = filepath.Join(t.TempDir(), "corrupt")
	if err := os.WriteFile(w.Corrupt, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	liar := s.start(0, w)
	s.awaitWorkers(1)
	s.submit(all, fast)
	s.settle(time.Minute)
	select {
	case <-liar.over:
	case <-time.After(time.Minute):
		t.Fatalf("the worker goes on:\n%s", liar.story())
	}
	if text := liar.log.String(); !strings.Contains(text, "ended: liar gave wrong results twice and gets nothing more") {
		t.Errorf("the worker was told:\n%s", text)
	}
	g := s.guest("liar", w.Secret)
	_, err := g.Join(t.Context(), g.about)
	refusal(t, "in quarantine", err, problem.Forbidden, "classsr cluster release")
	_, id, _ := strings.Cut(err.Error(), "classsr cluster release ")
	id, _, _ = strings.Cut(id, "`")
	if err := errors.Join(s.client.Release(t.Context(), id), os.Remove(w.Corrupt)); err != nil {
		t.Fatal(err)
	}
	s.start(0, w)
	s.awaitWorkers(1)
	s.submit(all, fast)
	s.settle(time.Minute)
	if c, err := s.client.Cluster(t.Context()); err != nil || c.Done == 0 {
		t.Errorf("the worker has done nothing since: %+v %v", c, err)
	}
}
