package report

import (
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
)

// Pictures that are larger, one or all together in bytes, are named instead of shown: a page of more than some 100 MB opens in
// no browser.
const (
	largestPicture  = 8 << 20
	largestPictures = 64 << 20
)

// sample is a row of pictures in the page.
type sample struct {
	Title, Where string
	Pictures     []picture
}

// picture is one of them: Data, or Problem.
type picture struct {
	Caption string
	Data    template.URL // a data URI, made of base64 by this package alone
	Problem string
}

// pictures reads the sample pictures of a run from its folder.
func (r *run) pictures(folder string) []sample {
	if len(r.samples) == 0 {
		return nil
	}
	// A root keeps the names in a log, links included, inside the folder.
	root, rootErr := os.OpenRoot(folder)
	if rootErr == nil {
		defer func() { _ = root.Close() }()
	}
	left := int64(largestPictures)
	var all []sample
	for _, e := range r.samples {
		s := sample{Title: e.Sample.Title, Where: where(e)}
		for _, p := range []struct{ caption, name string }{
			{"LR, bicubic", e.Sample.Bicubic}, {"result", e.Sample.Result}, {"HR", e.Sample.HR}, {"classes", e.Sample.Routes},
		} {
			if p.name == "" {
				continue
			}
			data, err := template.URL(""), rootErr
			if err == nil {
				data, err = dataURI(root, p.name, &left)
			}
			shown := picture{Caption: p.caption, Data: data}
			if err != nil {
				shown.Problem = fmt.Sprintf("%s is not shown: %v", p.name, err)
			}
			s.Pictures = append(s.Pictures, shown)
		}
		all = append(all, s)
	}
	return all
}

// dataURI reads a picture of at most left bytes, of which it takes its size, and writes it as a URI.
func dataURI(root *os.Root, name string, left *int64) (template.URL, error) {
	file, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		var pathErr *os.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err // the name is said already
		}
		return "", err
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", errors.New("it is not a file")
	}
	most := min(largestPicture, *left)
	data, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return "", err
	}
	if int64(len(data)) > most {
		return "", errors.New("it is too large for a page; log a part of it")
	}
	kind := http.DetectContentType(data)
	if !slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp"}, kind) {
		return "", errors.New("it is not a PNG, JPEG, GIF or WebP file")
	}
	*left -= int64(len(data))
	return template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)), nil
}
