package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"classsr/gpu"
	"classsr/server"
)

// doctorResult is what doctor --json prints.
type doctorResult struct {
	OK       bool             `json:"ok"`
	Findings []server.Finding `json:"findings"`
}

func newDoctor(std streams) *cobra.Command {
	var f serveFlags
	var url string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor [flags of serve]",
		Short: "Look at what the program stands on here, and say what to do",
		Long: "Look at what the program stands on, and `classsr serve` with the same flags: processor, memory, folder, disk, table of jobs, tokens,\n" +
			"certificate, address, limits, clock, what other machines need to help, the terminal, and GPUs. Each line is ok, warn or fail, and\n" +
			"says what to do. The exit code is 1 if one is fail. Nothing is changed.\n" +
			"With --url, a running server is asked instead whether it takes work.",
		Example: "  classsr doctor --listen 0.0.0.0:8443 --token-file tokens\n" +
			"  classsr doctor --url http://127.0.0.1:8080",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.anyFolder = true
			config, err := f.config(std)
			if err != nil {
				return err
			}
			device, err := f.device.asked()
			if err != nil {
				return err
			}
			return examine(cmd.Context(), std, config, device, url, asJSON)
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().StringVar(&url, "url", "", "ask only /readyz of the server at `URL`; with --data or --tls-cert it is known by its certificate")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

// examine prints what is found. With something that fails, it returns errReported.
func examine(ctx context.Context, std streams, config server.Config, device gpu.Options, url string, asJSON bool) error {
	var findings []server.Finding
	if url == "" {
		findings = append(server.Check(config), findTerminal(std).finding(), gpuFinding(ctx, device))
	} else {
		findings = []server.Finding{server.Ready(ctx, config, url)}
	}
	r := doctorResult{Findings: findings, OK: !slices.ContainsFunc(findings, func(one server.Finding) bool { return one.Level == server.Fail })}
	if err := r.print(std, asJSON); err != nil {
		return err
	}
	if !r.OK {
		return errReported
	}
	return nil
}

func (r doctorResult) print(std streams, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(std.out).Encode(r)
	}
	for _, one := range r.Findings {
		line := fmt.Sprintf("%-4s  %s: %s", one.Level, one.Name, one.Text)
		if one.Do != "" {
			line += " -> " + one.Do
		}
		if _, err := fmt.Fprintln(std.out, printable(line)); err != nil {
			return err
		}
	}
	return nil
}
