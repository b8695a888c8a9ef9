package route

import (
	"encoding/json"
	"slices"
	"strings"

	"classsr/fault"
)

const (
	// ClassModule is the router that asks the model's Class-Module.
	ClassModule = "class-module"
	// Edge is the router that looks at the mean absolute Laplacian, which costs next to nothing. It needs a calibrated model.
	Edge = "edge"
)

// Calibration is the calibration in a model file: a table for each router, the better one first. In the file it is JSON.
type Calibration []*Table

// ReadCalibration reads the calibration of a model file, which is JSON; nil if the text is empty. It returns an error of kind fault.Damaged
// if it is not valid.
func ReadCalibration(text string) (Calibration, error) {
	if text == "" {
		return nil, nil
	}
	var c Calibration
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return nil, fault.New(fault.Damaged, "the model's calibration cannot be read: %w", err)
	}
	for _, t := range c {
		if t == nil {
			return nil, fault.New(fault.Damaged, "the model's calibration has no table")
		}
		if t.Router != Edge && t.Router != ClassModule {
			return nil, fault.New(fault.Damaged, "the model's calibration is for an unknown router %q", t.Router)
		}
		if err := t.Check(); err != nil {
			return nil, fault.New(fault.Damaged, "the model's calibration: %w", err)
		}
	}
	return c, nil
}

// Table gives the table of a router, or the first one if the name is empty. It is nil if there is no calibration and the name is empty or
// ClassModule. A router that is unknown or has no table is an error of kind fault.Usage.
func (c Calibration) Table(router string) (*Table, error) {
	if len(c) == 0 && (router == "" || router == ClassModule) {
		return nil, nil
	}
	if i := slices.IndexFunc(c, func(t *Table) bool { return t.Router == router || router == "" }); i >= 0 {
		return c[i], nil
	}
	switch {
	case router != ClassModule && router != Edge:
		return nil, fault.New(fault.Usage, "no router %q; the routers are %s and %s", router, ClassModule, Edge)
	case len(c) == 0:
		return nil, fault.New(fault.Usage, "router %s needs a calibrated model: run classsr calibrate on it", router)
	}
	var have []string
	for _, t := range c {
		have = append(have, t.Router)
	}
	return nil, fault.New(fault.Usage, "the model is calibrated for router %s, not for %s: calibrate it again", strings.Join(have, ", "), router)
}
