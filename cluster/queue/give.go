package queue

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"classsr/cluster/wire"
	"classsr/fault"
)

// stream holds the units that are given and not over, one subject a worker.
const stream = "CLASSSR"

// tooOften is where a nats-server says that a unit has come to its worker so often that it does not come any more.
const tooOften = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES." + stream + ".*"

const (
	mostDeliveries = 5
	mostPending    = 4 // units that a worker has fetched and not done with; more than it holds
	perWorker      = 4 // units in the stream
)

// makeStream makes the stream anew, empty.
func (q *Queue) makeStream(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := q.js.DeleteStream(ctx, stream); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("cannot remove its stream %s: %w", stream, err)
	}
	_, err := q.js.CreateStream(ctx, jetstream.StreamConfig{
		Name: stream, Subjects: []string{subject(q.o.Epoch, units, "*")}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage, Replicas: 1,
		Discard: jetstream.DiscardNew, MaxMsgs: int64(perWorker * max(q.o.Workers, 1)), MaxBytes: MostStore / 4, MaxMsgSize: 2 * wire.MostUnit, Duplicates: 2 * time.Minute,
	})
	if err != nil {
		return fmt.Errorf("cannot make its stream %s: %w", stream, err)
	}
	return nil
}

// consumer is what a worker takes its units from.
func (q *Queue) consumer(s *seat) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable: s.name, FilterSubject: subject(q.o.Epoch, units, s.name), AckPolicy: jetstream.AckExplicitPolicy, AckWait: q.o.AckWait,
		MaxDeliver: mostDeliveries, MaxAckPending: mostPending, InactiveThreshold: time.Hour,
	}
}

// Waits between tries to make a consumer.
const firstWait, lastWait = 20 * time.Millisecond, time.Second

// makeConsumer makes a worker's consumer, or leaves the one that is there.
func (q *Queue) makeConsumer(ctx context.Context, s *seat) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var err error
	for wait := firstWait; wait < lastWait; wait *= 2 {
		_, err = q.js.CreateOrUpdateConsumer(ctx, stream, q.consumer(s))
		var server jetstream.JetStreamError
		if err == nil || !errors.As(err, &server) || server.APIError() == nil || server.APIError().Code != http.StatusInternalServerError {
			break
		}
		// A server may remove files of a consumer some moments after it has said that it is gone, and with them those of the next one of that name.
		_ = q.dropConsumer(ctx, s) // what is wrong shows in the next try
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	if err != nil {
		return fault.New(fault.Unavailable, "cannot make the queue of worker %s: %w", s.worker, err)
	}
	return nil
}

func (q *Queue) dropConsumer(ctx context.Context, s *seat) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := q.js.DeleteConsumer(ctx, stream, s.name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fault.New(fault.Unavailable, "cannot remove the queue of worker %s: %w", s.worker, err)
	}
	return nil
}

// ensure sees that a worker's consumer is there. A place that is closed meanwhile gets none.
func (q *Queue) ensure(s *seat) error {
	q.anew.RLock()
	defer q.anew.RUnlock()
	s.making.Lock()
	defer s.making.Unlock()
	if q.named(s.name) != s {
		return fault.New(fault.NotFound, "worker %s has joined again or is gone", s.worker)
	}
	return q.makeConsumer(context.Background(), s)
}

// Open implements Giver.
func (q *Queue) Open(ctx context.Context, worker string) (Login, error) {
	if worker == "" || strings.ContainsAny(worker, ".*> \t\r\n") {
		return Login{}, fault.New(fault.Internal, "%q cannot be the name of a worker", worker)
	}
	q.anew.RLock()
	defer q.anew.RUnlock()
	s := &seat{worker: worker, name: worker + "-" + rand.Text()[:8], password: rand.Text()}
	if err := q.makeConsumer(ctx, s); err != nil {
		return Login{}, err
	}
	q.mu.Lock()
	old := q.seats[worker]
	q.seats[worker] = s
	q.mu.Unlock()
	if old != nil {
		if err := q.clear(ctx, old); err != nil {
			q.o.Log.Warn("what a worker had before it joined again is still in the queue", "worker", worker, "error", err)
		}
	}
	l := q.o.Login
	l.User, l.Password, l.Epoch = s.name, s.password, q.o.Epoch
	return l, nil
}

