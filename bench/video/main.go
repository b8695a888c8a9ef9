// Command video measures what enlarging videos takes and gives, by two clips that ffmpeg makes of a photo:
//
//	go run ./bench/video -program bin/classsr photo.jpg
//
// Of the first, half stands still and half moves: it is enlarged with reuse and with --no-reuse, in turns, and the results are compared byte by byte. The second pans over the photo, with
// grain: it is enlarged with classes chosen for the scene, for each frame alone, and by the full network, from which flicker is measured. Results are made an mp4, which ffprobe
// counts. It prints two tables in Markdown, or a JSON object.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

// settings are the flags.
type settings struct {
	program, model string
	width, height  int
	scale          int
	frames, turns  int
	grain          int      // strength of ffmpeg's noise
	options        []string // of all runs
	json           bool
	photo          string
	folder         string // of clips and results, removed in the end
}

func main() {
	var s settings
	var size, options string
	flag.StringVar(&s.program, "program", "bin/classsr", "the `PROGRAM` that is measured")
	flag.StringVar(&s.model, "model", "fsrcnn-x2", "with which model")
	flag.IntVar(&s.scale, "scale", 2, "how many times to enlarge")
	flag.StringVar(&size, "size", "1280x720", "of the clips, even; the photo is wider by two pixels a frame")
	flag.IntVar(&s.frames, "frames", 100, "of each clip")
	flag.IntVar(&s.grain, "grain", 4, "strength of the grain, as ffmpeg's filter noise has it; 0 for none")
	flag.IntVar(&s.turns, "turns", 1, "how many times the first clip is enlarged each way")
	flag.StringVar(&options, "options", "", "more flags of classsr video, such as '--budget 60'")
	flag.BoolVar(&s.json, "json", false, "print a JSON object")
	flag.Parse()
	s.options, s.photo = strings.Fields(options), flag.Arg(0)
	n, err := fmt.Sscanf(size, "%dx%d", &s.width, &s.height)
	if flag.NArg() != 1 || n != 2 || err != nil || s.width%4 != 0 || s.height%2 != 0 || s.frames < 2 || s.turns < 1 {
		fmt.Fprintln(os.Stderr, "give one photo, a size such as 1280x720 (a multiple of four and an even number), two frames or more and one turn or more")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := s.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// results are what was measured of both clips.
type results struct {
	Still  halfStill `json:"half_still"`
	Moving moving    `json:"moving"`
}

func (s settings) run(ctx context.Context) (err error) {
	if s.folder, err = os.MkdirTemp("", "video"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(s.folder) }()
	var r results
	if r.Still, err = s.halfStill(ctx); err != nil {
		return err
	}
	if r.Moving, err = s.moving(ctx); err != nil {
		return err
	}
	if s.json {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	r.print(s)
	return nil
}

func (r results) print(s settings) {
	fmt.Printf("%d frames of %dx%d to %dx%d, %s\n\n", s.frames, s.width, s.height, s.width*s.scale, s.height*s.scale, s.model)
	fmt.Println("| half of it stands still | frames a second | kept | 1e12 multiply-accumulates | peak MB |")
	fmt.Println("|---|---|---|---|---|")
	for _, one := range r.Still.Runs {
		fmt.Printf("| %s | %.2f | %.0f %% | %.2f of %.2f | %d |\n", one.Name, one.FramesPerSecond, 100*one.Reused, float64(one.MACs)/1e12, float64(one.MACsFull)/1e12, one.Peak)
	}
	fmt.Printf("\nThe same bytes: %v. As an mp4, ffprobe tells of clip and result: %s, %s.\n\n", r.Still.Same, r.Still.Clip, r.Still.Result)
	fmt.Println("| all of it moves | frames a second | classes that change a frame | flicker in place, levels | along the motion |")
	fmt.Println("|---|---|---|---|---|")
	for _, one := range r.Moving.Runs {
		fmt.Printf("| %s | %.2f | %.1f %% | %.3f | %.3f |\n", one.Name, one.FramesPerSecond, 100*one.ClassChanges, one.InPlace, one.Along)
	}
	fmt.Printf("\nAs an mp4, ffprobe tells of clip and result: %s, %s.\n", r.Moving.Clip, r.Moving.Result)
}
