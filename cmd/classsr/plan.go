package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"classsr"
	"classsr/imageio"
)

// planFlags are the flags of the plan command.
type planFlags struct {
	modelFlags
	json bool
}

// planned is the forecast for one way to enlarge a picture.
type planned struct {
	classsr.Forecast
	Budget float64 `json:"budget,omitempty"`
}

// planResult is what plan --json prints for a picture.
type planResult struct {
	Input     string    `json:"input"`
	Width     int       `json:"width"`
	Height    int       `json:"height"`
	Model     string    `json:"model"`
	Scale     int       `json:"scale"`
	Forecasts []planned `json:"forecasts"`
}

// plannedBudgets are the budgets, in percent, that are foretold where no way is asked for.
var plannedBudgets = []float64{80, 60, 40, 20}

func newPlan(io streams) *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan [flags] INPUT...",
		Short: "Foretell what enlarging pictures takes",
		Long: "Foretell what enlarging pictures takes, without enlarging them: the classes of their content, multiply-accumulates, seconds\n" +
			"of the networks on this machine, and memory. All modes and some budgets are compared, unless --mode, --budget, --max-time\n" +
			"or --quality asks for one.",
		Example: "  classsr plan photo.jpg\n  classsr plan --budget 50 --json scans/",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, io, args) },
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object for each picture")
	return cmd
}

func (f *planFlags) run(cmd *cobra.Command, io streams, args []string) error {
	options, err := f.options(cmd)
	if err != nil {
		return err
	}
	model, err := f.open(cmd)
	if err != nil {
		return err
	}
	ups, err := waysToPlan(model, options)
	if err != nil {
		return usageError{err}
	}
	inputs, failed := expand(args)
	for _, err := range failed {
		io.report(err)
	}
	if len(inputs) == 0 && len(failed) == 0 {
		return errors.New("there is nothing to plan")
	}
	for _, input := range inputs {
		result, err := planOne(cmd.Context(), io, model, ups, input)
		if cmd.Context().Err() != nil {
			return cmd.Context().Err()
		}
		if err != nil {
			io.report(err)
			failed = append(failed, err)
			continue
		}
		if err := f.print(io, result); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return errReported
	}
	return nil
}

// wayToPlan is one way to enlarge a picture.
type wayToPlan struct {
	up     *classsr.Upscaler
	budget float64
}

// waysToPlan lists the way that is asked for, or all that there are.
func waysToPlan(model *classsr.Model, o classsr.Options) ([]wayToPlan, error) {
	asked := []classsr.Options{o}
	if o.Mode == "" && o.Budget == 0 && o.MaxTime == 0 && o.Quality == 0 {
		asked = nil
		add := func(mode string, budget float64) {
			way := o
			way.Mode, way.Budget = mode, budget
			if mode != classsr.ModeRouted {
				way.Router = ""
			}
			asked = append(asked, way)
		}
		add(classsr.ModeFull, 0)
		if model.HasClasses() {
			add(classsr.ModeRouted, 0)
			for _, budget := range plannedBudgets {
				add(classsr.ModeRouted, budget)
			}
			for k := range model.Info().Classes {
				add(fmt.Sprint("branch=", k+1), 0)
			}
			add(classsr.ModePaper, 0)
		}
	}
	var ways []wayToPlan
	for _, way := range asked {
		up, err := model.Upscaler(way)
		if err != nil {
			return nil, err
		}
		ways = append(ways, wayToPlan{up, way.Budget})
	}
	return ways, nil
}

// planOne foretells all ways for a picture. Pictures that are too small for the paper's mode go without it.
func planOne(ctx context.Context, s streams, model *classsr.Model, ways []wayToPlan, input string) (*planResult, error) {
	decoded, err := decode(s.in, input, imageio.Limits{})
	if err != nil {
		return nil, err
	}
	p := decoded.Picture
	r := &planResult{Input: input, Width: p.Width, Height: p.Height, Model: model.Name(), Scale: ways[0].up.Scale()}
	for _, way := range ways {
		forecast, err := way.up.Forecast(ctx, p)
		if err != nil {
			if way.up.Mode() == classsr.ModePaper && len(ways) > 1 && ctx.Err() == nil {
				continue
			}
			return nil, fmt.Errorf("%s: %w", input, err)
		}
		r.Forecasts = append(r.Forecasts, planned{forecast, way.budget})
	}
	return r, nil
}

func (f *planFlags) print(io streams, r *planResult) error {
	if f.json {
		return json.NewEncoder(io.out).Encode(r)
	}
	if _, err := fmt.Fprintf(io.out, "%s: %dx%d, %s x%d\n", r.Input, r.Width, r.Height, r.Model, r.Scale); err != nil {
		return err
	}
	table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "MODE\tSECONDS\tMACS\tMEMORY\tCLASSES") // a failed write shows in Flush
	for _, p := range r.Forecasts {
		mode := p.Mode
		if p.Budget > 0 {
			mode += fmt.Sprintf(" --budget %g", p.Budget)
		}
		var shares []string
		for _, c := range p.Classes {
			if c.Share > 0 {
				shares = append(shares, fmt.Sprintf("%s %.0f %%", c.Name, 100*c.Share))
			}
		}
		if p.FullBecause != "" {
			shares = append(shares, "("+p.FullBecause+")")
		}
		percent := 0.0
		if p.MACsFull > 0 {
			percent = 100 * float64(p.MACs) / float64(p.MACsFull)
		}
		_, _ = fmt.Fprintf(table, "%s\t%.3g\t%.0f %%\t%d MB\t%s\n", mode, p.Seconds, percent, p.MemoryMB, strings.Join(shares, ", "))
	}
	return table.Flush()
}
