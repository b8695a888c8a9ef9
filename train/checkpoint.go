package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"classsr/dataset"
	"classsr/fault"
	"classsr/internal/atomicfile"
	"classsr/internal/regular"
	"classsr/internal/sysmem"
	"classsr/tensor"
	"classsr/weights"
)

// CheckpointName is the file in the folder of a run that it can be resumed from.
const CheckpointName = "checkpoint.safetensors"

// What the tensors of a checkpoint are, put before their names.
const (
	checkpointModel   = "model."
	checkpointFirst   = "adam.first."
	checkpointSecond  = "adam.second."
	checkpointAverage = "average."
	checkpointKey     = "classsr_checkpoint"
)

// position says how far a run is, and of what.
type position struct {
	Recipe string `json:"recipe"` // its text
	Data   string `json:"data"`   // identity
	Stage  int    `json:"stage"`  // from 0
	Step   int    `json:"step"`   // done in it
	Log    int64  `json:"log"`    // bytes of the log by then
	// Measuring is set while the validation after the last step is not complete.
	Measuring bool `json:"measuring,omitempty"`
}

// checkpoint is all that a run goes on from.
type checkpoint struct {
	position
	tensors tensor.Set
}

// save writes a checkpoint, which replaces the last one only once it is complete.
func (c *checkpoint) save(folder string) error {
	if err := c.tensors.CheckFinite(); err != nil {
		return fmt.Errorf("the training has diverged: %w; lower the learning rate or set clip", err)
	}
	text, err := json.Marshal(c.position)
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(folder, CheckpointName), true, func(w io.Writer) error {
		return weights.WriteSafetensors(w, c.tensors, map[string]string{checkpointKey: string(text)})
	})
}

// loadCheckpoint reads the checkpoint of a run; nil if there is none. Errors name the file.
func loadCheckpoint(folder string) (*checkpoint, error) {
	path := filepath.Join(folder, CheckpointName)
	f, err := regular.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the checkpoint: %w", err)
	}
	defer func() { _ = f.Close() }() // opened for reading only
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("cannot read the checkpoint: %w", err)
	}
	c, err := readCheckpoint(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("checkpoint %s: %w", path, fault.Default(fault.Damaged, err))
	}
	return c, nil
}

func readCheckpoint(f io.ReaderAt, size int64) (*checkpoint, error) {
	if size > sysmem.Available() {
		return nil, fault.New(fault.TooLarge, "its %d MB do not fit into the memory that the program may use", size/1e6)
	}
	tensors, metadata, err := weights.ReadSafetensors(f, size)
	if err != nil {
		return nil, err
	}
	c := &checkpoint{tensors: tensors}
	if err := json.Unmarshal([]byte(metadata[checkpointKey]), &c.position); err != nil {
		return nil, errors.New("not a checkpoint of a training run")
	}
	return c, tensors.CheckFinite()
}

// fits returns an error unless a run of this recipe and data can go on from the checkpoint.
func (c *checkpoint) fits(r *Recipe, data *dataset.Store) error {
	switch {
	case c.Recipe != r.Text:
		return fault.New(fault.Conflict, "the recipe is not the one that the run was started with; start another run in another folder")
	case !data.Is(c.Data):
		return fault.New(fault.Conflict, "the training data is not the data that the run was started with: it is %s, not %s", data.Identity(), c.Data)
	case c.Stage < 0 || c.Stage > len(r.Stages) || c.Step < 0 || c.Log < 0,
		c.Stage == len(r.Stages) && c.Step > 0, c.Stage < len(r.Stages) && c.Step > r.Stages[c.Stage].Steps:
		return fault.New(fault.Damaged, "%s is damaged: it belongs to no step of the recipe; start the run again in another folder", CheckpointName)
	}
	return nil
}

// state collects the tensors of a run: the parameters, and where a stage is under way its optimizer and running mean.
func state(n *networks, j *job) tensor.Set {
	set := tensor.Set{}
	set.Merge(checkpointModel, n.all())
	if j == nil {
		return set
	}
	set.Merge(checkpointFirst, j.optimizer.first)
	set.Merge(checkpointSecond, j.optimizer.second)
	if j.mean != nil {
		set.Merge(checkpointAverage, j.mean.params)
	}
	return set
}

// restoreInto overwrites the arrays of a set with those of a checkpoint, which has the prefix before their names.
func (c *checkpoint) restoreInto(set tensor.Set, prefix string) error {
	stored := c.tensors.Sub(prefix)
	for _, name := range slices.Sorted(maps.Keys(set)) {
		a := stored[name]
		if len(a.Data) != len(set[name].Data) {
			return fault.New(fault.Damaged, "checkpoint: tensor %q is missing or has another size", prefix+name)
		}
		copy(set[name].Data, a.Data)
	}
	return nil
}
