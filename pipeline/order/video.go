package order

import (
	"classsr/fault"
	"classsr/infer"
	"classsr/pipeline"
)

// Options that only one kind of file has.
var (
	ofVideos   = []string{"matrix", "each-alone", "no-reuse"}
	ofPictures = []string{"jpeg-quality", "jpeg-444", "png-level", "icc", "strip", "background", "page", "bands", "range", "classes"}
)

// CheckPicture and CheckVideo return an error of kind fault.Usage if something is asked for that a picture, or a video, does not have.
func (o *Order) CheckPicture() error {
	if o.Format == pipeline.Y4M {
		return fault.New(fault.Usage, "format %s: a picture does not become a video", o.Format)
	}
	return o.checkHas(ofVideos, "%s is for videos, and this is a picture")
}

// CheckVideo is about videos.
func (o *Order) CheckVideo() error {
	switch {
	case o.Format != "" && o.Format != pipeline.Y4M:
		return fault.New(fault.Usage, "format %s: a video becomes a y4m; ffmpeg makes others of it", o.Format)
	case o.Mode.Mode == infer.ModePaper:
		return fault.New(fault.Usage, "mode %s is for single pictures: it reproduces published figures", o.Mode.Mode)
	}
	return o.checkHas(ofPictures, "%s is for pictures, and this is a video")
}

func (o *Order) checkHas(names []string, text string) error {
	for _, name := range names {
		if _, given := o.given[name]; given {
			return fault.New(fault.Usage, text, name)
		}
	}
	return nil
}

// Video is what is wanted of a video between two files.
func (o *Order) Video(input, output string) pipeline.Video {
	return pipeline.Video{Input: input, Output: output, Matrix: o.Matrix, Options: infer.SequenceOptions{Alone: o.EachAlone, Anew: o.Recomputed}}
}
