package pipeline

import (
	"cmp"
	"slices"

	"classsr"
	"classsr/fault"
	"classsr/imageio"
	"classsr/infer"
	"classsr/models"
)

// Models are what pictures are enlarged with: one model at all its scales, or built-in ones, each picture by the one that suits it. They are
// opened when they are needed, and kept. It is for one goroutine.
type Models struct {
	// Tell, if not nil, is told in one line what a user may not expect of the choice of a model, of each matter once.
	Tell func(text string)

	options classsr.Options
	classes bool           // the options need classes
	only    *classsr.Model // nil for the built-in ones
	choice  Choice
	shelf   *Shelf // nil where what is opened is for these pictures only
	opened  map[string]*classsr.Model
	ready   map[atScale]*classsr.Upscaler
	told    map[string]bool
}

// atScale is a model at a scale.
type atScale struct {
	model string
	scale int
}

// Choice says which of the built-in models enlarge pictures.
type Choice struct {
	// Kind is the kind of the models. It is empty for the one that suits each picture: photo for JPEGs of a quality below models.PhotoBelow, clean for
	// all others.
	Kind classsr.Kind
	Fast bool
	// Denoise, if not nil, is how strongly noise is removed, 0 to 1; only models of kind real have such a choice.
	Denoise *float64
}

// NewModels makes Models of one model that work by the options, whose Scale is ignored. It returns an error of kind fault.Usage if the model
// cannot do what the options ask for.
func NewModels(only *classsr.Model, o classsr.Options) (*Models, error) {
	m := newModels(o)
	m.only = only
	_, err := m.upscaler(only, only.Scales()[0])
	return m, err
}

// NewChoice makes Models of the built-in ones that work by the options, whose Scale is ignored. Options that need classes choose models with
// classes. It returns an error of kind fault.Usage if Denoise cannot be what it is.
func NewChoice(c Choice, o classsr.Options) (*Models, error) {
	m := newModels(o)
	if m.choice = c; c.Denoise != nil && c.Kind != models.Real {
		return nil, fault.New(fault.Usage, "how strongly noise is removed can be chosen for models of kind %s only", models.Real)
	}
	return m, nil
}

func newModels(o classsr.Options) *Models {
	return &Models{options: o, classes: needsClasses(o), opened: map[string]*classsr.Model{}, ready: map[atScale]*classsr.Upscaler{}, told: map[string]bool{}}
}

// inFull gives the same models with full-width networks over whole pictures.
func (m *Models) inFull() *Models {
	full := *m
	full.options.Mode, full.options.Router, full.ready = classsr.ModeFull, "", map[atScale]*classsr.Upscaler{}
	return &full
}

// interpolates tells that there is no network: any size is reached in one go.
func (m *Models) interpolates() bool { return m.only != nil && m.only.Name() == classsr.Bicubic }

// usual is what is used for pictures whose files say nothing else.
func (m *Models) usual() suited {
	kind := m.choice.Kind
	if kind == "" {
		kind = models.Clean
	}
	return suited{Models: m, wanted: m.wanted(kind)}
}

// First gives the model that enlarges pictures by a scale, or by the usual one if that is 0, if their files say nothing else. Tell is told of it.
func (m *Models) First(scale int) (*classsr.Model, error) {
	scale = cmp.Or(scale, m.Scale())
	s := m.usual()
	model, err := s.open(0, scale)
	if err == nil {
		s.explain(model, scale, scale, "")
	}
	return model, err
}

// Check returns an error of kind fault.Usage if what First gives cannot do what the options ask for.
func (m *Models) Check(scale int) error {
	model, err := m.First(scale)
	if err == nil {
		_, err = m.upscaler(model, cmp.Or(scale, m.Scale()))
	}
	return err
}

// Names names the models among which the files of pictures choose, for a scale, or for the usual one if that is 0.
func (m *Models) Names(scale int) string {
	if m.only != nil {
		return m.only.Name()
	}
	usual, _ := models.Choose(cmp.Or(scale, m.Scale()), m.usual().wanted)
	photo, ok := models.Choose(cmp.Or(scale, m.Scale()), m.wanted(models.Photo))
	if m.choice.Kind != "" || !ok || photo.Name == usual.Name {
		return usual.Name
	}
	return usual.Name + " or " + photo.Name
}

// Scale is how many times pictures are enlarged if nobody says so.
func (m *Models) Scale() int {
	if m.only != nil {
		return m.only.Scales()[0]
	}
	if first, _ := m.usual().scales(); len(first) > 0 && !slices.Contains(first, usualScale) {
		return slices.Max(first)
	}
	return usualScale
}

// usualScale is the enlargement that most people expect.
const usualScale = 4

