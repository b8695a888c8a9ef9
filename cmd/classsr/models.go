package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"classsr"
	"classsr/arch"
	"classsr/fault"
)

func newModels(std streams) *cobra.Command {
	var asJSON bool
	list := func(*cobra.Command, []string) error { return listModels(std, asJSON) }
	cmd := &cobra.Command{
		Use:   "models",
		Short: "List the built-in models, or describe a model or an architecture",
		Args:  cobra.NoArgs,
		RunE:  list,
	}
	cmd.PersistentFlags().BoolVar(&asJSON, "json", false, "print one JSON object for each model")
	cmd.AddCommand(&cobra.Command{Use: "list", Short: "List the built-in models", Args: cobra.NoArgs, RunE: list})
	cmd.AddCommand(&cobra.Command{
		Use:   "show NAME|FILE",
		Short: "Describe a built-in model or a model file",
		Args:  cobra.ExactArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return classsr.Names(), cobra.ShellCompDirectiveDefault
		},
		RunE: func(_ *cobra.Command, args []string) error {
			model, err := classsr.Open(args[0])
			if err != nil {
				return err
			}
			return showInfo(std, model.Info(), asJSON)
		},
	})
	cmd.AddCommand(newModelsArch(std, &asJSON))
	return cmd
}

func newModelsArch(std streams, asJSON *bool) *cobra.Command {
	scale := 4
	cmd := &cobra.Command{
		Use:       "arch NET",
		Short:     "Describe an architecture at the widths of the paper, and what a 32x32 patch costs",
		Args:      cobra.ExactArgs(1),
		ValidArgs: arch.SRNames(),
		RunE: func(_ *cobra.Command, args []string) error {
			info, err := classsr.ArchitectureInfo(args[0], scale)
			if err != nil {
				return fault.As(fault.Usage, err)
			}
			return showInfo(std, info, *asJSON)
		},
	}
	cmd.Flags().IntVarP(&scale, "scale", "s", scale, "scale `N` of the network")
	return cmd
}

func listModels(std streams, asJSON bool) error {
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	if !asJSON {
		_, _ = fmt.Fprintln(table, "NAME\tSCALE\tKIND\tBRANCHES\tPARAMETERS\tLICENCE") // a failed write shows in Flush
	}
	for _, name := range classsr.Names() {
		model, err := classsr.Open(name)
		if err != nil {
			return err
		}
		info := model.Info()
		if asJSON {
			if err := json.NewEncoder(std.out).Encode(info); err != nil {
				return err
			}
			continue
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\n", info.Name, scalesOf(info), orDash(kindOf(info)), orDash(branchesOf(info)),
			info.Params, orDash(info.Licence))
	}
	return table.Flush()
}

// scalesOf lists the enlargements of a model.
func scalesOf(info classsr.Info) string {
	var texts []string
	for _, s := range info.Scales {
		texts = append(texts, fmt.Sprint("x", s))
	}
	if len(texts) == 0 {
		return fmt.Sprint("x", info.Scale)
	}
	return strings.Join(texts, " ")
}

// kindOf is which pictures a model was trained for, and whether it is one for those in a hurry.
func kindOf(info classsr.Info) string {
	kind := string(info.Kind)
	if info.Fast {
		kind += ", fast"
	}
	return kind
}

// branchesOf lists the networks of a model, the simplest first: "span 16, 32, 48".
func branchesOf(info classsr.Info) string {
	text, last := "", ""
	for _, c := range info.Classes {
		network := cmp.Or(c.Architecture, info.Architecture)
		switch {
		case text == "":
			text = network
		case network == last:
			text += ","
		default:
			text += ", " + network
		}
		if last = network; c.Params > 0 {
			text += fmt.Sprint(" ", c.Width)
		}
	}
	return text
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return printable(s)
}

func showInfo(std streams, info classsr.Info, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(std.out).Encode(info)
	}
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(table, format+"\n", args...) }
	line("%s\t%s, %d parameters", printable(info.Name), scalesOf(info), info.Params)
	if kind := kindOf(info); kind != "" {
		line("kind\t%s", kind)
	}
	if info.Note != "" {
		line("note\t%s", info.Note)
	}
	if info.Denoise {
		line("denoise\tfrom 0, which keeps nearly all noise, to 1, as it is by default")
	}
	if info.Licence != "" {
		line("licence\t%s", printable(info.Licence))
	}
	if info.Provenance != "" {
		line("origin\t%s", printable(info.Provenance))
	}
	if len(info.Classes) > 0 {
		line("\nCLASS\tWIDTH\tPARAMETERS\tMACS A PATCH\tPAPER FLOPS A PATCH")
	}
	for _, c := range info.Classes {
		width := fmt.Sprint(c.Width)
		if c.Architecture != "" {
			width = c.Architecture
		}
		line("%s\t%s\t%d\t%d\t%d", printable(c.Name), width, c.Params, c.MACsPatch, c.PaperFLOPsPatch)
	}
	if m := info.ClassModule; m != nil {
		line("class module\t\t%d\t%d\t%d", m.Params, m.MACsPatch, m.PaperFLOPsPatch)
	}
	return table.Flush()
}
