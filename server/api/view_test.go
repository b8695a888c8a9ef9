package api

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"testing"

	"classsr/server/blobs"
	"classsr/server/jobs"
)

const viewPath = "/v1/pictures/{sha256}/view"

// send sends a picture and gives its SHA-256.
func (b *bench) send(t *testing.T, data []byte) string {
	t.Helper()
	var p Picture
	if w := b.do("POST", "/v1/pictures?name=a.png", nil, data); w.Code != 201 || json.Unmarshal(w.Body.Bytes(), &p) != nil {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return p.SHA256
}

// Views of pictures are answered as files are, to those who sent the pictures.
func TestViewsOfPictures(t *testing.T) {
	b := newBench(t)
	var data bytes.Buffer
	picture := image.NewGray16(image.Rect(0, 0, 40, 30))
	picture.SetGray16(3, 4, color.Gray16{Y: 0x8080})
	if err := png.Encode(&data, picture); err != nil {
		t.Fatal(err)
	}
	sum := b.send(t, data.Bytes())
	at := "/v1/pictures/" + sum + "/view"
	w := b.do("GET", at, nil, nil)
	b.check(t, b.description.Paths[viewPath].Get, w)
	view, err := png.Decode(bytes.NewReader(w.Body.Bytes()))
	if err != nil || view.Bounds() != picture.Rect || color.GrayModel.Convert(view.At(3, 4)) != (color.Gray{Y: 0x80}) {
		t.Fatalf("%d %v: %v", w.Code, w.Header(), err)
	}
	h := w.Header()
	if h.Get("ETag") != `"`+sum+`-view"` || h.Get("Content-Type") != "image/png" || h.Get("Content-Security-Policy") != "sandbox; default-src 'none'" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", h)
	}
	for header, status := range map[string]int{"If-None-Match": 304, "If-Match": 200, "Range": 206} {
		value := h.Get("ETag")
		if header == "Range" {
			value = "bytes=0-9"
		}
		w := b.do("GET", at, http.Header{header: {value}}, nil)
		b.check(t, b.description.Paths[viewPath].Get, w)
		if w.Code != status || status == 304 && w.Body.Len() > 0 {
			t.Errorf("%s: %d", header, w.Code)
		}
	}
	// Now another owner has the picture, and the one who asks has it no more.
	id := must(blobs.ParseSum(sum))(t)
	if err := b.table.AddPicture(jobs.Picture{Owner: "bert", Sum: id}); err != nil {
		t.Fatal(err)
	}
	if w := b.do("DELETE", "/v1/pictures/"+sum, nil, nil); w.Code != 204 {
		t.Fatal(w.Code)
	}
	if w := b.do("GET", at, http.Header{"If-None-Match": {h.Get("ETag")}}, nil); w.Code != 404 {
		t.Errorf("another owner's view: %d", w.Code)
	}
	if _, err := b.table.Picture("bert", id); err != nil {
		t.Error(err)
	}
	if b.mistakes.Len() > 0 {
		t.Errorf("%s", b.mistakes)
	}
}

// What cannot be shown is the fault of the picture, not of the server.
func TestViewsOfDamagedPictures(t *testing.T) {
	b := newBench(t)
	spoilt := bytes.Clone(b.picture)
	spoilt[bytes.Index(spoilt, []byte("IDAT"))+8] ^= 0xff
	sum := b.send(t, spoilt)
	w := b.do("GET", "/v1/pictures/"+sum+"/view", nil, nil)
	b.check(t, b.description.Paths[viewPath].Get, w)
	var p struct{ Kind, Detail string }
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != 422 || p.Kind != "damaged" || bytes.Contains(w.Body.Bytes(), []byte(sum)) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if b.mistakes.Len() > 0 {
		t.Errorf("%s", b.mistakes)
	}
}
