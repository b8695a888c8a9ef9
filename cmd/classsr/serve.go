package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"classsr/server"
	"classsr/server/api"
	"classsr/server/limits"
	"classsr/server/tokens"
)

// serveFlags are the flags of the serve command.
type serveFlags struct {
	listen, data, tokenFile string
	metricsListen           string
	certificate, key        string
	hosts                   []string
	plainHTTP               bool
	maxUpload, maxDisk      string
	anyFolder               bool // that none is known is no error
	maxPixels, maxPixelsIn  string
	memory                  string
	threads, jobs, queue    int
	maxJobTime              time.Duration
	retention, grace        time.Duration
	logNames                bool
	logLevel                string
	openapi                 bool
	cluster                 clusterServeFlags
	device                  deviceFlags
}

func newServe(std streams) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Enlarge pictures for others, by HTTP and on a page",
		Long: "Serve a page and an API (see /docs there) that enlarge pictures. Without a token file the server listens on this machine only.\n" +
			"Pictures and results are kept in the folder --data for as long as --retention says. Jobs that were accepted are done once,\n" +
			"even if the server is killed and started again. Memory and cores are one budget: jobs wait rather than exceed it.",
		Example: "  classsr serve                                  # then open http://127.0.0.1:8080/\n" +
			"  curl -T photo.jpg 'http://127.0.0.1:8080/v1/upscale?fit=3840x2160' -o large.jpg\n" +
			"  classsr token new alice --token-file tokens    # to serve others\n" +
			"  classsr serve --listen 0.0.0.0:8443 --token-file tokens",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), std) },
	}
	f.add(cmd.Flags())
	cmd.Flags().BoolVar(&f.openapi, "openapi", false, "print the description of the API (OpenAPI 3.1) and end")
	return cmd
}

// add adds the flags of a server's configuration.
func (f *serveFlags) add(flags *pflag.FlagSet) {
	d := limits.Default()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "listen on `HOST:PORT`; other addresses than this machine's own need --token-file")
	flags.StringVar(&f.metricsListen, "metrics-listen", "", "tell counts to Prometheus at `HOST:PORT` of this machine, without a token; by default at /metrics, with one for that")
	flags.StringVar(&f.data, "data", "", "keep pictures, results and jobs in the folder `DIR`; by default one of the user's")
	flags.StringVar(&f.tokenFile, "token-file", "", "let only those in whose tokens are in `FILE`, see `classsr token new`")
	flags.StringVar(&f.certificate, "tls-cert", "", "use the certificate in `FILE`; by default one is made where there is a token file")
	flags.StringVar(&f.key, "tls-key", "", "the certificate's private key, a `FILE`")
	flags.BoolVar(&f.plainHTTP, "plain-http", false, "do not encrypt although there are tokens: only behind a proxy that does")
	flags.StringSliceVar(&f.hosts, "host", nil, "the server is reached as `NAME`, too, or as NAME:PORT where the port is another one outside (several with commas)")
	flags.StringVar(&f.maxUpload, "max-upload", humanize.Bytes(uint64(d.MaxUpload)), "refuse uploads of more than `SIZE`")
	flags.StringVar(&f.maxPixels, "max-pixels", pixelsText(d.MaxPixels), "refuse results of more than `PIXELS`, as 400MP")
	flags.StringVar(&f.maxPixelsIn, "max-pixels-in", pixelsText(d.MaxPixelsIn), "refuse pictures of more than `PIXELS`")
	flags.StringVar(&f.maxDisk, "max-disk", "", "keep at most `SIZE` of pictures and results; by default half of what is free, at most 50 GB")
	flags.StringVar(&f.memory, "memory", "", "use about `SIZE` of memory at most; by default four fifths of what there is")
	flags.IntVar(&f.threads, "threads", 0, "use `N` cores; by default all")
	flags.IntVar(&f.jobs, "jobs", d.Jobs, "do `N` jobs at a time: one is read and written while another is computed")
	flags.IntVar(&f.queue, "queue", d.Queue, "let at most `N` jobs wait")
	flags.DurationVar(&f.maxJobTime, "max-job-time", d.MaxJobTime, "refuse jobs that would take longer than `TIME`")
	flags.DurationVar(&f.retention, "retention", d.Retention, "remove results `TIME` after they are done")
	flags.DurationVar(&f.grace, "grace", 20*time.Second, "when told to end, let running jobs go on for `TIME`, then queue them again for the next start")
	flags.BoolVar(&f.logNames, "log-names", false, "write names of pictures into the log")
	flags.StringVar(&f.logLevel, "log-level", "info", "log from `LEVEL` on: debug, info, warn or error")
	f.cluster.add(flags)
	f.device.register(flags)
}

