package server

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"

	"classsr/cluster/queue"
	"classsr/fault"
	"classsr/server/tokens"
)

// cluster lists what is looked at if other machines help.
func (d *doctor) cluster() []check {
	if d.Cluster == nil {
		return nil
	}
	queue := check{"cluster address", func() Finding { return d.address(d.Cluster.Listen, "--cluster-listen") }}
	if d.Cluster.NATS != "" {
		queue = check{"nats-server", d.nats}
	}
	return []check{queue, {"cluster key", d.clusterKey}, {"workers' tokens", d.workersTokens}}
}

// clusterKey is about the key that signs what workers may do.
func (d *doctor) clusterKey() Finding {
	name := ClusterKey(d.Data)
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		if d.Cluster.NATS != "" {
			return failing("give `classsr cluster nats-config` this --data, and the nats-server what it prints", "%s is not there: the nats-server at --cluster-nats cannot know it", name)
		}
		return fine("it is made when the server starts")
	}
	if err == nil {
		_, err = queue.OpenIssuer(name)
	}
	switch {
	case err != nil:
		return failing("give the server's user the file, or remove it to have another one made", "%v", err)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return warning("chmod 600 it", "others on this machine may read %s, and let workers in by it", name)
	}
	return fine("%s can be read", name)
}

// nats is about a nats-server elsewhere.
func (d *doctor) nats() Finding {
	t, err := d.Cluster.tls()
	if err != nil {
		return failing("give the fingerprint of the nats-server's certificate", "%v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerLimit)
	defer cancel()
	err = queue.Look(ctx, d.Cluster.NATS, t, d.Cluster.User, d.Cluster.Password)
	switch fault.KindOf(err) {
	case fault.Unauthorized:
		return failing("see that --cluster-nats-login and --cluster-nats-sha256 are that server's, see `classsr cluster nats-config`", "%v", err)
	case fault.Usage:
		return failing("give another --cluster-nats", "%v", err)
	}
	if err != nil {
		return failing("start it with what `classsr cluster nats-config` prints, and see that this machine reaches it", "%v", err)
	}
	return fine("%s lets the server in, and has JetStream", d.Cluster.NATS)
}

// workersTokens is about who may help.
func (d *doctor) workersTokens() Finding {
	if d.TokenFile == "" {
		return fine("none: workers of this machine need none")
	}
	file, err := tokens.Open(d.TokenFile)
	if err != nil {
		return failing("correct the file", "%v", err)
	}
	n := 0
	for _, t := range file.List() {
		if helps(t, d.now) {
			n++
		}
	}
	if n == 0 {
		return warning("`classsr token new NAME --scopes worker --token-file FILE --address HOST:PORT` makes one", "%s has no token with the scope worker: no other machine can help", d.TokenFile)
	}
	return fine("%d tokens with the scope worker", n)
}
