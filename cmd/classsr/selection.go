package main

import (
	"bufio"
	"os"

	"github.com/spf13/cobra"

	"classsr/pipeline"
	"classsr/pipeline/walk"
)

// selectionFlags are the flags of commands that take files, folders and patterns: which pictures in them are meant.
type selectionFlags struct {
	recursive        bool
	include, exclude []string
}

func (f *selectionFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVarP(&f.recursive, "recursive", "r", false, "search the subfolders of folders, too")
	flags.StringArrayVar(&f.include, "include", nil, "of folders, take only pictures that match this `PATTERN`, such as '*.jpg' or 'raw/**' (may be repeated)")
	flags.StringArrayVar(&f.exclude, "exclude", nil, "of folders, leave out pictures and subfolders that match this `PATTERN` (may be repeated)")
}

// request is what the flags and arguments ask for.
func (f *selectionFlags) request(args []string) (r pipeline.Request, err error) {
	r.Args, r.Recursive = args, f.recursive
	if r.Include, err = walk.NewPatterns(f.include); err != nil {
		return r, usagef("--include %w", err)
	}
	if r.Exclude, err = walk.NewPatterns(f.exclude); err != nil {
		return r, usagef("--exclude %w", err)
	}
	return r, nil
}

// needInput is the check of arguments: one at least, unless a picture comes through a pipe.
func needInput(std *streams) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 && piped(std) {
			return nil
		}
		return cobra.MinimumNArgs(1)(cmd, args)
	}
}

// orPiped are the arguments, or standard input if there are none.
func orPiped(args []string) []string {
	if len(args) == 0 {
		return []string{pipeline.Std}
	}
	return args
}

// piped tells whether something comes through standard input: it is a pipe or a file, and not empty. At a terminal, and where standard input is
// nothing, as under cron, it waits for nobody.
func piped(std *streams) bool {
	f, ok := std.in.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode().IsRegular() {
		return err == nil && info.Size() > 0
	}
	if info.Mode()&os.ModeNamedPipe == 0 {
		return false
	}
	buffered := bufio.NewReader(f)
	std.in = buffered
	_, err = buffered.Peek(1)
	return err == nil
}
