package cost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"classsr/internal/atomicfile"
	"classsr/internal/regular"
)

// UpdateFile measures the costs of the networks with the kernel set in use and replaces their table in a file (costs.json). The other
// tables stay, in particular the canonical one: changing it would change the classes of pictures.
func UpdateFile(ctx context.Context, path string) error {
	all := map[string]map[string]Unit{}
	data, err := regular.ReadFile(path, 1<<20)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(data, &all); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	set, costs, err := Measure(ctx)
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
