package main

import (
	"context"
	"fmt"

	"github.com/dustin/go-humanize"

	"classsr/cluster/wire"
	"classsr/cluster/worker"
	"classsr/fault"
	"classsr/server"
	"classsr/server/problem"
)

// tryWorker has a worker join a server and leave it again, and prints what it would be there.
func tryWorker(ctx context.Context, std streams, address string, to worker.Leaver, o worker.Options) error {
	joined, err := worker.Try(ctx, to, o)
	r := doctorResult{Findings: []server.Finding{machineFinding(o.About), joinFinding(address, joined, err)}}
	r.OK = r.Findings[1].Level == server.OK
	if joined != nil {
		last := queueFinding(joined.Login, err)
		r.Findings, r.OK = append(r.Findings, last), r.OK && last.Level == server.OK
	}
	if err := r.print(std, false); err != nil {
		return err
	}
	if !r.OK {
		return errReported
	}
	return nil
}

// machineFinding is what the worker says of itself.
func machineFinding(a wire.About) server.Finding {
	f := server.Finding{
		Name: "machine", Level: server.OK,
		Text: fmt.Sprintf("%s, classsr %s: %d cores, %s, %s of memory, speed %.2f", a.Name, a.Version, a.Cores, a.Kernel, humanize.IBytes(uint64(max(a.Memory, 0))), a.Speed),
	}
	if a.Kernel == "generic" {
		f.Level, f.Do = server.Warn, "use a machine with AVX2 or NEON: this one is many times slower"
	}
	return f
}

// joinFinding is what the server says to the worker.
func joinFinding(address string, joined *wire.Joined, err error) server.Finding {
	f := server.Finding{Name: "server", Level: server.Fail}
	if joined != nil {
		f.Level, f.Text = server.OK, fmt.Sprintf("%s lets it in as %s", address, joined.Worker)
		return f
	}
	f.Text = err.Error()
	switch fault.KindOf(err) {
	case fault.Unauthorized:
		f.Do = "give the join string that `classsr token new NAME --scopes worker` printed on the server"
	case problem.Forbidden, fault.Conflict:
		f.Do = "until that is put right, the server gives it nothing"
	case fault.NotFound:
		f.Do = "start the server with --cluster-listen"
	default:
		f.Do = "see that the server runs, and that this machine reaches its address"
	}
	return f
}

// queueFinding is whether the worker comes to where units are given out.
func queueFinding(l wire.Login, err error) server.Finding {
	if err != nil {
		return server.Finding{Name: "queue", Level: server.Fail, Text: err.Error(), Do: "see that this machine reaches that address, which is --cluster-listen of the server or its nats-server"}
	}
	return server.Finding{Name: "queue", Level: server.OK, Text: "units come by " + l.URL}
}
