package journal

import (
	"bufio"
	"io"
	"os"
	"strings"

	"classsr/internal/atomicfile"
)

// spareLines is how many lines about results may be out of date before they are taken out, besides as many as there are others.
const spareLines = 1000

// shorten writes a journal anew, without lines about results that later ones tell of. entries are what it tells.
func shorten(name string, entries map[uint64]Entry) error {
	return atomicfile.Write(name, true, func(w io.Writer) error {
		old, err := os.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = old.Close() }() // nothing was written
		if _, err := io.WriteString(w, header); err != nil {
			return err
		}
		lines, s := bufio.NewReaderSize(old, longestLine), shortener{entries: entries}
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				_, err = io.WriteString(w, s.begun) // a run may have come to no result and no end
				return err
			}
			if _, err := io.WriteString(w, s.kept(line)); err != nil {
				return err
			}
		}
	})
}

// shortener goes through the lines of a journal.
type shortener struct {
	entries map[uint64]Entry
	count   int    // lines about results so far
	begun   string // the line of a run of which nothing was kept yet
}

// kept gives what is kept for the next line.
func (s *shortener) kept(line string) string {
	kind, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	begun := s.begun
	switch kind {
	case "run":
		s.begun = line
		return ""
	case "end":
		s.begun = ""
		if begun != "" {
			return "" // nothing of that run is left
		}
		return line
	case "done":
		result, _, ok := parseDone(rest)
		if !ok {
			return ""
		}
		if s.count++; s.entries[result].line != s.count {
			return ""
		}
		s.begun = ""
		return begun + line
	}
	return ""
}
