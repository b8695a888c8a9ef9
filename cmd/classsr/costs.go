package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"classsr"
	"classsr/internal/atomicfile"
)

// updateCosts measures the costs of the networks with the kernel set in use and puts them into a file, whose other sets stay.
func updateCosts(ctx context.Context, path string) error {
	all := map[string]map[string]any{}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(data, &all); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	set, costs, err := classsr.MeasureCosts(ctx)
	if err != nil {
		return err
	}
	all[set] = costs
	return atomicfile.Write(path, true, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(all)
	})
}
