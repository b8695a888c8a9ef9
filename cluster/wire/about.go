package wire

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"classsr/fault"
	"classsr/server/blobs"
)

// About is what a worker says of itself when it joins.
type About struct {
	Name    string    `json:"name"`    // what its owner calls it
	Process string    `json:"process"` // another one for each start of it, to tell two machines of one name apart
	Version string    `json:"version"` // of the program
	Build   string    `json:"build"`
	Kernel  string    `json:"kernel"` // the set that it computes with
	CPU     string    `json:"cpu"`
	System  string    `json:"system"`
	Cores   int       `json:"cores"`
	Memory  int64     `json:"memory"` // bytes that it may use
	Speed   float64   `json:"speed"`  // canonical seconds of work done in a second
	Models  blobs.Sum `json:"models"` // over names and hashes of the built-in models
}

// texts lists the fields that are texts, by the names of their parameters.
func (a *About) texts() map[string]*string {
	return map[string]*string{"name": &a.Name, "process": &a.Process, "version": &a.Version, "build": &a.Build, "kernel": &a.Kernel, "cpu": &a.CPU, "system": &a.System}
}

// Values gives it as parameters of a request.
func (a About) Values() url.Values {
	v := url.Values{
		"cores": {strconv.Itoa(a.Cores)}, "memory": {strconv.FormatInt(a.Memory, 10)},
		"speed": {strconv.FormatFloat(a.Speed, 'g', -1, 64)}, "models": {a.Models.String()},
	}
	for name, text := range a.texts() {
		v.Set(name, *text)
	}
	return v
}

// ParseAbout reads what Values gives, and nothing else. Errors are of kind fault.Usage.
func ParseAbout(v url.Values) (a About, err error) {
	if err := a.parse(v); err != nil {
		return About{}, fault.New(fault.Usage, "what the worker says of itself cannot be used: %w; see that both machines have the same version of classsr", err)
	}
	return a, nil
}

func (a *About) parse(v url.Values) (err error) {
	texts := a.texts()
	for name, all := range v {
		if len(all) != 1 {
			return fmt.Errorf("%s is said %d times", short(name), len(all))
		}
		text := all[0]
		switch name {
		case "cores":
			a.Cores, err = strconv.Atoi(text)
		case "memory":
			a.Memory, err = strconv.ParseInt(text, 10, 64)
		case "speed":
			a.Speed, err = strconv.ParseFloat(text, 64)
		case "models":
			a.Models, err = blobs.ParseSum(text)
		default:
			to := texts[name]
			if to == nil {
				return fmt.Errorf("%q is not known", short(name))
			}
			*to, err = text, checkText(name, text)
		}
		if err != nil {
			return fmt.Errorf("%s %q: %w", name, short(text), err)
		}
	}
	switch {
	case a.Name == "" || a.Version == "" || a.Kernel == "":
		return errors.New("name, version and kernel have to be said")
	case a.Cores < 1 || a.Memory < 1 || !positive(a.Speed) || a.Speed == 0:
		return errors.New("cores, memory and speed have to be numbers above 0")
	case a.Models == blobs.Sum{}:
		return errors.New("models have to be said")
	}
	return nil
}
