package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"

	"classsr/server/limits"
	"classsr/server/metrics"
)

// gauges is what is so now, for the counts.
func (s *server) gauges() metrics.Gauges {
	g := metrics.Gauges{Jobs: s.table.Stats(), DirectWaiting: s.works.Waiting(), Connections: s.guard.Open(), Dropped: s.guard.Dropped()}
	g.Memory, g.Reserved, g.Parked = s.works.Memory()
	if s.crew != nil {
		g.Workers = s.crew.coordinator.Workers()
	}
	var err error
	if g.DiskUsed, g.DiskFree, err = s.store.Usage(); err != nil {
		s.Log.Warn("cannot tell how full the disk is", "error", err.Error())
	}
	return g
}

// metricsConnections is how many there may be to the address of the counts.
const metricsConnections = 16

// listenMetrics opens the address of the counts; without one the functions that it gives do nothing.
func (s *server) listenMetrics() (serve, end func() error, err error) {
	nothing := func() error { return nil }
	if s.Metrics == "" {
		return nothing, nothing, nil
	}
	raw, err := net.Listen("tcp", s.Metrics)
	if err != nil {
		return nil, nil, cannotListen(s.Metrics, "--metrics-listen", err)
	}
	guarded := limits.Guard(raw, metricsConnections)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.counts.Handler())
	h := s.httpServer(guarded, s.knownAs(raw.Addr().String()).Known(mux, nil))
	h.WriteTimeout = answerTime
	s.Log.Info("metrics", "address", raw.Addr().String())
	serve = func() error {
		if err := h.Serve(guarded); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
	return serve, h.Close, nil
}

// httpServer is a server with the bounds that hold for all of its addresses.
func (s *server) httpServer(guarded *limits.Guarded, handler http.Handler) *http.Server {
	h := &http.Server{
		Handler: guarded.Serving(handler), ConnContext: guarded.ConnContext, ReadHeaderTimeout: headerTime, MaxHeaderBytes: headerBytes, IdleTimeout: idleTime,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
	h.Protocols = new(http.Protocols)
	h.Protocols.SetHTTP1(true) // HTTP/2 would hold more of each connection in memory
	return h
}

// until runs what serves, and ends it when ctx is done. What fails ends everything.
func until(ctx context.Context, fail func(error), serve, end func() error) []func() error {
	return []func() error{
		func() error {
			err := serve()
			if err != nil {
				fail(err)
			}
			return err
		},
		func() error { <-ctx.Done(); return end() },
	}
}
