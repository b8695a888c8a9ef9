package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"classsr/server"
)

// clusterServeFlags are the flags of serve that let other machines help.
type clusterServeFlags struct {
	listen        string
	nats, login   string
	natsSHA256    string
	workers       int
	withoutOurOwn bool
}

func (f *clusterServeFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.listen, "cluster-listen", "", "let workers help, which are told at `HOST:PORT` what to do, and fetch it where --listen is; see `classsr worker`")
	flags.StringVar(&f.nats, "cluster-nats", "", "let workers help, by the nats-server at `URL` in place of a queue of the server's own, see `classsr cluster nats-config`")
	flags.StringVar(&f.login, "cluster-nats-login", "", "the server's user and password at the nats-server are in `FILE`, as USER:PASSWORD")
	flags.StringVar(&f.natsSHA256, "cluster-nats-sha256", "", "the nats-server's certificate has this SHA-256, `DIGITS`; by default it must be one that all machines trust")
	flags.IntVar(&f.workers, "cluster-workers", 256, "take at most `N` workers")
	flags.BoolVar(&f.withoutOurOwn, "cluster-only", false, "leave computing to the workers while there are any")
}

// config is how other machines help; nil if they do not.
func (f *clusterServeFlags) config() (*server.Cluster, error) {
	if f.listen == "" && f.nats == "" {
		if f.login != "" || f.natsSHA256 != "" || f.withoutOurOwn {
			return nil, usagef("--cluster-only, --cluster-nats-login and --cluster-nats-sha256 need --cluster-listen or --cluster-nats")
		}
		return nil, nil
	}
	if f.workers < 1 {
		return nil, usagef("--cluster-workers is more than nothing")
	}
	c := &server.Cluster{Listen: f.listen, NATS: f.nats, SHA256: f.natsSHA256, Workers: f.workers, OtherCores: f.withoutOurOwn}
	if f.nats == "" {
		return c, nil
	}
	if f.login == "" {
		return nil, usagef("--cluster-nats needs --cluster-nats-login FILE: `classsr cluster nats-config` says what is in it")
	}
	var err error
	c.User, c.Password, err = readLogin(f.login)
	return c, err
}

// readLogin reads the server's login at a nats-server.
func readLogin(file string) (user, password string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", "", fmt.Errorf("cannot read the login at the nats-server: %w", err)
	}
	user, password, ok := strings.Cut(strings.TrimSpace(string(text)), ":")
	if !ok || user == "" || password == "" || strings.ContainsAny(password, " \r\n") {
		return "", "", usagef("%s is no login at a nats-server: it must be one line, USER:PASSWORD", file)
	}
	return user, password, nil
}
