package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"classsr"
	"classsr/internal/atomicfile"
)

// writePages writes all pages that the records are good for.
func writePages(docs string, records map[string]*record) error {
	for name, r := range records {
		if r.Weights == "" {
			continue // an interpolation
		}
		_, err := os.Stat(filepath.Join(docs, "cards", "crops", name+".jpg"))
		if err := writeText(filepath.Join(docs, "cards", name+".md"), writeCard(r, records, err == nil && r.Crops != "")); err != nil {
			return err
		}
	}
	charts, err := writeCharts(docs, records)
	if err != nil {
		return err
	}
	if err := writeText(filepath.Join(docs, "cards", "README.md"), writeIndex(records, charts)); err != nil {
		return err
	}
	return writeText(filepath.Join(docs, "reproduction.md"), writeReproduction(records))
}

func writeText(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, true, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// networks are the records of networks, built-in models first and in their order.
func networks(records map[string]*record) []*record {
	builtin := classsr.Names()
	place := func(r *record) int {
		if i := slices.Index(builtin, r.Name); i >= 0 {
			return i
		}
		return len(builtin)
	}
	var list []*record
	for _, r := range records {
		if r.Weights != "" {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *record) int {
		if d := place(a) - place(b); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list
}
