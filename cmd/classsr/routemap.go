package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"classsr"
	"classsr/imageio"
	"classsr/internal/atomicfile"
	"classsr/picture"
	"classsr/route"
)

// checkRouteMap returns an error if there will be no route map, or it cannot be written.
func (f *upscaleFlags) checkRouteMap(model *classsr.Model, up *classsr.Upscaler, input string) error {
	routes := up.Mode() == classsr.ModeRouted || up.Mode() == classsr.ModePaper
	switch {
	case !model.HasClasses():
		return usagef("--route-map %s: %s has no classes", f.routeMap, model.Name())
	case !routes:
		return usagef("--route-map %s: mode %s routes nothing; use %s or %s",
			f.routeMap, up.Mode(), classsr.ModeRouted, classsr.ModePaper)
	case sameFile(f.routeMap, input):
		return usagef("--route-map %s: it would overwrite the input", f.routeMap)
	case f.output == "" && input != stdStream && samePath(f.routeMap, enlargedName(input, up.Scale())):
		return usagef("--route-map %s: the enlarged picture goes there", f.routeMap)
	case exists(f.routeMap) && !f.overwrite:
		return fmt.Errorf("%s exists already: use --overwrite to replace it", f.routeMap)
	}
	return atomicfile.Writable(f.routeMap)
}

// writeRouteMap writes the map as JSON, or paints it over the picture it is of.
func (f *upscaleFlags) writeRouteMap(ctx context.Context, in *picture.Picture, m *route.Map) error {
	if hasExt(f.routeMap, ".json") {
		return atomicfile.Write(f.routeMap, f.overwrite, func(w io.Writer) error { return m.WriteJSON(contextWriter{ctx, w}) })
	}
	painted := classsr.PaintRoute(in, m)
	return atomicfile.Write(f.routeMap, f.overwrite, func(w io.Writer) error {
		_, err := imageio.Encode(contextWriter{ctx, w}, painted, pngFormat, imageio.EncodeOptions{Threads: f.threads})
		return err
	})
}

// leftOut tells what of a picture was not enlarged.
func leftOut(r classsr.Report) []string {
	width, height := r.OutWidth/r.Scale, r.OutHeight/r.Scale
	if width == r.Width && height == r.Height {
		return nil
	}
	return []string{fmt.Sprintf("mode %s enlarges the upper left %dx%d pixels of %dx%d and leaves the rest out, as the paper does",
		r.Mode, width, height, r.Width, r.Height)}
}

// hasExt tells whether a name ends in ext, in capitals perhaps.
func hasExt(name, ext string) bool { return strings.EqualFold(filepath.Ext(name), ext) }

// samePath tells whether two names are the same, written differently perhaps.
func samePath(a, b string) bool { return b != "" && filepath.Clean(a) == filepath.Clean(b) }
