package train

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"classsr/arch"
	"classsr/degrade"
	"classsr/fault"
	"classsr/internal/regular"
	"classsr/weights"
)

// Recipe says how a ClassSR model is trained: its networks and a list of stages, which run one after another.
type Recipe struct {
	Name     string         `yaml:"name"`
	Network  string         `yaml:"network"` // architecture of the branches that do not name theirs
	Scale    int            `yaml:"scale"`
	Branches []BranchRecipe `yaml:"branches"` // the simplest first; two to five
	// BatchNorm normalises the fusions of all CARNs, as the paper's code does; without it they have biases, as CARN's own authors have
	// them.
	BatchNorm bool    `yaml:"batch_norm"`
	Seed      uint64  `yaml:"seed"`
	InitGain  float64 `yaml:"init_gain"` // factor of random weights; default 0.1, as in the paper's code
	// ClassModuleGain is the same of the Class-Module's; default InitGain. With 0.1 its first results hardly depend on the patch, and it
	// takes thousands of steps before they do.
	ClassModuleGain float64   `yaml:"class_module_gain"`
	Loss            PixelLoss `yaml:"loss"` // l1 (default), l2, charbonnier
	// Start is a model, built in or a file, whose branches and Class-Module are trained on. Stages may start branches otherwise.
	Start string `yaml:"start"`
	// Degradation is how the LR pictures of the data must be degraded; nil if it does not matter.
	Degradation *degrade.Degradation `yaml:"degradation"`
	Validation  Validation           `yaml:"validation"`
	Checkpoint  int                  `yaml:"checkpoint"` // steps from one to the next; default 1000
	Licence     string               `yaml:"licence"`    // of the model, for its file
	Provenance  string               `yaml:"provenance"` // the same; what is left empty is written by the program
	Stages      []Stage              `yaml:"stages"`
	// Text is what the recipe was read from.
	Text string `yaml:"-"`
}

// BranchRecipe is a branch of the model.
type BranchRecipe struct {
	Network string `yaml:"network"` // its architecture; default: the recipe's
	Width   int    `yaml:"width"`
	// Depth and Blocks are those of arch.Spec, such as the residual groups of RCAN and the blocks in each; default: the architecture's own.
	Depth   int  `yaml:"depth"`
	Blocks  int  `yaml:"blocks"`
	Bicubic bool `yaml:"bicubic"` // plain interpolation, which costs nothing and learns nothing
}

// Validation says what is measured while training goes on.
type Validation struct {
	Folder   string `yaml:"folder"`   // of HR pictures; nothing is measured without one
	Every    int    `yaml:"every"`    // steps from one to the next; default 1000
	Pictures int    `yaml:"pictures"` // the first of the folder; default 5
	Judge    string `yaml:"judge"`    // model, built in or a file, that finds how difficult their patches are; default: the data's
}

// What a stage trains.
const (
	TrainBranch      = "branch"
	TrainClassModule = "class-module"
	TrainJoint       = "joint"
)

// Which patches a branch is trained on.
const (
	PatchesOwn = "own" // those as difficult as its class is for
	PatchesAll = "all"
)

// Stage is one stage of the training. Numbers that are left out are the paper's.
type Stage struct {
	Train   string      `yaml:"train"`   // branch, class-module (branches frozen) or joint
	Branch  int         `yaml:"branch"`  // which one, from 1
	Patches string      `yaml:"patches"` // own (default) or all; for branches
	Start   StageStart  `yaml:"start"`   // of a branch; default: as earlier stages left it, or at random
	Teacher *Teacher    `yaml:"teacher"` // of a branch
	Loss    PixelLoss   `yaml:"loss"`    // default: the recipe's
	Steps   int         `yaml:"steps"`
	Batch   int         `yaml:"batch"`
	Chunk   int         `yaml:"chunk"`             // patches that go through the branches at a time, which changes memory alone; 16
	Rate    float64     `yaml:"learning_rate"`     //
	RateEnd float64     `yaml:"learning_rate_end"` // default 1e-7
	Warmup  int         `yaml:"warmup"`            // steps in which the learning rate rises
	Periods []int       `yaml:"periods"`           // of the cosine, in steps; default: the stage's length
	Betas   [2]float64  `yaml:"betas"`
	Weights LossWeights `yaml:"loss_weights"`   // of class-module and joint
	Clip    float64     `yaml:"clip"`           // largest norm of the gradients; 0: no limit
	Average float64     `yaml:"weight_average"` // share that the running mean of the weights keeps at a step, such as 0.999; 0: none
}

// StageStart says what a branch or the Class-Module starts from.
type StageStart struct {
	Slice int `yaml:"slice"` // the number of a wider branch, from 1
	// Widen is the number of a narrower branch of the same network, from 1, or a model, built in or a file, of which one is narrower: the
	// branch begins by computing the same.
	Widen  string `yaml:"widen"`
	Model  string `yaml:"model"`  // a model, built in or a file: one of its branches, or in a Class-Module's stage its Class-Module
	Branch int    `yaml:"branch"` // of the model, from 1; default: the last one, of full width
}

// widens gives the number of the branch that is to be widened, or 0 if it is a model.
func (s StageStart) widens() int {
	number, err := strconv.Atoi(s.Widen)
	if err != nil {
		return 0
	}
	return number
}

