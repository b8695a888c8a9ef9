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
	old, err := os.Open(name)
	if err != nil {
		return writeError(name, err)
	}
	defer func() { _ = old.Close() }() // nothing was written
	return atomicfile.Write(name, true, func(w io.Writer) error {
		if _, err := io.WriteString(w, header); err != nil {
			return err
		}
		lines := bufio.NewReaderSize(old, longestLine)
		begun, count := "", 0 // the line of a run of which nothing was written yet; lines about results so far
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				_, err = io.WriteString(w, begun) // a run may have come to no result and no end
				return err
			}
			kind, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			switch kind {
			case "run":
				begun = line
				continue
			case "end":
				if begun != "" { // nothing of that run is left
					begun = ""
					continue
				}
			case "done":
				result, _, ok := parseDone(rest)
				if !ok {
					continue
				}
				if count++; entries[result].line != count {
					continue
				}
			default:
				continue
			}
			if _, err := io.WriteString(w, begun+line); err != nil {
				return err
			}
			begun = ""
		}
	})
}
