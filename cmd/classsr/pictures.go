package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"classsr/imageio"
)

// stdStream stands for standard input or output.
const stdStream = "-"

const pngFormat = "png"

// pictureJob is a picture to enlarge and where it goes.
type pictureJob struct{ input, output string }

// planJobs finds the pictures behind the arguments and names their outputs. What cannot be done is returned as errors; the
// rest can still be done.
func planJobs(args []string, output string, scale int) (jobs []pictureJob, failed []error) {
	inputs, failed := expand(args)
	intoFolder := len(args) > 1 || strings.HasSuffix(output, "/") || isFolder(args[0])
	if info, err := os.Stat(output); err == nil && info.IsDir() {
		intoFolder = true
	}
	if output != "" && output != stdStream && intoFolder && len(inputs) > 0 {
		if err := os.MkdirAll(output, 0o755); err != nil {
			return nil, append(failed, fmt.Errorf("cannot make the output folder: %w", err))
		}
	}
	from := map[string]string{} // the input of each output
	for _, input := range inputs {
		out := output
		switch {
		case output == "" && input == stdStream:
			out = stdStream
		case output == "":
			out = enlargedName(input, scale)
		case output != stdStream && intoFolder:
			out = filepath.Join(output, filepath.Base(enlargedName(input, scale)))
		}
		if first, taken := from[out]; taken {
			failed = append(failed, fmt.Errorf("%s: its output %s would be that of %s too; enlarge it on its own with -o", input, out, first))
			continue
		}
		from[out] = input
		if i := slices.IndexFunc(inputs, func(other string) bool { return sameFile(other, out) }); i >= 0 {
			failed = append(failed, fmt.Errorf("%s: its output would overwrite the input %s; name another with -o", input, inputs[i]))
			continue
		}
		jobs = append(jobs, pictureJob{input, out})
	}
	return jobs, failed
}

// expand replaces folders by the pictures in them.
func expand(args []string) (inputs []string, failed []error) {
	for _, arg := range args {
		if !isFolder(arg) {
			inputs = append(inputs, arg)
			continue
		}
		found, err := imageio.List(arg)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		found = withoutEnlarged(found)
		if len(found) == 0 {
			failed = append(failed, fmt.Errorf("folder %s holds no pictures (PNG, JPEG, WebP or TIFF)", arg))
		}
		inputs = append(inputs, found...)
	}
	return inputs, failed
}

// withoutEnlarged leaves out the results of earlier runs: NAME_x2.png, NAME_x3.png, ... where there is a NAME as well.
func withoutEnlarged(paths []string) []string {
	results := map[string]bool{}
	for _, p := range paths {
		for scale := 2; scale <= 8; scale++ {
			results[enlargedName(p, scale)] = true
		}
	}
	return slices.DeleteFunc(paths, func(p string) bool { return results[p] })
}

// enlargedName is where the enlarged picture goes by default.
func enlargedName(input string, scale int) string {
	if input == stdStream {
		input = "stdin"
	}
	return fmt.Sprintf("%s_x%d.png", strings.TrimSuffix(input, filepath.Ext(input)), scale)
}

// decode reads a picture from a file or standard input.
func decode(in io.Reader, path string, limits imageio.Limits) (*imageio.Decoded, error) {
	if path != stdStream {
		return imageio.DecodeFile(path, limits)
	}
	decoded, err := imageio.DecodeReader(in, limits)
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return decoded, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
