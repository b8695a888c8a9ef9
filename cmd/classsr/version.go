package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"classsr"

	"github.com/spf13/cobra"

	"classsr/internal/kernel"
	"classsr/licences"
)

// version is set when a release is built.
var version = "development"

// versionResult is what version --json prints.
type versionResult struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Kernel   string `json:"kernel"`
	Threads  int    `json:"threads"`
}

func newVersion(std streams) *cobra.Command {
	var asJSON, asLicences bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, and the kernels and threads that are used on this machine",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if asLicences {
				return printLicences(std.out)
			}
			name, err := kernel.Select()
			if err != nil {
				return err
			}
			r := versionResult{
				Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
				Kernel: name, Threads: runtime.GOMAXPROCS(0),
			}
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						r.Commit = s.Value
					}
				}
			}
			if asJSON {
				return json.NewEncoder(std.out).Encode(r)
			}
			_, err = fmt.Fprintf(std.out, "classsr %s (%s, %s)\nkernels: %s, threads: %d\n", r.Version, r.Go, r.Platform, r.Kernel, r.Threads)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	cmd.Flags().BoolVar(&asLicences, "licences", false, "print the licences of everything that is inside the program")
	return cmd
}

// printLicences prints what those who pass the program on must pass on with it.
func printLicences(out io.Writer) error {
	text := classsr.Notice
	for _, module := range licences.Modules() {
		licence, _ := licences.Text(module) // it is listed, so it is there
		text += fmt.Sprintf("\n---- %s\n\n%s", module, licence)
	}
	_, err := io.WriteString(out, text)
	return err
}
