package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"classsr/gpu"
	"classsr/server"
)

// devicesResult is what devices --json prints.
type devicesResult struct {
	Devices []gpu.Known `json:"devices"`           // the one that is used first
	Because string      `json:"because,omitempty"` // there are none
}

func newDevices(std streams) *cobra.Command {
	var asJSON, test, half bool
	cmd := &cobra.Command{
		Use:   "devices",
		Short: "List the GPUs that can enlarge pictures, or say why there are none",
		Long: "List the GPUs that Vulkan knows on this machine, the one that --device gpu uses first, and what came of its test. A GPU is tested against the\n" +
			"processor before it is used for the first time, and again when its driver or this program is another one.\n" +
			"GPUs need the program classsr-gpu beside classsr or in the PATH (or where $" + gpu.HelperVariable + " says).",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := listDevices(cmd.Context(), gpuOptions(half), test)
			if err != nil {
				return err
			}
			return r.print(std, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	cmd.Flags().BoolVar(&test, "test", false, "test the first one now, whatever is remembered")
	registerHalf(cmd.Flags(), &half)
	return cmd
}

// listDevices lists devices, and tests the first one before, if that is asked for.
func listDevices(ctx context.Context, o gpu.Options, test bool) (r devicesResult, err error) {
	r.Devices = []gpu.Known{}
	if test {
		o.Again = true
		d, err := gpu.Open(ctx, o)
		if err == nil {
			d.Close()
		}
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
	}
	known, err := gpu.Devices(ctx, o)
	switch {
	case ctx.Err() != nil:
		return r, ctx.Err()
	case err != nil:
		r.Because = err.Error()
	case len(known) == 0:
		r.Because = "Vulkan knows no device here"
	default:
		r.Devices = known
	}
	return r, nil
}

func (r devicesResult) print(std streams, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(std.out).Encode(r)
	}
	if len(r.Devices) == 0 {
		_, err := fmt.Fprintln(std.out, printable("no GPU: "+r.Because))
		return err
	}
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "NAME\tKIND\tMEMORY\tDRIVER\tTEST") // a failed write shows in Flush
	for _, d := range r.Devices {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", printable(d.Name), printable(d.Kind), humanize.Bytes(uint64(max(d.Memory, 0))), printable(d.Driver),
			printable(verdictText(d)))
	}
	return table.Flush()
}

// verdictText says what came of a test.
func verdictText(d gpu.Known) string {
	switch {
	case !d.Tested:
		return "at first use"
	case d.Verdict.Passed:
		text := fmt.Sprintf("passed, %.3g GMAC/s", d.Verdict.Speed.MACs/1e9)
		if d.Verdict.Matrices {
			text += ", by products of matrices"
		}
		if why := d.Verdict.NoMatrices; why != "" {
			text += ", without products of matrices: " + why
		}
		return text
	}
	return "not used: " + d.Verdict.Reason
}

// gpuFinding is the line of doctor about GPUs. It is never a failure: the processor does it.
func gpuFinding(ctx context.Context, o gpu.Options) server.Finding {
	r, err := listDevices(ctx, o, false)
	f := server.Finding{Name: "GPU", Level: server.OK}
	switch {
	case err != nil:
		f.Text = "not looked for: " + err.Error()
	case len(r.Devices) == 0:
		f.Text = "none, so the processor computes: " + r.Because
	default:
		first := r.Devices[0]
		test, where := verdictText(first), "used with --device gpu or auto"
		if !first.Tested {
			test = "not tested yet"
		}
		if first.Kind == gpu.InProcessor {
			where = "which is the processor itself, so --device auto leaves it alone"
		}
		f.Text = first.Name + " (" + test + "), " + where
		if first.Tested && !first.Verdict.Passed {
			f.Level, f.Do = server.Warn, "update its driver, and try it by `classsr devices --test`"
		}
	}
	return f
}
