package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"classsr/client"
)

// askFlags say which server is asked.
type askFlags struct {
	server, tokenFile string
	asJSON            bool
}

func (f *askFlags) add(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.server, "server", "", "ask the server at `URL`, or of a join string (default $"+clusterVariable+", or http://127.0.0.1:8080)")
	flags.StringVar(&f.tokenFile, "token-file", "", "the token for the server is in `FILE`; by default it is $"+tokenVariable)
}

// client is what speaks to the server.
func (f *askFlags) client() (*client.Client, error) {
	address := f.server
	if address == "" {
		address = os.Getenv(clusterVariable)
	}
	if address == "" {
		address = "http://127.0.0.1:8080"
	}
	c, err := f.open(address)
	if err != nil {
		return nil, usagef("--server: %w", err)
	}
	return c, nil
}

func (f *askFlags) open(address string) (*client.Client, error) {
	if strings.HasPrefix(address, "classsr:") {
		return client.Join(address)
	}
	token, err := readToken(f.tokenFile)
	if err != nil {
		return nil, err
	}
	const patience = 5 * time.Second // who asks sits there
	return client.New(address, client.Options{Token: token, Patience: patience})
}

func newCluster(std streams) *cobra.Command {
	var f askFlags
	cmd := &cobra.Command{
		Use: "cluster", Short: "See to the machines that help a server", Args: cobra.NoArgs,
		Long: "See to the machines that help a server which was started with --cluster-listen. A token for `cluster status` and `cluster failed` has\n" +
			"the scope jobs; to release and to drain machines it takes the scope cluster.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }, // so that Args are looked at
	}
	f.add(cmd)
	status := f.command("status", "Show the machines, their speeds and what they do", 0, func(ctx context.Context, c *client.Client, _ []string) error {
		return f.status(ctx, std, c)
	})
	status.Flags().BoolVar(&f.asJSON, "json", false, "print a JSON object")
	failed := f.command("failed", "List jobs that failed on several machines", 0, func(ctx context.Context, c *client.Client, _ []string) error {
		return failedJobs(ctx, std, c)
	})
	retry := f.command("retry JOB...", "Put jobs that failed back into the queue", -1, func(ctx context.Context, c *client.Client, args []string) error {
		for _, id := range args {
			if _, err := c.Retry(ctx, id); err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			std.note("%s is queued again.", id)
		}
		return nil
	})
	release := f.command("release WORKER", "Let a machine join again that gave wrong results", 1, func(ctx context.Context, c *client.Client, args []string) error {
		return c.Release(ctx, args[0])
	})
	drain := f.command("drain WORKER", "Have a machine end when it has done what it computes", 1, func(ctx context.Context, c *client.Client, args []string) error {
		return c.Drain(ctx, args[0])
	})
	cmd.AddCommand(status, failed, retry, release, drain, newNATSConfig(std))
	return cmd
}

// command is one that asks the server something, with so many arguments; -1: at least one.
func (f *askFlags) command(use, short string, arguments int, run func(ctx context.Context, c *client.Client, args []string) error) *cobra.Command {
	args := cobra.ExactArgs(max(arguments, 0))
	if arguments < 0 {
		args = cobra.MinimumNArgs(1)
	}
	return &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		c, err := f.client()
		if err != nil {
			return err
		}
		return run(cmd.Context(), c, args)
	}}
}

// status prints the machines as a table, or as the server tells them.
func (f *askFlags) status(ctx context.Context, std streams, c *client.Client) error {
	all, err := c.Cluster(ctx)
	if err != nil {
		return err
	}
	if f.asJSON {
		return json.NewEncoder(std.out).Encode(all)
	}
	own := 0.0
	for _, w := range all.Workers {
		if w.Here {
			own = w.Speed
		}
	}
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "WORKER\tSTATE\tCORES\tKERNEL\tMEMORY\tSPEED\tDONE\tFAILED\tWRONG\tNOW") // to memory
	for _, w := range all.Workers {
		name, speed := w.ID, fmt.Sprintf("%.2f", w.Speed)
		if w.Here {
			name += " (the server)"
		} else if own > 0 {
			speed += fmt.Sprintf(" (x%.1f)", w.Speed/own)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t%d\t%d\t%d\t%s\n", name, w.State, w.Cores, w.Kernel, humanize.IBytes(uint64(max(w.Memory, 0))), speed, w.Done, w.Failed, w.Wrong,
			doingText(w.Doing))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	line := fmt.Sprintf("%d pictures under way", all.Tasks)
	if all.Tasks > 0 && all.Seconds > 0 {
		line += fmt.Sprintf(", about %s left", (time.Duration(all.Seconds) * time.Second).Round(time.Second))
	}
	line += fmt.Sprintf("; units: %d done, %d failed, of these %d wrong; %d machines lost", all.Done, all.Failed, all.Wrong, all.Lost)
	if all.Blind {
		line += "; the server is cut off from the queue"
	}
	_, err = fmt.Fprintln(std.out, line)
	return err
}

// doingText tells what a machine does for the units that it has.
func doingText(all []client.Doing) string {
	var texts []string
	for _, d := range all {
		text := "rows"
		switch {
		case d.Pictures == 1:
			text = "1 picture"
		case d.Pictures > 1:
			text = fmt.Sprintf("%d pictures", d.Pictures)
		}
		switch d.Stage {
		case "computing":
			text += fmt.Sprintf(" %.0f%%", 100*d.Share)
		case "":
		default:
			text += " " + d.Stage
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// failedJobs lists jobs that failed and can be tried again, with what the machines said.
func failedJobs(ctx context.Context, std streams, c *client.Client) error {
	for j, err := range c.List(ctx) {
		if err != nil {
			return err
		}
		if j.State != client.Failed || len(j.Failures) == 0 {
			continue
		}
		if _, err := fmt.Fprintf(std.out, "%s %s: %s\n", j.ID, j.Name, j.Error.Message); err != nil {
			return err
		}
		for _, f := range j.Failures {
			if _, err := fmt.Fprintf(std.out, "    %s on %s: %s\n", f.Time.Local().Format(time.DateTime), f.Machine, f.Message); err != nil {
				return err
			}
		}
	}
	return nil
}
