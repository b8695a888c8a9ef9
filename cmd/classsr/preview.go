package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"classsr/fault"
	"classsr/imageio"
	"classsr/internal/atomicfile"
	"classsr/pipeline"
	"classsr/web"
)

// checkPreview returns an error if --preview cannot be written for a picture.
func (f *upscaleFlags) checkPreview(j pipeline.Job) error {
	ending := strings.ToLower(filepath.Ext(f.preview))
	switch {
	case ending != ".html" && ending != ".htm":
		return usagef("--preview %s: the page is an HTML file, so its name must end in .html", f.preview)
	case j.Input == pipeline.Std || j.Output == pipeline.Std:
		return usagef("--preview %s: it shows files, and not what comes from standard input or goes to standard output", f.preview)
	case pipeline.Exists(f.preview) && !f.overwrite:
		return fault.New(fault.Conflict, "%s exists already: use --overwrite to replace it", f.preview)
	}
	return atomicfile.Writable(f.preview)
}

// writePreview writes a page that shows a picture before and after, with the map of its classes if there is one.
func (f *upscaleFlags) writePreview(done *pipeline.Result, reading imageio.Options) error {
	a, err := openShown(done.Input, reading)
	if err != nil {
		return err
	}
	b, err := openShown(done.Output, imageio.Options{})
	if err != nil {
		return err
	}
	c, err := newComparison(a, b)
	if err != nil {
		return err
	}
	c.Figures = append(c.Figures, web.Figure{Label: "figure.model", Value: done.Model}, web.Figure{Label: "figure.seconds", Value: fmt.Sprintf("%.1f s", done.Seconds.Total)})
	if done.MACs > 0 && done.MACsFull > 0 {
		c.Figures = append(c.Figures, web.Figure{Label: "figure.macs", Value: fmt.Sprintf("%.0f %%", 100*float64(done.MACs)/float64(done.MACsFull))})
	}
	if done.Route != nil {
		if err := addLayer(c, done.Route); err != nil {
			return err
		}
	}
	return writeComparison(f.preview, f.overwrite, c)
}
