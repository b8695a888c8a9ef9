package queue

import (
	"context"
	"crypto/tls"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"classsr/fault"
)

// Look sees whether a coordinator could use a nats-server elsewhere, and leaves everything there as it is. Errors are those of Connect.
func Look(ctx context.Context, address string, t *tls.Config, user, password string) error {
	nc, err := dial(ctx, address, t, nats.UserInfo(user, password), nats.NoReconnect())
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(patience))
	if err == nil {
		_, err = js.AccountInfo(ctx)
	}
	if err != nil {
		return fault.New(fault.Unavailable, "the nats-server %s has no JetStream for that login: %w", address, err)
	}
	return nil
}
