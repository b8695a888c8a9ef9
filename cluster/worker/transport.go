package worker

import (
	"context"
	"io"

	"classsr/cluster/wire"
	"classsr/server/blobs"
)

// Transport is how a worker speaks to its coordinator, and how pixels come and go: by HTTP (NewHTTP), or by files within a process. It is safe for concurrent use.
//
// What is asked about units is as wire.Query says. An error of kind fault.NotFound says that the unit is not this worker's, or is over; one of kind fault.Damaged or
// fault.TooLarge about what was sent, that the unit is over for this worker, who was wrong; one of kind fault.Unauthorized or problem.Forbidden, that the worker has to join
// again. What may pass is tried again by the Transport itself: other errors have come to stay. All methods return ctx's error if ctx is done.
type Transport interface {
	// Join says that the worker is there, and what it is. An error of kind fault.Unauthorized, problem.Forbidden or fault.Conflict is final, others may pass; Join
	// tries once.
	Join(ctx context.Context, a wire.About) (wire.Joined, error)
	// Input writes a unit's input, a pack. It goes on where it was when it was broken off. Errors of to are returned as they are.
	Input(ctx context.Context, unit string, q wire.Query, to io.Writer) error
	// Model writes the file of a model that a unit is to be done by, by its SHA-256, as Input does. One that is not there any more is an error of kind fault.Conflict.
	Model(ctx context.Context, unit string, q wire.Query, sum blobs.Sum, to io.Writer) error
	// Append appends body to a unit's result, of which q.Offset bytes are there, and goes on where it was when it was broken off. It tells the row before which a
	// unit of rows ends now; 0 if it is not one. Where so much is there that the body does not follow it, the error is of kind fault.Conflict; where there is no
	// room for it, and has not been for ten minutes, of kind fault.Unavailable.
	Append(ctx context.Context, unit string, q wire.Query, body io.ReadSeeker) (until int, err error)
	// Fail says that a unit could not be done as a whole.
	Fail(ctx context.Context, unit string, q wire.Query, p wire.Problem) error
}
