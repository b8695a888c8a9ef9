package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"github.com/spf13/cobra"

	"classsr/cluster/queue"
	"classsr/internal/atomicfile"
	"classsr/server"
)

// natsFlags are the flags of cluster nats-config.
type natsFlags struct {
	data, login, certFile, keyFile, store, listen string
	workers                                       int
}

func newNATSConfig(std streams) *cobra.Command {
	var f natsFlags
	cmd := &cobra.Command{
		Use:   "nats-config --data DIR --login FILE",
		Short: "Print the configuration of a nats-server for `classsr serve --cluster-nats`",
		Long: "Print the configuration of a nats-server (2.10 or later), which takes the place of the server's own queue. It knows the key by which\n" +
			"the server with the folder --data signs what workers may do, and the login in the file --login, which is made if it is not there.",
		Example: "  classsr cluster nats-config --data data --login login --tls-cert nats.crt --tls-key nats.key --listen 0.0.0.0:4222 >nats.conf\n" +
			"  nats-server -c nats.conf\n" +
			"  classsr serve --data data --token-file tokens --listen 0.0.0.0:8443 --cluster-nats tls://studio.local:4222 --cluster-nats-login login",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return f.print(std) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "the folder `DIR` of the server")
	flags.StringVar(&f.login, "login", "", "the server's login there is in `FILE`, USER:PASSWORD; it is made if it is not there")
	flags.StringVar(&f.certFile, "tls-cert", "", "the nats-server's certificate, a `FILE` there; without one it is for this machine only")
	flags.StringVar(&f.keyFile, "tls-key", "", "the certificate's private key, a `FILE` there")
	flags.StringVar(&f.store, "store", "/var/lib/nats", "the nats-server keeps what it has in the folder `DIR`")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:4222", "the nats-server listens on `HOST:PORT`")
	flags.IntVar(&f.workers, "workers", 256, "there are at most `N` workers")
	for _, name := range []string{"data", "login"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic("cluster nats-config has no such flag")
		}
	}
	cmd.MarkFlagsRequiredTogether("tls-cert", "tls-key")
	return cmd
}

func (f *natsFlags) print(std streams) error {
	if f.workers < 1 {
		return usagef("--workers is more than nothing")
	}
	host, _, err := net.SplitHostPort(f.listen)
	if err != nil {
		return usagef("--listen %q is no address: give HOST:PORT, as 0.0.0.0:4222", f.listen)
	}
	if f.certFile == "" && !isLoopback(host) {
		return usagef("--listen %s can be reached from other machines, which needs --tls-cert and --tls-key", f.listen)
	}
	if err := os.MkdirAll(f.data, 0o700); err != nil {
		return err
	}
	issuer, err := queue.OpenIssuer(server.ClusterKey(f.data))
	if err != nil {
		return err
	}
	if _, err := os.Stat(f.login); errors.Is(err, fs.ErrNotExist) {
		if err := atomicfile.WritePrivate(f.login, []byte("coordinator:"+rand.Text()+"\n")); err != nil {
			return err
		}
		std.note("The login is in %s: keep it private.", f.login)
	}
	user, password, err := readLogin(f.login)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(std.out, queue.Outside{
		Listen: f.listen, Folder: f.store, CertFile: f.certFile, KeyFile: f.keyFile, User: user, Password: password, Issuer: issuer.Public(), Workers: f.workers,
	}.Config())
	return err
}
