// Command cards measures models on the test pictures and writes what it finds: docs/cards (a page for each model and what was measured),
// docs/charts and docs/reproduction.md. It runs `classsr eval --json` for every figure, and keeps its output in docs/cards/data with the
// command, the machine, the date and the version of the program, so that pages are written again without measuring.
//
//	go run ./cards                    measures what is missing of all built-in models, and writes all pages
//	go run ./cards span-x4 mine.pth   the same for these models only; pages of others stay
//	go run ./cards -render            measures nothing
//
// What was measured of a model whose weights or calibration have changed is measured again by itself; after changes of the program, -again
// does that. The folder of test pictures is in the environment variable CLASSSR_SHARED. It trains and tunes nothing.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"classsr"
)

func main() {
	var c command
	flag.StringVar(&c.program, "classsr", "bin/classsr", "the `PROGRAM` that measures")
	flag.StringVar(&c.docs, "docs", "docs", "the `FOLDER` to write to")
	flag.StringVar(&c.work, "work", "build/cards", "a `FOLDER` for LR pictures and pages that are made")
	flag.StringVar(&c.sets, "sets", "", "measure on these `SETS` only, such as set5,2k; by default on all; none draws crops alone")
	flag.BoolVar(&c.render, "render", false, "measure nothing, only write the pages")
	flag.BoolVar(&c.again, "again", false, "measure again what has been measured")
	flag.Parse()
	c.shared = os.Getenv("CLASSSR_SHARED")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := c.run(ctx, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "cards:", err)
		os.Exit(1)
	}
}

// command is what the flags ask for.
type command struct {
	program, docs, work, shared string
	sets                        string
	render, again               bool
}

func (c *command) run(ctx context.Context, models []string) error {
	if err := c.checkSets(); err != nil {
		return err
	}
	if !c.render {
		if c.shared == "" {
			return fmt.Errorf("set CLASSSR_SHARED to the folder that has data/test and data/test-large, or pass -render")
		}
		if len(models) == 0 {
			for _, name := range classsr.Names() {
				if name != classsr.Bicubic {
					models = append(models, name)
				}
			}
		}
		if err := c.measure(ctx, models); err != nil {
			return err
		}
	}
	records, err := loadAll(filepath.Join(c.docs, "cards", "data"))
	if err != nil {
		return err
	}
	return writePages(c.docs, records)
}

// measure measures models, and before them what they are compared with at their scales.
func (c *command) measure(ctx context.Context, models []string) error {
	lab, err := newLab(ctx, c)
	if err != nil {
		return err
	}
	var list []*subject
	known := map[string]bool{}
	add := func(s *subject) {
		if !known[s.name] {
			known[s.name] = true
			list = append(list, s)
		}
	}
	for _, name := range models {
		s, err := newSubject(name)
		if err != nil {
			return err
		}
		for _, b := range baselines(s.scale) {
			add(b)
		}
		add(s)
	}
	for _, s := range list {
		if err := lab.measure(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// checkSets finds sets that do not exist.
func (c *command) checkSets() error {
	known := []string{"none"} // crops alone
	for _, s := range testSets() {
		known = append(known, s.id)
	}
	for _, id := range c.setList() {
		if !slices.Contains(known, id) {
			return fmt.Errorf("-sets: there is no set %q; there are %s", id, strings.Join(known, ", "))
		}
	}
	return nil
}

func (c *command) setList() []string {
	if c.sets == "" {
		return nil
	}
	return strings.Split(c.sets, ",")
}

// wanted tells whether a set of test pictures is asked for.
func (c *command) wanted(id string) bool { return c.sets == "" || slices.Contains(c.setList(), id) }
