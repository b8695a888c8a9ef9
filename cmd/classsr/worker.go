package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"classsr/cluster/queue"
	"classsr/cluster/wire"
	"classsr/cluster/worker"
	"classsr/internal/filelock"
	"classsr/pipeline"
	"classsr/server/library"
	"classsr/server/tokens"
	"classsr/server/work"
	"classsr/weights"
)

// workerFlags are the flags of the worker command.
type workerFlags struct {
	join, server, tokenFile string
	name, cache             string
	memory                  string
	threads                 int
	grace                   time.Duration
	logLevel                string
	check                   bool
	device                  deviceFlags
}

func newWorker(std streams) *cobra.Command {
	var f workerFlags
	cmd := &cobra.Command{
		Use:   "worker --join STRING | --server URL [--token-file FILE]",
		Short: "Help a server: compute what it gives out",
		Long: "Join a server that was started with --cluster-listen, and compute parts of its work until it ends, or until the worker is told to end\n" +
			"(SIGTERM, Ctrl-C), which finishes what it computes and gives back the rest. Both must be the same version of classsr. It needs no\n" +
			"port of its own, keeps no pictures, and joins again by itself whenever the server or the network was away.",
		Example: "  classsr token new shed --token-file tokens --scopes worker --address studio.local:8443 --data data    # on the server\n" +
			"  CLASSSR_JOIN='classsr://studio.local:8443/#token=...' classsr worker\n" +
			"  classsr worker --server http://127.0.0.1:8080 --threads 2",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), std) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.join, "join", "", "the join `STRING` that `classsr token new` printed (default $"+joinVariable+")")
	flags.StringVar(&f.server, "server", "", "the server's `URL`, where there is no join string: on this machine, or with a certificate that all machines trust")
	flags.StringVar(&f.tokenFile, "token-file", "", "the token for --server is in `FILE`; by default it is $"+tokenVariable)
	flags.StringVar(&f.name, "name", "", "be called `NAME`; by default the name of this machine")
	flags.StringVar(&f.cache, "cache", "", "keep files of work that is under way, and models that the server has sent, in the folder `DIR`; by default one of the user's")
	flags.StringVar(&f.memory, "memory", "", "use about `SIZE` of memory at most; by default four fifths of what there is")
	flags.IntVar(&f.threads, "threads", 0, "use `N` cores; by default all")
	flags.DurationVar(&f.grace, "grace", time.Minute, "when told to end, let what is computed go on for `TIME`")
	flags.StringVar(&f.logLevel, "log-level", "info", "log from `LEVEL` on: debug, info, warn or error")
	flags.BoolVar(&f.check, "check", false, "join, leave again, and say what the worker would be, or why it cannot be one")
	f.device.register(flags)
	cmd.MarkFlagsMutuallyExclusive("join", "server")
	cmd.MarkFlagsMutuallyExclusive("join", "token-file")
	return cmd
}

func (f *workerFlags) run(ctx context.Context, std streams) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return usagef("--log-level is debug, info, warn or error, not %q", f.logLevel)
	}
	if _, err := f.device.asked(); err != nil {
		return err
	}
	address, secret, check, err := f.where()
	if err != nil {
		return err
	}
	transport, err := worker.NewHTTP(address, secret, check)
	if err != nil {
		return err
	}
	memory, err := parseMemory(f.memory)
	if err != nil {
		return err
	}
	if f.threads != 0 {
		if err := checkThreads(f.threads); err != nil {
			return err
		}
	}
	if f.grace < 0 {
		return usagef("--grace is not less than nothing")
	}
	name, err := f.called()
	if err != nil {
		return err
	}
	folder, unlock, err := f.folder(name)
	if err != nil {
		return err
	}
	defer unlock()
	b := newBudget(memory, f.threads, besides)
	about, err := worker.About(ctx, name, version, b)
	if err != nil {
		return err
	}
	shelved := work.ShelfBytes(b.Memory())
	models, err := library.Open(filepath.Join(folder, "models"), library.Options{MostFile: pipeline.MostFile(shelved)})
	if err == nil {
		err = models.Expire()
	}
	if err != nil {
		return err
	}
	shelf := pipeline.NewShelf(shelved)
	shelf.Files = func(sum [sha256.Size]byte) (*weights.Model, error) { return models.Load(sum) }
	o := worker.Options{
		About: about, Transport: transport, Near: isLoopback(hostOf(address)), Folder: filepath.Join(folder, "units"), Budget: b, Shelf: shelf, Library: models, Grace: f.grace,
		Log: slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: level})),
		Queue: func(ctx context.Context, j wire.Joined, told func(wire.Tell)) (queue.Taker, error) {
			return queue.Join(ctx, j.Login, check, told)
		},
	}
	if f.check {
		return tryWorker(ctx, std, address, transport, o)
	}
	ctx, stop := endsByItself(ctx)
	defer stop()
	device, err := f.device.openDevice(ctx, func(text string) { o.Log.Warn(text) })
	if err != nil {
		return err
	}
	defer closeDevice(device)
	logDevice(o.Log, device, f.device.device)
	o.Shelf.Use(device, f.device.auto())
	return worker.Run(ctx, o)
}

// where is the server, how the worker shows that it may join, and which certificates are right.
func (f *workerFlags) where() (address, secret string, check *tls.Config, err error) {
	join := f.join
	if join == "" && f.server == "" {
		join = os.Getenv(joinVariable)
	}
	if join != "" {
		j, err := tokens.ParseJoin(join)
		if err != nil {
			return "", "", nil, usagef("the join string cannot be used: %w", err)
		}
		return "https://" + j.Address, j.Secret, j.TLS(), nil
	}
	if f.server == "" {
		return "", "", nil, usagef("which server is it to help? Give --join with what `classsr token new` printed there, or --server URL")
	}
	u, err := url.Parse(f.server)
	if err != nil || u.Host == "" {
		return "", "", nil, usagef("--server %q is no address of a server: give one as http://127.0.0.1:8080", f.server)
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return "", "", nil, usagef("--server %s is not encrypted, and another machine's: use the join string that `classsr token new` prints there", f.server)
	}
	secret, err = readToken(f.tokenFile)
	return f.server, secret, tokens.Join{}.TLS(), err
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// called is the worker's name.
func (f *workerFlags) called() (string, error) {
	if f.name != "" {
		return f.name, nil
	}
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "", usagef("this machine has no name: give the worker one by --name")
	}
	return name, nil
}

// folder is where files of units and models are; one worker at a time has it.
func (f *workerFlags) folder(name string) (folder string, unlock func(), err error) {
	folder = f.cache
	if folder == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", nil, usagef("no folder of the user's is known: say where to keep files of work by --cache")
		}
		folder = filepath.Join(cache, "classsr", "worker-"+strings.Map(plainRune, name))
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", nil, fmt.Errorf("cannot make the folder %s: give another --cache: %w", folder, err)
	}
	unlock, err = filelock.Take(filepath.Join(folder, "lock"))
	if err != nil {
		return "", nil, fmt.Errorf("another worker uses %s: give this one another --cache, and another --name: %w", folder, err)
	}
	return folder, unlock, nil
}

// plainRune makes names of files of names of workers.
func plainRune(r rune) rune {
	if strings.ContainsRune("-_.", r) || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
		return r
	}
	return '-'
}