// Teacher is a network whose results a branch learns beside HR.
type Teacher struct {
	Model  string  `yaml:"model"`  // a model, built in or a file; default: the one that is trained
	Branch int     `yaml:"branch"` // of it, from 1; of another model by default the last one, of full width
	Weight float64 `yaml:"weight"` // of the loss against it; HR has the rest
}

//go:embed recipes/*.yaml
var recipeFiles embed.FS

// RecipeNames lists the recipes inside the program.
func RecipeNames() []string {
	entries, err := recipeFiles.ReadDir("recipes")
	if err != nil {
		panic("train: no recipes inside the program")
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".yaml")
	}
	return names
}

// BuiltinRecipe gives the text of a recipe inside the program.
func BuiltinRecipe(name string) (string, bool) {
	text, err := recipeFiles.ReadFile(path.Join("recipes", name+".yaml"))
	return string(text), err == nil
}

// maxRecipe bounds the size of a recipe's file, in bytes.
const maxRecipe = 1 << 20

// LoadRecipe reads a recipe: one inside the program by its name, or a file of at most 1 MB. Errors name it.
func LoadRecipe(nameOrPath string) (*Recipe, error) {
	text, ok := BuiltinRecipe(nameOrPath)
	if !ok {
		b, err := regular.ReadFile(nameOrPath, maxRecipe)
		if errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(nameOrPath, `./\`) {
			return nil, fault.New(fault.NotFound, "no recipe named %q; the built-in recipes are %s; give a recipe file by its path",
				nameOrPath, strings.Join(RecipeNames(), ", "))
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read the recipe: %w", err)
		}
		text = string(b)
	}
	r, err := ParseRecipe(text)
	if err != nil {
		return nil, fmt.Errorf("recipe %s: %w", nameOrPath, err)
	}
	return r, nil
}

// ParseRecipe reads a recipe from YAML and fills in what it leaves out. A key that is not known is an error, so that a misspelt one
// does not go unseen.
func ParseRecipe(text string) (*Recipe, error) {
	r, err := parseRecipe(text)
	return r, fault.Default(fault.Usage, err)
}

func parseRecipe(text string) (*Recipe, error) {
	r := &Recipe{Text: text, Loss: L1, Checkpoint: 1000, Seed: 1, InitGain: arch.PaperGain}
	decoder := yaml.NewDecoder(strings.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(r); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it is empty")
		}
		return nil, fmt.Errorf("%s", bytes.ReplaceAll([]byte(err.Error()), []byte("\n"), []byte(";")))
	}
	r.setDefaults()
	return r, r.check()
}

func (r *Recipe) setDefaults() {
	setDefault(&r.ClassModuleGain, r.InitGain)
	setDefault(&r.Validation.Every, 1000)
	setDefault(&r.Validation.Pictures, 5)
	if r.Degradation != nil {
		r.Degradation.SetDefaults()
	}
	for i := range r.Branches {
		if b := &r.Branches[i]; !b.Bicubic {
			setDefault(&b.Network, r.Network)
		}
	}
	for i := range r.Stages {
		s := &r.Stages[i]
		setDefault(&s.Patches, PatchesOwn)
		setDefault(&s.Loss, r.Loss)
		setDefault(&s.Batch, 16)
		setDefault(&s.RateEnd, min(1e-7, s.Rate))
		setDefault(&s.Betas, [2]float64{0.9, 0.99})
		setDefault(&s.Chunk, 16)
		if s.Train == TrainBranch || s.Batch%s.Chunk != 0 {
			s.Chunk = s.Batch
		}
		if len(s.Periods) == 0 {
			s.Periods = []int{max(s.Steps, 1)}
		}
		setDefault(&s.Weights, LossWeights{Pixel: 1000, Class: 0.5, Average: 3})
	}
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// normalised is the architecture that has a form with BatchNorm.
const normalised = "carn"

// isNetwork tells whether a number from 1 is that of a branch that learns.
func (r *Recipe) isNetwork(number int) bool {
	return number >= 1 && number <= len(r.Branches) && !r.Branches[number-1].Bicubic
}

// spec is the network of branch i, from 0.
func (r *Recipe) spec(i int) (arch.Spec, error) {
	b := r.Branches[i]
	if b.Bicubic {
		b = r.Branches[len(r.Branches)-1]
	}
	if b.Network == "" {
		return arch.Spec{}, fmt.Errorf("number %d has no network, and the recipe names none for all", i+1)
	}
	spec, err := arch.Paper(b.Network, r.Scale, b.Width)
	if err != nil {
		return arch.Spec{}, err
	}
	spec.BatchNorm = r.BatchNorm && b.Network == normalised
	for _, f := range []struct {
		name     string
		own, set *int
	}{{"depth", &spec.Depth, &b.Depth}, {"blocks", &spec.Blocks, &b.Blocks}} {
		if *f.set == 0 {
			continue
		}
		if *f.own == 0 {
			return arch.Spec{}, fmt.Errorf("number %d: %s has no %s to set", i+1, b.Network, f.name)
		}
		*f.own = *f.set
	}
	if err := spec.Check(); err != nil {
		return arch.Spec{}, err
	}
	if r.Branches[i].Bicubic {
		spec = arch.Interpolation(spec)
	}
	return spec, nil
}

// className is the name of the class of a branch, from 0.
func (r *Recipe) className(i int) string { return weights.ClassNames(len(r.Branches))[i] }

// title names a stage in messages.
func (r *Recipe) title(s Stage) string {
	if s.Train == TrainBranch {
		return s.Train + " " + r.className(s.Branch-1)
	}
	return s.Train
}
