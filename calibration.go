package classsr

import (
	"encoding/json"
	"fmt"
	"strings"

	"classsr/route"
	"classsr/weights"
)

// calibration is what a model file knows of its routers: a table for each, the better one first.
type calibration []*route.Table

// readCalibration gives the calibration of a model; none if it was not calibrated.
func readCalibration(m *weights.Model) (calibration, error) {
	if m.Routing == "" {
		return nil, nil
	}
	var c calibration
	if err := json.Unmarshal([]byte(m.Routing), &c); err != nil {
		return nil, fmt.Errorf("the model's calibration cannot be read: %w", err)
	}
	for _, t := range c {
		if t == nil {
			return nil, fmt.Errorf("the model's calibration lacks a table")
		}
		if t.Router != RouterEdge && t.Router != RouterClassModule {
			return nil, fmt.Errorf("the model's calibration is for a router %q, which there is not", t.Router)
		}
		if err := t.Check(); err != nil {
			return nil, fmt.Errorf("the model's calibration: %w", err)
		}
	}
	return c, nil
}

// table gives the table of a router, of the best one if none is named; nil if the model was not calibrated and the Class-Module is asked.
func (c calibration) table(router string) (*route.Table, error) {
	if len(c) == 0 && (router == "" || router == RouterClassModule) {
		return nil, nil
	}
	var have []string
	for _, t := range c {
		if t.Router == router || router == "" {
			return t, nil
		}
		have = append(have, t.Router)
	}
	switch {
	case router != RouterClassModule && router != RouterEdge:
		return nil, fmt.Errorf("no router %q; there are %s and %s", router, RouterClassModule, RouterEdge)
	case len(c) == 0:
		return nil, fmt.Errorf("router %s needs a calibrated model: run classsr calibrate on it", router)
	}
	return nil, fmt.Errorf("the model is calibrated for router %s, not for %s: calibrate it again", strings.Join(have, ", "), router)
}
