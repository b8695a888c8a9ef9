package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"

	"classsr"
	"classsr/internal/kernel"
	"classsr/internal/sysmem"
	"classsr/licences"
	"classsr/models"
)

// version is set when a release is built.
var version = "development"

// versionResult is what version --json prints: what a report about an error needs, and nothing about whose machine it is.
type versionResult struct {
	Version     string            `json:"version"`
	Commit      string            `json:"commit,omitempty"`
	CommitTime  string            `json:"commit_time,omitempty"`
	Modified    bool              `json:"modified,omitempty"` // built from a working tree that was not the commit's
	Go          string            `json:"go"`
	Platform    string            `json:"platform"`
	System      string            `json:"system,omitempty"` // the operating system and its version
	CPU         string            `json:"cpu,omitempty"`
	Kernel      string            `json:"kernel"`
	Cores       int               `json:"cores"`
	Threads     int               `json:"threads"`
	Memory      int64             `json:"memory,omitempty"` // bytes that the process may use
	MemoryBy    string            `json:"memory_limited_by"`
	Models      string            `json:"models"` // a checksum of the built-in models
	Environment map[string]string `json:"environment,omitempty"`
}

// telling are the variables of the environment that change what the program does and hold no secrets.
var telling = []string{kernel.Environment, "GOMEMLIMIT", "GOGC", "GOMAXPROCS", "GODEBUG"}

// findVersion looks at the program and the machine.
func findVersion() (versionResult, error) {
	name, err := kernel.Select()
	if err != nil {
		return versionResult{}, err
	}
	sum := models.Sum()
	r := versionResult{
		Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, System: systemVersion(), CPU: cpuid.CPU.BrandName,
		Kernel: name, Cores: runtime.NumCPU(), Threads: runtime.GOMAXPROCS(0), Models: hex.EncodeToString(sum[:]), Environment: map[string]string{},
	}
	if r.Memory, r.MemoryBy = sysmem.Tightest(); r.Memory == math.MaxInt64 {
		r.Memory = 0
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				r.Commit = s.Value
			case "vcs.time":
				r.CommitTime = s.Value
			case "vcs.modified":
				r.Modified = s.Value == "true"
			}
		}
	}
	for _, name := range telling {
		if value, ok := os.LookupEnv(name); ok {
			r.Environment[name] = value
		}
	}
	return r, nil
}

func newVersion(std streams) *cobra.Command {
	var asJSON, asLicences bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, and the kernels and threads that are used on this machine",
		Long: "Print the version, and the kernels and threads that are used on this machine. With --json, all that a report about an error needs is\n" +
			"printed: the program's origin, the processor, the system, memory, and the variables that change what the program does.",
		Example: "  classsr version\n  classsr version --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if asLicences {
				return printLicences(std.out)
			}
			r, err := findVersion()
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(std.out).Encode(r)
			}
			_, err = fmt.Fprintf(std.out, "classsr %s (%s, %s)\nkernels: %s, threads: %d\n", r.Version, r.Go, r.Platform, r.Kernel, r.Threads)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object, for reports about errors")
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