// Close implements Giver.
func (q *Queue) Close(worker string) error {
	s, err := q.of(worker)
	if err != nil {
		return nil
	}
	q.mu.Lock()
	delete(q.seats, worker)
	q.mu.Unlock()
	q.anew.RLock()
	defer q.anew.RUnlock()
	return q.clear(context.Background(), s)
}

// clear removes what is left of a place in the server.
func (q *Queue) clear(ctx context.Context, s *seat) error {
	s.making.Lock()
	defer s.making.Unlock()
	if err := q.dropConsumer(ctx, s); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	have, err := q.js.Stream(ctx, stream)
	if err == nil {
		err = have.Purge(ctx, jetstream.WithPurgeSubject(subject(q.o.Epoch, units, s.name)))
	}
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fault.New(fault.Unavailable, "cannot remove the units of worker %s: %w", s.worker, err)
	}
	return nil
}

// Give implements Giver. Where a worker is given a unit again, it did not get it the first time, so its consumer is made anew: it may be stuck.
func (q *Queue) Give(ctx context.Context, worker string, u wire.Unit) error {
	q.anew.RLock()
	defer q.anew.RUnlock()
	s, err := q.of(worker)
	if err != nil {
		return err
	}
	if q.was(s, u.ID) {
		if err := q.remake(ctx, s); err != nil {
			return err
		}
	}
	return q.publish(ctx, s, u)
}

// remake makes a worker's consumer anew.
func (q *Queue) remake(ctx context.Context, s *seat) error {
	s.making.Lock()
	defer s.making.Unlock()
	return errors.Join(q.dropConsumer(ctx, s), q.makeConsumer(ctx, s))
}

func (q *Queue) was(s *seat, unit string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Contains(s.given, unit)
}

// publish puts a unit into the stream. It is on disk when it returns; the same attempt of a unit is stored once only.
func (q *Queue) publish(ctx context.Context, s *seat, u wire.Unit) error {
	text, err := wire.Encode(u)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	id := fmt.Sprintf("%s.%s.%d", s.name, u.ID, u.Attempt)
	if _, err := q.js.Publish(ctx, subject(q.o.Epoch, units, s.name), text, jetstream.WithMsgID(id), jetstream.WithExpectStream(stream)); err != nil {
		return fault.New(fault.Unavailable, "cannot give unit %s to worker %s: %w", u.ID, s.worker, err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	s.given = append(s.given, u.ID)
	s.given = s.given[max(len(s.given)-mostGiven, 0):]
	return nil
}

// Renew implements Giver: the stream is removed and made, with everybody's consumer, and all units are published. Nobody gives meanwhile.
func (q *Queue) Renew(ctx context.Context, given func() map[string][]wire.Unit) error {
	q.anew.Lock()
	defer q.anew.Unlock()
	have := given()
	if err := q.makeStream(ctx); err != nil {
		return fault.New(fault.Unavailable, "the nats-server's store cannot be made anew: %w", err)
	}
	q.mu.Lock()
	var all []*seat
	for _, s := range q.seats {
		s.given = nil
		all = append(all, s)
	}
	q.mu.Unlock()
	for _, s := range all {
		if err := q.makeConsumer(ctx, s); err != nil {
			return err
		}
		for _, u := range have[s.worker] {
			if err := q.publish(ctx, s, u); err != nil {
				return err
			}
		}
	}
	return nil
}

// tooOften removes a unit that came to its worker again and again and was never said to be done. It would stay in the stream for ever.
func (q *Queue) tooOften(m *nats.Msg) {
	var of struct {
		Consumer string `json:"consumer"`
		Seq      uint64 `json:"stream_seq"`
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := json.Unmarshal(m.Data, &of)
	if err == nil {
		q.anew.RLock()
		defer q.anew.RUnlock()
		var have jetstream.Stream
		if have, err = q.js.Stream(ctx, stream); err == nil {
			err = have.DeleteMsg(ctx, of.Seq)
		}
	}
	q.o.Log.Warn("a unit came to a worker again and again and was never done with: it is removed from the queue", "worker", of.Consumer, "error", err)
}
