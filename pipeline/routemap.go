package pipeline

import (
	"context"
	"io"
	"path/filepath"
	"strings"

	"classsr"
	"classsr/fault"
	"classsr/imageio"
	"classsr/internal/atomicfile"
	"classsr/picture"
)

// Endings of the files that maps of classes go to.
const (
	mapPicture = ".png"
	mapJSON    = ".json"
)

// CheckRouteMap returns an error if a job will have no map of classes as far as the models say, or it cannot be written.
func (p *Pipeline) CheckRouteMap(j Job) error {
	usage := func(why string, args ...any) error {
		return fault.New(fault.Usage, "--route-map %s: "+why, append([]any{p.RouteMap}, args...)...)
	}
	up := p.Upscaler
	var model *classsr.Model
	if p.Sizing == nil && p.Models != nil {
		var err error
		if model, err = p.Models.First(p.Scale); err != nil {
			return err
		}
		if up, err = p.Models.upscaler(model, p.scale()); err != nil {
			return err
		}
	}
	switch {
	case !hasEnding(p.RouteMap, mapPicture) && !hasEnding(p.RouteMap, mapJSON):
		return usage("it must be a PNG or a JSON file; end its name with .png or .json")
	case model != nil && !model.HasClasses():
		return usage("%s has no classes to show", model.Name())
	case p.Sizing == nil && !routes(up):
		return usage(doesNotRoute, up.Mode(), classsr.ModeRouted, classsr.ModePaper)
	case SameFile(p.RouteMap, j.Input):
		return usage("it would overwrite the input")
	case SamePath(p.RouteMap, j.Output):
		return usage("it is the output for the enlarged picture; choose another file")
	case Exists(p.RouteMap) && !p.Overwrite:
		return fault.New(fault.Conflict, "%s exists already: use --overwrite to replace it", p.RouteMap)
	}
	return atomicfile.Writable(p.RouteMap)
}

// doesNotRoute is what is wrong with a mode.
const doesNotRoute = "mode %s does not route; use mode %s or %s"

// routes tells whether an Upscaler chooses classes.
func routes(up *classsr.Upscaler) bool {
	return up.Mode() == classsr.ModeRouted || up.Mode() == classsr.ModePaper
}

// checkMapped returns an error if a map of the classes is asked for and the first pass of a picture, which it would be of, has none. Which
// model that is depends on the size of the picture.
func (p *Pipeline) checkMapped(c *course) error {
	switch {
	case p.RouteMap == "" || p.Sizing == nil && p.Models == nil:
		return nil
	case len(c.passes) == 0:
		return fault.New(fault.Usage, "--route-map %s: this size takes no network, so there are no classes to show", p.RouteMap)
	case !routes(c.passes[0]) && len(c.models) > 0 && c.models[0].HasClasses():
		return fault.New(fault.Usage, "--route-map %s: "+doesNotRoute, p.RouteMap, c.passes[0].Mode(), classsr.ModeRouted, classsr.ModePaper)
	case !routes(c.passes[0]):
		return fault.New(fault.Usage, "--route-map %s: the network that enlarges %d times has no classes to show; choose a model with classes with -m",
			p.RouteMap, c.passes[0].Scale())
	}
	return nil
}

// writeRouteMap writes the map as JSON, or paints it over the picture it is of.
func (p *Pipeline) writeRouteMap(ctx context.Context, in *picture.Picture, r *classsr.Report) error {
	return p.write(ctx, p.RouteMap, func(w io.Writer) error {
		if hasEnding(p.RouteMap, mapJSON) {
			return r.Route.WriteJSON(w)
		}
		return imageio.Encode(w, r.PaintRoute(in), imageio.PNG, imageio.EncodeOptions{Threads: p.Threads})
	}, nil)
}

// paintBytes is about what painting a map takes: a copy of four bytes a pixel, and the map.
func paintBytes(c picture.Config) int64 { return 2 * 4 * int64(c.Width) * int64(c.Height) }

// hasEnding tells whether a name ends so, in capitals perhaps.
func hasEnding(name, ending string) bool { return strings.EqualFold(filepath.Ext(name), ending) }
