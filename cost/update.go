package cost

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"classsr/internal/atomicfile"
	"classsr/internal/regular"
)

// UpdateFile replaces the table of a kernel set in a file (costs.json). The other tables stay, in particular the canonical one: changing it would
// change the classes of pictures.
func UpdateFile(path, set string, costs map[string]Unit) error {
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
	all[set] = costs
	return atomicfile.Write(path, true, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(all)
	})
}
