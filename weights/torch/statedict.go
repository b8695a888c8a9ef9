package torch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"classsr/fault"
)

// weightNames are the keys under which training tools put the weights, the best first: averaged weights are the ones that
// a tool evaluates, and of an adversarial pair the generator is the network.
var weightNames = []string{
	"params_ema", "state_dict_ema", "model_ema", "generator_ema", "net_g_ema", "g_ema", "ema",
	"params", "state_dict", "model_state_dict", "model_state", "model",
	"net", "network", "generator", "net_g", "netG", "weights", "module", "sd",
}

// wrappers are what PyTorch puts before the keys of a network within another module: DataParallel and AveragedModel, and torch.compile.
var wrappers = []string{"module.", "_orig_mod."}

// generators are what training tools put before the keys of the network that enlarges where a state dict holds others too, such as a
// discriminator; the best first. What has another prefix is left out then.
var generators = []string{"generator_ema.", "net_g_ema.", "generator.", "net_g.", "netG."}

// counters end the keys of numbers that a profiler (thop) leaves beside the weights.
var counters = []string{"total_ops", "total_params"}

// trainingNames are parts of the keys, in lower case, of what a training run keeps for itself. Some of it has tensors of the
// same shapes as the weights.
var trainingNames = []string{"optim", "sched", "exp_avg", "momentum"}

func isTrainingState(key string) bool {
	if len(key) > maxName {
		return false // a long key recalled many times must not be copied as often
	}
	key = strings.ToLower(key)
	return slices.ContainsFunc(trainingNames, func(part string) bool { return strings.Contains(key, part) })
}

// stateDict is the dictionary that holds the weights, and the way to it from the outermost one.
type stateDict struct {
	dict *dict
	from map[*dict]link
}

// link says where a dictionary was first met.
type link struct {
	parent *dict // nil for the outermost
	key    string
	path   int // the length of all keys from the outermost, joined by dots
}

// namedView is an entry of the state dict that holds a float tensor.
type namedView struct {
	name string
	view *view
}

func findStateDict(root any) (*stateDict, error) {
	outermost, ok := root.(*dict)
	if !ok {
		return nil, fault.New(fault.Unsupported, "it holds %s instead of a dictionary of tensors: save model.state_dict()", kindOf(root))
	}
	s := &stateDict{from: map[*dict]link{outermost: {}}}
	s.dict, _ = s.find(outermost, 1)
	if s.dict == nil {
		return nil, fault.New(fault.Unsupported, "it holds no float tensors by name: save model.state_dict()")
	}
	return s, nil
}

// find returns the dictionary with the weights and the number of float tensors in it: where d has one under a name of
// weightNames, that one, otherwise of d and all below it the one with most tensors. Every dictionary is looked at once.
func (s *stateDict) find(d *dict, depth int) (best *dict, most int) {
	if most = countTensors(d); most > 0 {
		best = d
	}
	if depth >= maxDepth {
		return best, most
	}
	for _, c := range children(d) {
		path := s.from[d].path + len(c.key) + 1
		if _, met := s.from[c.dict]; met || path > maxPath {
			continue
		}
		s.from[c.dict] = link{d, c.key, path}
		found, n := s.find(c.dict, depth+1)
		if found != nil && c.rank < len(weightNames) {
			return found, n
		}
		if n > most {
			best, most = found, n
		}
	}
	return best, most
}

func countTensors(d *dict) int {
	n := 0
	for _, e := range d.entries {
		if key, ok := e.key.(string); ok && isFloat(e.value) && !isTrainingState(key) {
			n++
		}
	}
	return n
}

func isFloat(value any) bool {
	v, ok := value.(*view)
	return ok && v.kind.float32 != nil
}

type child struct {
	dict *dict
	key  string
	rank int // in weightNames, or its length
}

