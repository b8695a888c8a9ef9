package main

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"classsr/evaluate"
	"classsr/fault"
	"classsr/imageio"
	"classsr/internal/atomicfile"
	"classsr/internal/regular"
	"classsr/route"
	"classsr/web"
)

// What a page of one file holds at most: browsers do not show more.
const (
	mostShown      = 64_000_000  // pixels of a picture
	mostShownBytes = 150_000_000 // of the pictures' files together
	mostLayer      = 4096        // pixels a side of the map
)

// compareFlags are the flags of the compare command.
type compareFlags struct {
	output, layer, title, language string
	overwrite                      bool
}

func newCompare() *cobra.Command {
	var f compareFlags
	cmd := &cobra.Command{
		Use:   "compare BEFORE AFTER [--map MAP.json] -o PAGE.html",
		Short: "Write a web page of one file that shows two pictures with a line between them to move",
		Long: "Write a web page of one file that shows two pictures of the same view, such as a photo and its enlargement, above each\n" +
			"other with a line between them to move, zoom up to single pixels, and figures. The page needs no other file and no\n" +
			"network, and can be sent to others. PNG, JPEG, WebP, GIF, AVIF and BMP go in as they are, other formats as PNG. Of two\n" +
			"pictures of one size, PSNR and SSIM are told.",
		Example: "  classsr upscale photo.jpg -o large.png --route-map map.json\n  classsr compare photo.jpg large.png --map map.json -o page.html",
		Args:    cobra.ExactArgs(2),
		RunE:    func(_ *cobra.Command, args []string) error { return f.run(args[0], args[1]) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "`FILE` that is written, ending in .html")
	flags.StringVar(&f.layer, "map", "", "which part went to which network: what upscale --route-map wrote, `FILE.json` or FILE.png")
	flags.StringVar(&f.title, "title", "", "`TEXT` above the pictures (default: the names of their files)")
	flags.StringVar(&f.language, "language", "", "`TAG` of the language of the page, "+strings.Join(web.Languages(), " or ")+" (default: the one that the reader's browser asks for)")
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace the output file if it exists")
	return cmd
}

func (f *compareFlags) run(before, after string) error {
	switch ending := strings.ToLower(filepath.Ext(f.output)); {
	case f.output == "":
		return usagef("required flag -o is missing: the file to write, such as page.html")
	case ending != ".html" && ending != ".htm":
		return usagef("-o %s: the page is an HTML file, so its name must end in .html", f.output)
	}
	a, err := openShown(before, imageio.Options{})
	if err != nil {
		return err
	}
	b, err := openShown(after, imageio.Options{})
	if err != nil {
		return err
	}
	c, err := newComparison(a, b)
	if err != nil {
		return err
	}
	c.Language = f.language
	if f.title != "" {
		c.Title = f.title
	}
	if f.layer != "" {
		if err := addLayerFile(c, f.layer, a); err != nil {
			return err
		}
	}
	return writeComparison(f.output, f.overwrite, c)
}

func writeComparison(path string, overwrite bool, c *web.Comparison) error {
	return hint(atomicfile.Write(path, overwrite, func(w io.Writer) error { return web.WriteComparison(w, *c) }))
}

// newComparison puts two pictures and the figures about them in.
func newComparison(a, b *shownFile) (*web.Comparison, error) {
	if a.bytes+b.bytes > mostShownBytes {
		return nil, fault.New(fault.TooLarge, "%s and %s have %s together, and a page holds at most %s: save them as JPEG or WebP first",
			a.path, b.path, humanize.Bytes(uint64(a.bytes+b.bytes)), humanize.Bytes(mostShownBytes))
	}
	across, down := float64(b.Width)/float64(a.Width), float64(b.Height)/float64(a.Height)
	const roundedPixels, tolerance = 4, 0.02 // sizes are rounded, so that small pictures may change their shape a little
	if math.Abs(across/down-1) > tolerance && math.Abs(across*float64(a.Height)-float64(b.Height)) > roundedPixels {
		return nil, usagef("%s has %dx%d pixels and %s %dx%d: they are of different shapes, so they cannot lie above each other",
			a.path, a.Width, a.Height, b.path, b.Width, b.Height)
	}
	c := &web.Comparison{
		Title: filepath.Base(a.path) + " – " + filepath.Base(b.path), Width: b.Width, Height: b.Height, Before: a.shown(), After: b.shown(),
		Figures: []web.Figure{
			{Label: "figure.before", Value: fmt.Sprintf("%d × %d", a.Width, a.Height)}, {Label: "figure.after", Value: fmt.Sprintf("%d × %d", b.Width, b.Height)},
			{Label: "figure.file.before", Value: a.file()}, {Label: "figure.file.after", Value: b.file()},
		},
	}
	if a.Width != b.Width || a.Height != b.Height {
		c.Figures = append(c.Figures, web.Figure{Label: "figure.times", Value: fmt.Sprintf("%.4g×", across)})
		return c, nil
	}
	scores, err := compareShown(a, b)
	c.Figures = append(c.Figures, scores...)
	return c, err
}

// shownFile is a picture file of which the headers are known.
type shownFile struct {
	imageio.Config
	path    string
	bytes   int64
	reading imageio.Options // what of the file is the picture
}

// shownTypes are the formats that browsers show.
var shownTypes = map[string]string{
	"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif", "avif": "image/avif", "bmp": "image/bmp",
}

func openShown(path string, reading imageio.Options) (*shownFile, error) {
	s := &shownFile{path: path, reading: reading}
	err := imageio.CheckFile(path, imageio.Limits{Options: reading, Accept: func(c imageio.Config) error {
		if s.Config = c; int64(c.Width)*int64(c.Height) > mostShown {
			return fault.New(fault.TooLarge, "%dx%d pixels: browsers show at most %d megapixels; compare parts of the picture, or a smaller enlargement",
				c.Width, c.Height, mostShown/1_000_000)
		}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	s.bytes = info.Size()
	return s, nil
}

// file says what the file is.
func (s *shownFile) file() string {
	return strings.ToUpper(s.Format) + ", " + humanize.Bytes(uint64(s.bytes))
}

// shown is the picture as browsers show it.
func (s *shownFile) shown() web.Picture {
	if kind, ok := shownTypes[s.Format]; ok && s.reading.Page < 2 {
		return web.Picture{Type: kind, Write: s.copy}
	}
	return web.Picture{Type: "image/png", Write: func(w io.Writer) error {
		d, err := imageio.DecodeFile(s.path, imageio.Limits{Options: s.reading})
		if err != nil {
			return err
		}
		return imageio.Encode(w, d.To8Bit(), imageio.PNG, imageio.EncodeOptions{Metadata: d.Metadata.OnlyColor()})
	}}
}

func (s *shownFile) copy(w io.Writer) (err error) {
	in, err := regular.Open(s.path)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	_, err = io.Copy(w, io.LimitReader(in, mostShownBytes))
	return err
}

// compareShown measures how near two pictures of one size are.
func compareShown(a, b *shownFile) ([]web.Figure, error) {
	first, err := imageio.DecodeFile(a.path, imageio.Limits{Options: a.reading})
	if err != nil {
		return nil, err
	}
	second, err := imageio.DecodeFile(b.path, imageio.Limits{Options: b.reading})
	if err != nil {
		return nil, err
	}
	scores, err := evaluate.Compare(first.Picture, second.Picture, 0)
	if err != nil {
		return nil, nil // too small to be measured, which is no reason not to show them
	}
	psnr := "∞"
	if !math.IsInf(float64(scores.PSNRRGB), 0) {
		psnr = fmt.Sprintf("%.2f dB", float64(scores.PSNRRGB))
	}
	return []web.Figure{{Label: "figure.psnr", Value: psnr}, {Label: "figure.ssim", Value: fmt.Sprintf("%.4f", scores.SSIMRGB)}}, nil
}

// addLayerFile puts a route map over the picture before, which was routed: one as JSON, or one as a picture, of which the legend is cut off.
func addLayerFile(c *web.Comparison, path string, before *shownFile) error {
	if !strings.EqualFold(filepath.Ext(path), ".json") {
		d, err := imageio.DecodeFile(path, imageio.Limits{MaxPixels: 2 * mostShown})
		if err != nil {
			return err
		}
		if d.Width < before.Width || d.Height < before.Height {
			return usagef("--map %s: it has %dx%d pixels, fewer than %s has; give the map that upscale --route-map made of that picture",
				path, d.Width, d.Height, before.path)
		}
		layer := d.Crop(before.Bounds())
		c.Map = &web.Picture{Type: "image/png", Write: func(w io.Writer) error {
			return imageio.Encode(w, layer, imageio.PNG, imageio.EncodeOptions{})
		}}
		return nil
	}
	in, err := regular.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	m, err := route.ReadJSON(in)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	case m.Size.X != before.Width || m.Size.Y != before.Height:
		return usagef("--map %s: it is of a picture of %dx%d pixels, and %s has %dx%d", path, m.Size.X, m.Size.Y, before.path, before.Width, before.Height)
	}
	return addLayer(c, m)
}

// addLayer puts a route map over the picture before.
func addLayer(c *web.Comparison, m *route.Map) error {
	var b bytes.Buffer
	if err := png.Encode(&b, m.Layer(mostLayer)); err != nil {
		return err
	}
	for class, share := range m.Shares() {
		c.Classes = append(c.Classes, web.Class{Name: m.Names[class], Share: share})
	}
	c.Map = &web.Picture{Type: "image/png", Write: func(w io.Writer) error { _, err := w.Write(b.Bytes()); return err }}
	return nil
}
