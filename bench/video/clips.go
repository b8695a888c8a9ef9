package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// step is by how many pixels a moving clip moves a frame: an even number, so that chroma moves by whole samples.
const step = 2

const asVideo = "scale=out_range=tv,format=yuv420p"

// pan is the filter of what moves, with its grain; n is the number of the frame.
func (s settings) pan(width, left int) string {
	return fmt.Sprintf("crop=%d:%d:%d+%d*n:2*floor((in_h-out_h)/4),noise=c0s=%d:c0f=t", width, s.height, left, step, s.grain)
}

func (s settings) halfFilter() string {
	half := s.width / 2
	return fmt.Sprintf("%s,split[a][b];[a]crop=%d:%d:0:2*floor((in_h-out_h)/4)[still];[b]%s[moves];[still][moves]hstack", asVideo, half, s.height, s.pan(half, half))
}

// clip has ffmpeg make a clip of the photo, and gives its path.
func (s settings) clip(ctx context.Context, name, filter string) (string, error) {
	path := filepath.Join(s.folder, name+".y4m")
	_, err := output(ctx, "ffmpeg", "-v", "error", "-loop", "1", "-framerate", "25", "-i", s.photo, "-filter_complex", filter, "-frames:v", fmt.Sprint(s.frames), path)
	return path, err
}

// output runs a program and gives what it prints, or an error with what it said.
func output(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, said.String())
	}
	return out, nil
}

// told is what classsr tells of a video, as far as it matters here.
type told struct {
	Name            string  `json:"name"`
	Frames          int     `json:"frames"`
	OutWidth        int     `json:"out_width"`
	OutHeight       int     `json:"out_height"`
	Scenes          int     `json:"scenes"`
	Reused          float64 `json:"reused"`
	ClassChanges    float64 `json:"class_changes"`
	MACs            int64   `json:"macs"`
	MACsFull        int64   `json:"macs_full"`
	Seconds         float64 `json:"seconds"`
	FramesPerSecond float64 `json:"frames_per_second"`
	Peak            int64   `json:"peak_rss_mb"`
	// How far the distance from the full network's result changes from frame to frame, in levels of luma on the mean: where it was, and where what is shown has moved to.
	InPlace float64 `json:"flicker_in_place"`
	Along   float64 `json:"flicker_along"`
}

// enlarge enlarges a clip, and gives the path of the result.
func (s settings) enlarge(ctx context.Context, clip, name string, options ...string) (t told, path string, err error) {
	path = filepath.Join(s.folder, strings.ReplaceAll(name, " ", "-")+"-large.y4m")
	args := slices.Concat([]string{"video", "-q", "--json", "--overwrite", "-m", s.model, "-s", fmt.Sprint(s.scale), "-o", path}, options, []string{clip})
	printed, err := output(ctx, s.program, args...)
	if err == nil {
		err = json.Unmarshal(printed, &t)
	}
	t.Name = name
	return t, path, err
}

// played makes an mp4 of a video and gives what ffprobe counts in it, as "1280x720, 100 frames, 4.00 s". What does not decode is an error.
func (s settings) played(ctx context.Context, video string) (string, error) {
	mp4 := strings.TrimSuffix(video, ".y4m") + ".mp4"
	defer func() { _ = os.Remove(mp4) }()
	if _, err := output(ctx, "ffmpeg", "-v", "error", "-xerror", "-y", "-i", video, "-c:v", "mpeg4", "-q:v", "3", mp4); err != nil {
		return "", err
	}
	out, err := output(ctx, "ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=width,height,nb_read_frames,duration", "-of", "json", mp4)
	if err != nil {
		return "", err
	}
	var probed struct {
		Streams []struct {
			Width, Height int
			Frames        json.Number `json:"nb_read_frames"`
			Duration      string
		}
	}
	if err := json.Unmarshal(out, &probed); err != nil {
		return "", err
	}
	if len(probed.Streams) != 1 {
		return "", fmt.Errorf("%s has %d streams", mp4, len(probed.Streams))
	}
	one := probed.Streams[0]
	return fmt.Sprintf("%dx%d, %s frames, %s s", one.Width, one.Height, one.Frames, one.Duration), nil
}
