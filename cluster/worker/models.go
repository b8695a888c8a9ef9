package worker

import (
	"encoding/json"
	"io"
	"os"

	"classsr"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/models"
	"classsr/server/blobs"
)

// models fetches models in files that a unit is to be done by and that are not here. asked is what the coordinator has against it, err what is wrong here.
func (s *session) models(u *unit) (asked, err error) {
	if s.Library == nil {
		return nil, nil
	}
	for i, f := range u.files {
		name := f.Order["model"]
		if f.Role == wire.Brief {
			if name, err = modelOf(u.input(i)); err != nil {
				return nil, err
			}
		}
		sum, inFile := models.FileSum(name)
		if !inFile || s.Library.Use(sum) == nil {
			continue
		}
		s.Log.Info("fetching a model", "model", name, "unit", u.ID)
		asked, err = piped(func(to io.Writer) error { return s.Transport.Model(u.ctx, u.ID, s.query(u), sum, to) }, func(r io.Reader) error {
			return s.Library.AddAs(sum, r, -1)
		})
		if asked != nil || err != nil {
			return asked, err
		}
	}
	return nil, nil
}

// modelOf is the name of the model of a brief in a file.
func modelOf(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var brief struct{ Model string }
	if err := json.Unmarshal(text, &brief); err != nil {
		return "", fault.New(fault.Damaged, "what was decided about a picture cannot be read: %w", err)
	}
	return brief.Model, nil
}

// hasModel tells whether a model is here; "" is one that is chosen.
func (s *session) hasModel(name string) bool {
	if name == "" || name == classsr.Bicubic {
		return true
	}
	if sum, inFile := models.FileSum(name); inFile {
		return s.Library == nil || s.Library.Use(blobs.Sum(sum)) == nil
	}
	_, ok := models.Find(name)
	return ok
}
