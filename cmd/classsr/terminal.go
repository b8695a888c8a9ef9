package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/term"

	"classsr/server"
)

// usualColumns is how wide a terminal is taken for that does not say it.
const usualColumns = 80

// barFits is how many columns the line of progress takes with its bar, in most runs.
const barFits = 60

// terminal is where progress, notes and errors are shown: standard error.
type terminal struct {
	is      bool   // it is a terminal, not a file or a pipe
	columns int    // 0 if it does not say
	coding  string // of its text, as the environment names it, if that is not UTF-8
}

// findTerminal looks at standard error.
func findTerminal(std streams) terminal {
	f, ok := std.err.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return terminal{}
	}
	t := terminal{is: true, coding: otherCoding(runtime.GOOS, os.Getenv)}
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil {
		t.columns = max(0, columns)
	}
	return t
}

// otherCoding is the locale that the environment names, if its text is not UTF-8; else it is empty. On Windows text goes to the console as UTF-16, whatever that is.
func otherCoding(system string, variable func(string) string) string {
	if system == "windows" {
		return ""
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} { // the first that is set counts
		locale := variable(name)
		if locale == "" {
			continue
		}
		if plain := strings.ReplaceAll(strings.ToLower(locale), "-", ""); strings.Contains(plain, "utf8") {
			return ""
		}
		return locale
	}
	return "C, since neither LC_ALL, LC_CTYPE nor LANG is set"
}

// finding is the line of doctor about the terminal. It is never a failure: only what is shown changes, and no result.
func (t terminal) finding() server.Finding {
	f := server.Finding{Name: "terminal", Level: server.OK}
	if !t.is {
		f.Text = "standard error is not one: progress is told in a line now and then, without a bar (-q leaves it out)"
		return f
	}
	columns, width := t.columns, fmt.Sprintf("%d columns", t.columns)
	if columns == 0 {
		columns, width = usualColumns, fmt.Sprintf("a width that it does not tell (%d columns are assumed)", usualColumns)
	}
	text := "UTF-8"
	if t.coding != "" {
		text = "text that is not UTF-8 by the locale (" + t.coding + ")"
	}
	bar := "a bar shows progress"
	if columns < barFits {
		bar = "progress is shown without a bar"
	}
	f.Text = fmt.Sprintf("%s, %s; %s; colours are not used", width, text, bar)
	var do []string
	if t.columns == 0 {
		do = append(do, "`stty cols 120` tells the width, if lines of progress wrap")
	}
	if columns < barFits {
		do = append(do, fmt.Sprintf("make it %d columns wide for the bar", barFits))
	}
	if t.coding != "" {
		do = append(do, "`export LC_ALL=C.UTF-8`, if names of files look wrong")
	}
	if len(do) > 0 {
		f.Level, f.Do = server.Warn, strings.Join(do, "; ")
	}
	return f
}