// Enlarges tells whether pictures can be enlarged just so many times, without being resized.
func (m *Models) Enlarges(scale int) bool {
	if m.only != nil {
		return slices.Contains(m.only.Scales(), scale)
	}
	w := m.usual().wanted
	b, ok := models.Choose(scale, w)
	return ok && (w.Kind != models.Real || b.Kind == models.Real)
}

// wanted is what is wanted of the models of a kind. Whoever wants one that invents texture, which has no classes, is told so.
func (m *Models) wanted(kind models.Kind) models.Wanted {
	return models.Wanted{Kind: kind, Fast: m.choice.Fast, Classes: m.classes && kind != models.Real}
}

// needsClasses tells whether the options ask for something that only models with classes have.
func needsClasses(o classsr.Options) bool {
	return o.Budget > 0 || o.MaxTime > 0 || o.Quality > 0 || o.Router != "" || o.Mode == infer.ModeRouted || o.Branch > 0
}

// named opens the built-in model of a name.
func (m *Models) named(name string) (*classsr.Model, error) {
	if model := m.opened[name]; model != nil {
		return model, nil
	}
	model, err := m.shelf.open(name, m.denoise(name))
	if err == nil {
		m.opened[name] = model
	}
	return model, err
}

// denoise is how strongly the model of a name is to remove noise; nil if it has no such choice, or nothing was chosen.
func (m *Models) denoise(name string) *float64 {
	if m.only != nil {
		return m.choice.Denoise // with which it was made
	}
	if b, ok := models.Find(name); !ok || !b.Denoise {
		return nil
	}
	return m.choice.Denoise
}

// upscaler gives an Upscaler of a model at a scale.
func (m *Models) upscaler(model *classsr.Model, scale int) (*classsr.Upscaler, error) {
	key := atScale{model.Name(), scale}
	if up := m.ready[key]; up != nil {
		return up, nil
	}
	o := m.options
	o.Scale = scale
	up, err := m.shelf.upscaler(model, m.denoise(model.Name()), o)
	if err == nil {
		m.ready[key] = up
	}
	return up, err
}

// suited are the models for one picture.
type suited struct {
	*Models
	wanted models.Wanted
	jpeg   int // the quality of a JPEG that a photo model was found to suit; else 0
}

// suit finds what suits a picture.
func (m *Models) suit(c imageio.Config) suited {
	s := m.usual()
	photo := m.wanted(models.Photo)
	if m.only == nil && m.choice.Kind == "" && c.Quality > 0 && c.Quality < models.PhotoBelow && models.Has(models.Photo) {
		s.wanted, s.jpeg = photo, c.Quality
	}
	return s
}

// scales lists the enlargements on offer where results are resized: for the first pass, and for a second one.
func (s suited) scales() (first, second []int) {
	switch {
	case s.interpolates():
		return nil, nil
	case s.only != nil:
		return s.only.Scales(), s.only.Scales()
	}
	return models.Scales(s.wanted), models.Scales(s.later())
}

// later is what is wanted for a second pass, whose pictures come from a network and are clean.
func (s suited) later() models.Wanted { return s.Models.wanted(models.Clean) }

// open opens the model of a pass, counted from 0, for a scale that is on offer.
func (s suited) open(pass, scale int) (*classsr.Model, error) {
	if s.only != nil {
		return s.only, nil
	}
	w := s.wanted
	if pass > 0 {
		w = s.later()
	}
	b, ok := models.Choose(scale, w)
	if !ok {
		return nil, fault.New(fault.Usage, "there is no built-in %s for x%d: name a model with -m", w, scale)
	}
	return s.named(b.Name)
}

// passes gives the models of these scales and Upscalers of them.
func (s suited) passes(scales []int) (opened []*classsr.Model, ups []*classsr.Upscaler, err error) {
	for pass, scale := range scales {
		model, err := s.open(pass, scale)
		if err != nil {
			return nil, nil, err
		}
		up, err := s.upscaler(model, scale)
		if err != nil {
			return nil, nil, err
		}
		opened, ups = append(opened, model), append(ups, up)
	}
	return opened, ups, nil
}

// checkSized returns an error if the options make no sense for results that are resized, or for several passes.
func (m *Models) checkSized(scales []int) error {
	switch {
	case m.options.Mode == infer.ModePaper:
		return fault.New(fault.Usage, "mode %s enlarges by the scale of its model only: leave out the other size, or use another mode", infer.ModePaper)
	case m.options.MaxTime > 0 && len(scales) > 1:
		return fault.New(fault.Usage, "a time limit works for one pass, and this size takes two (%d times, then %d times): use a budget or a quality instead", scales[0], scales[1])
	}
	return nil
}
