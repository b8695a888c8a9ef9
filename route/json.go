package route

import (
	"encoding/json"
	"io"
)

// jsonMap is a map as scripts read it: flat, and with numbers that need no other file to be understood.
type jsonMap struct {
	Width   int        `json:"width"`
	Height  int        `json:"height"`
	Classes []string   `json:"classes"`
	Shares  []float64  `json:"shares"`
	Cores   []jsonCore `json:"cores"`
}

type jsonCore struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"width"`
	Height int `json:"height"`
	Class  int `json:"class"`
}

// WriteJSON writes the map as one JSON object on one line:
//
//	{"width":510,"height":339,"classes":["simple","medium","hard"],"shares":[0.5,0.25,0.25],
//	 "cores":[{"x":0,"y":0,"width":32,"height":32,"class":0},...]}
//
// width, height and what the cores have are in pixels of the picture that was routed, x and y from its upper left corner. The
// class of a core is an index of classes, from 0. shares are those of Shares, 0 to 1. Empty lists are written as [], never null.
func (m *Map) WriteJSON(w io.Writer) error {
	out := jsonMap{
		Width: m.Size.X, Height: m.Size.Y,
		Classes: append([]string{}, m.Names...),
		Shares:  m.Shares(),
		Cores:   make([]jsonCore, len(m.Cores)),
	}
	for i, c := range m.Cores {
		out.Cores[i] = jsonCore{c.Min.X, c.Min.Y, c.Dx(), c.Dy(), m.Classes[i]}
	}
	return json.NewEncoder(w).Encode(out)
}
