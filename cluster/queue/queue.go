// Package queue brings units of work from a coordinator to its workers, and what workers say back to it: by JetStream between machines (Connect, Join), and in
// memory within a process (Memory). It carries references and short messages; pixels go another way.
//
// Nothing depends on what it keeps: who has which unit is known by the coordinator, which gives units again that got lost. So each end may lose its connection, its
// messages or its disk at any time, and a unit may come twice.
package queue

import (
	"context"

	"classsr/cluster/wire"
)

// Giver is the coordinator's end. It is safe for concurrent use.
type Giver interface {
	// Open makes a place for a worker, in which nothing waits, and gives what the worker needs to come to it. A place of that name that is there is made anew,
	// with another password.
	Open(ctx context.Context, worker string) (Login, error)
	// Give puts a unit into a worker's place. When it returns, the unit is where neither end's death loses it; an error says that it may not be.
	Give(ctx context.Context, worker string, u wire.Unit) error
	// Tell says something to a worker, which may not hear it.
	Tell(worker string, t wire.Tell) error
	// Close removes a worker's place. Units that wait in it are gone.
	Close(worker string) error
	// Renew makes all places anew, with units in them, by worker: the remedy where a disk was full, or data are lost. given, which says which units, is called
	// while nobody gives, so that it knows all that were given before. It must not call the Giver.
	Renew(ctx context.Context, given func() map[string][]wire.Unit) error
}

// Taker is a worker's end. It is safe for concurrent use.
type Taker interface {
	// Next waits for a unit. Errors that may pass are not returned but tried again; it returns ctx's error, or one of kind fault.NotFound if the worker has no
	// place any more and has to join again.
	Next(ctx context.Context) (wire.Unit, Receipt, error)
	// Beat tells the coordinator that the worker lives, and what it has.
	Beat(b wire.Beat) error
	Close() error
}

// Receipt is for a unit that was taken. A unit whose receipt is forgotten comes again after a while.
type Receipt interface {
	// Working says that the unit is still worked on: it does not come again for a while.
	Working() error
	// Done says that the unit is over, whatever became of it: it does not come again.
	Done() error
}

// Heard is what a coordinator is told, from any goroutine. It must not block.
type Heard struct {
	Beat  func(wire.Beat)
	Blind func(blind bool) // the coordinator hears and reaches nobody, or does again
}

// Login is what a worker needs to come to its place. It is a secret.
type Login = wire.Login
