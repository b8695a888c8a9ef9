package api

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"testing"

	"classsr/server/work"
)

// Plans have what the description says, and points for the budgets of a model with classes.
func TestPlan(t *testing.T) {
	b := newBench(t)
	var picture bytes.Buffer
	rings := image.NewGray(image.Rect(0, 0, 75, 75))
	for i := range rings.Pix {
		x, y := i%75, i/75
		rings.Pix[i] = uint8((x*x + y*y) / 44)
	}
	if err := png.Encode(&picture, rings); err != nil {
		t.Fatal(err)
	}
	var sent Picture
	if w := b.do("POST", "/v1/pictures?name=a.png", nil, picture.Bytes()); w.Code != 201 || json.Unmarshal(w.Body.Bytes(), &sent) != nil {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	o := b.description.Paths["/v1/pictures/{sha256}/plan"].Get
	for query, points := range map[string]int{"scale=2": 2, "scale=2&budget=70": 2, "scale=2&mode=full": 1, "scale=0.5": 1, "scale=2&budget=0": 0, "scale=x": 0} {
		w := b.do("GET", "/v1/pictures/"+sent.SHA256+"/plan?"+query, nil, nil)
		b.check(t, o, w)
		var p work.Plan
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || (w.Code == 200) != (points > 0) || points == 1 && len(p.Points) != 1 || len(p.Points) < points {
			t.Errorf("%s: %d %s %v", query, w.Code, w.Body, err)
		}
	}
}