// children lists the dictionaries in d that may hold weights, in the order of weightNames, then of the file.
func children(d *dict) []child {
	var list []child
	for _, e := range d.entries {
		key, ok1 := e.key.(string)
		inner, ok2 := e.value.(*dict)
		if !ok1 || !ok2 || isTrainingState(key) {
			continue
		}
		rank := slices.Index(weightNames, key)
		if rank < 0 {
			rank = len(weightNames)
		}
		list = append(list, child{inner, key, rank})
	}
	slices.SortStableFunc(list, func(a, b child) int { return cmp.Compare(a.rank, b.rank) })
	return list
}

// entries lists the float tensors of the network without prefixes, in the order of the file.
func (s *stateDict) entries() ([]namedView, error) {
	if err := checkKeys(s.dict); err != nil {
		return nil, err
	}
	prefix := s.prefix()
	var list []namedView
	seen := map[string]bool{}
	for _, e := range s.dict.entries {
		key, ok := e.key.(string)
		if !ok || !isWeight(e) {
			continue
		}
		name, ok := strings.CutPrefix(withoutWrappers(key), prefix)
		if !ok {
			continue
		}
		if seen[name] {
			return nil, fmt.Errorf("tensor %s is there with and without a prefix such as module", quote(name))
		}
		if name == "" || !utf8.ValidString(name) {
			return nil, fmt.Errorf("a tensor has the unusable name %s", quote(key))
		}
		seen[name] = true
		list = append(list, namedView{name, e.value.(*view)})
	}
	return list, nil
}

// ignored lists what Checkpoint.Ignored promises.
func (s *stateDict) ignored() ([]string, error) {
	var names []string
	network := s.prefix()
	for _, e := range s.dict.entries {
		key, ok := e.key.(string)
		if !ok {
			continue
		}
		key = withoutWrappers(key)
		if name, of := strings.CutPrefix(key, network); !of {
			names = append(names, key)
		} else if !isWeight(e) {
			names = append(names, name)
		}
	}
	prefix := ""
	for _, step := range s.way() {
		if err := checkKeys(step.parent); err != nil {
			return nil, err
		}
		for _, e := range step.parent.entries {
			if key, ok := e.key.(string); ok && key != step.key {
				names = append(names, prefix+key)
			}
		}
		prefix += step.key + "."
	}
	slices.Sort(names)
	return names, nil
}

// way lists the links from the outermost dictionary to the state dict.
func (s *stateDict) way() []link {
	var way []link
	for l := s.from[s.dict]; l.parent != nil; l = s.from[l.parent] {
		way = append(way, l)
	}
	slices.Reverse(way)
	return way
}

// checkKeys refuses a dictionary whose content depends on who reads it: Python keeps the last of two equal keys and never
// writes them.
func checkKeys(d *dict) error {
	if len(d.entries) > maxEntries {
		return fault.New(fault.TooLarge, "a dictionary at the weights has %d entries, more than %d", len(d.entries), maxEntries)
	}
	seen := map[string]bool{}
	for _, e := range d.entries {
		key, ok := e.key.(string)
		if !ok {
			continue
		}
		if seen[key] {
			return fmt.Errorf("key %s appears twice", quote(key))
		}
		seen[key] = true
	}
	return nil
}

// withoutWrappers removes what PyTorch has put before a key, once or repeatedly.
func withoutWrappers(key string) string {
	for i := 0; i < len(wrappers); i++ {
		if rest, ok := strings.CutPrefix(key, wrappers[i]); ok {
			key, i = rest, -1 // look for all again
		}
	}
	return key
}

// prefix is the first of generators that a tensor's key has, or nothing.
func (s *stateDict) prefix() string {
	best := len(generators)
	for _, e := range s.dict.entries {
		key, ok := e.key.(string)
		if !ok || !isWeight(e) {
			continue
		}
		key = withoutWrappers(key)
		for i, prefix := range generators[:best] {
			if strings.HasPrefix(key, prefix) {
				best = i
				break
			}
		}
	}
	if best == len(generators) {
		return ""
	}
	return generators[best]
}

// isWeight tells whether an entry of a state dict is a float tensor of a network.
func isWeight(e entry) bool {
	key, ok := e.key.(string)
	return ok && isFloat(e.value) && !slices.ContainsFunc(counters, func(c string) bool { return key == c || strings.HasSuffix(key, "."+c) })
}
