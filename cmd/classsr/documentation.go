//go:build documentation

package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

// The pages of the manual and of the site are made of the commands themselves, by a program that is built for it: what writes them does not go
// into releases.
func init() {
	developers = append(developers, func(root *cobra.Command) {
		root.AddCommand(&cobra.Command{
			Use: "documentation man|markdown FOLDER", Short: "Write a page for each command into a folder", Hidden: true, Args: cobra.ExactArgs(2),
			Long: "Write a page for each command into a folder: of the manual (NAME.1), with the date that $SOURCE_DATE_EPOCH says, or in Markdown (NAME.md).",
			RunE: func(_ *cobra.Command, args []string) error { return document(root, args[0], args[1]) },
		})
	})
}

func document(root *cobra.Command, kind, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	root.DisableAutoGenTag = true
	switch kind {
	case "man":
		escape(root, true)
		return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "classsr " + version, Manual: "classsr"}, folder)
	case "markdown":
		escape(root, false)
		return doc.GenMarkdownTree(root, folder)
	}
	return fmt.Errorf("there are pages of the kinds man and markdown, not %q", kind)
}

// plain keeps the texts of commands from being read as Markdown, which both kinds of pages are made of.
var plain = strings.NewReplacer("*", `\*`, "_", `\_`, "<", `\<`)

// escape changes the texts of a command and of those below it; those of flags, if wanted.
func escape(cmd *cobra.Command, flags bool) {
	cmd.Long = plain.Replace(cmd.Long)
	if flags {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = plain.Replace(f.Usage) })
	}
	for _, below := range cmd.Commands() {
		escape(below, flags)
	}
}
