package queuetest_test

import (
	"testing"

	"classsr/cluster/queue"
	"classsr/cluster/queue/queuetest"
	"classsr/cluster/wire"
)

func TestMemory(t *testing.T) {
	beats := make(chan wire.Beat, 10)
	m := queue.NewMemory(queue.Heard{Beat: func(b wire.Beat) { beats <- b }})
	join := func(l queue.Login, told func(wire.Tell)) (queue.Taker, error) { return m.Join(l.User, told) }
	queuetest.Conform(t, queuetest.Ends{Giver: m, Join: join, Beats: beats})
}