func (f *serveFlags) run(ctx context.Context, std streams) error {
	if f.openapi {
		text, err := api.Description()
		if err == nil {
			_, err = fmt.Fprintf(std.out, "%s\n", text)
		}
		return err
	}
	config, err := f.config(std)
	if err != nil {
		return err
	}
	ctx, stop := endsByItself(ctx)
	defer stop()
	config.Device, err = f.device.openDevice(ctx, func(text string) { config.Log.Warn(text) })
	if err != nil {
		return err
	}
	defer closeDevice(config.Device)
	config.DeviceAuto = f.device.auto()
	logDevice(config.Log, config.Device, f.device.device)
	return server.Run(ctx, config, func(urls []string) {
		for _, u := range urls {
			_, _ = fmt.Fprintln(std.out, u)
		}
	})
}

// config makes the server's configuration of the flags.
func (f *serveFlags) config(std streams) (server.Config, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return server.Config{}, usagef("--log-level is debug, info, warn or error, not %q", f.logLevel)
	}
	c := server.Config{
		Listen: f.listen, Data: f.data, TokenFile: f.tokenFile, Certificate: f.certificate, PrivateKey: f.key, PlainHTTP: f.plainHTTP, Hosts: f.hosts,
		Jobs: f.jobs, Grace: f.grace, Log: slog.New(slog.NewJSONHandler(std.err, &slog.HandlerOptions{Level: level})), Names: f.logNames, Version: version,
		Metrics: f.metricsListen,
	}
	if c.Data == "" {
		folder, err := dataFolder()
		if err != nil && !f.anyFolder {
			return c, err
		}
		c.Data = folder
	}
	l := limits.Default()
	l.Queue, l.Jobs, l.MaxJobTime, l.Retention = f.queue, f.jobs, f.maxJobTime, f.retention
	for _, size := range []struct {
		flag, text string
		to         *int64
	}{{"--max-upload", f.maxUpload, &l.MaxUpload}, {"--max-disk", f.maxDisk, &l.MaxDisk}} {
		if size.text == "" {
			continue
		}
		bytes, err := humanize.ParseBytes(size.text)
		if err != nil || bytes == 0 || bytes > 1<<50 {
			return c, usagef("%s is a size such as 200MB, not %q", size.flag, size.text)
		}
		*size.to = int64(bytes)
	}
	var err error
	if l.MaxPixels, err = tokens.ParsePixels(f.maxPixels); err != nil {
		return c, usagef("--max-pixels %s: %w", f.maxPixels, err)
	}
	if l.MaxPixelsIn, err = tokens.ParsePixels(f.maxPixelsIn); err != nil {
		return c, usagef("--max-pixels-in %s: %w", f.maxPixelsIn, err)
	}
	if f.jobs < 1 || f.queue < 1 || f.retention <= 0 || f.grace < 0 || f.maxJobTime <= 0 {
		return c, usagef("--jobs, --queue, --retention and --max-job-time are more than nothing, --grace is not less")
	}
	c.Limits = l
	memory, err := parseMemory(f.memory)
	if err != nil {
		return c, err
	}
	if f.threads != 0 {
		if err := checkThreads(f.threads); err != nil {
			return c, err
		}
	}
	c.Budget = newBudget(memory, f.threads, besidesServing)
	c.Cluster, err = f.cluster.config()
	return c, err
}

// dataFolder is where the server keeps what it has if it is not told.
func dataFolder() (string, error) {
	if state := os.Getenv("STATE_DIRECTORY"); state != "" { // systemd's
		return state, nil
	}
	if state := os.Getenv("XDG_STATE_HOME"); state != "" {
		return filepath.Join(state, "classsr"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", usagef("no folder of the user's is known: say where to keep what the server has, by --data")
	}
	return filepath.Join(home, ".local", "state", "classsr"), nil
}

func pixelsText(n int64) string { return fmt.Sprintf("%dMP", n/1e6) }
