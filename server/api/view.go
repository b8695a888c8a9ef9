package api

import (
	"bytes"
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"classsr/server/problem"
)

// viewPicture answers with what browsers are shown of a picture.
func (a *api) viewPicture(ctx context.Context, in *onePicture) (*huma.StreamResponse, error) {
	p, err := a.known(ctx, in)
	if err != nil {
		return nil, problem.Of(err)
	}
	view, err := a.Work.View(ctx, of(ctx).token, p.Sum, int64(p.Width)*int64(p.Height))
	if err != nil {
		return nil, problem.Of(err)
	}
	return a.stream(func(x *exchange) error {
		content(x, bytes.NewReader(view), time.Time{}, p.Sum.String()+"-view", anyView, "")
		return nil
	})
}
