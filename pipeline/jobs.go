package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"classsr/fault"
	"classsr/imageio"
)

// Std as the name of an input or output stands for standard input or standard output.
const Std = "-"

// Job is a picture to enlarge: the path of its file and that of the result. Std in place of a path is a standard stream.
type Job struct{ Input, Output string }

// Jobs finds the pictures that arguments name (files, folders, Std) and chooses paths for their results. output is a file, a folder, Std,
// or empty for a name beside each input, such as NAME_x4.png. Inputs in one folder whose names differ only in their endings keep these in
// the names of the results: a.jpg and a.png become a_jpg_x4.png and a_png_x4.png. Folders that results go into are made. failed has an
// error for each input that cannot be enlarged or would overwrite something; the jobs for the others can still be done.
func Jobs(args []string, output string, scale int) (jobs []Job, failed []error) {
	inputs, failed := Expand(args)
	intoFolder := len(args) > 1 || strings.HasSuffix(output, "/") || IsFolder(args[0]) || IsFolder(output)
	name := func(input string, scale int) string {
		switch {
		case output == "" && input == Std:
			return Std
		case output == "":
			return EnlargedName(input, scale)
		case output != Std && intoFolder:
			return filepath.Join(output, filepath.Base(EnlargedName(input, scale)))
		}
		return output
	}
	if err := makeFolder(output, intoFolder, len(inputs)); err != nil {
		return nil, append(failed, err)
	}
	inputs = withoutRepeats(inputs)
	short, long := map[string]int{}, map[string]int{} // how many inputs may want an output
	for _, input := range inputs {
		short[name(input, scale)]++
		long[name(withEndingInName(input), scale)]++
	}
	from := map[string]string{} // the input of each output
	for _, input := range inputs {
		out, longer := name(input, scale), name(withEndingInName(input), scale)
		if filepath.Ext(input) != "" && short[out] > 1 && long[longer] == 1 && short[longer] == 0 { // a.jpg and a.png
			out = longer
		}
		if first, taken := from[out]; taken {
			failed = append(failed, fault.New(fault.Conflict,
				"%s: its output %s is also the output of %s; enlarge it separately and name its output with -o", input, out, first))
			continue
		}
		from[out] = input
		if i := slices.IndexFunc(inputs, func(other string) bool { return SameFile(other, out) }); i >= 0 {
			failed = append(failed, fault.New(fault.Conflict, "%s: its output would overwrite the input %s; choose another output with -o", input, inputs[i]))
			continue
		}
		jobs = append(jobs, Job{input, out})
	}
	return jobs, failed
}

// withoutRepeats leaves out inputs that were given before, such as a picture that was named beside its folder. Standard input can be read
// only once, which is told when it is read again.
func withoutRepeats(inputs []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(inputs, func(input string) bool {
		again := input != Std && seen[filepath.Clean(input)]
		seen[filepath.Clean(input)] = true
		return again
	})
}

// makeFolder makes the folder that results go into.
func makeFolder(output string, intoFolder bool, inputs int) error {
	if output == "" || output == Std || inputs == 0 {
		return nil
	}
	if !intoFolder {
		output = filepath.Dir(output)
	}
	if err := os.MkdirAll(output, 0o755); err != nil {
		return fmt.Errorf("cannot make the output folder: %w", err)
	}
	return nil
}

// Expand replaces folders by the picture files in them, without results of earlier runs. failed has an error for each folder that cannot be
// read or contains no pictures.
func Expand(args []string) (inputs []string, failed []error) {
	for _, arg := range args {
		if !IsFolder(arg) {
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
			failed = append(failed, fault.New(fault.NotFound, "folder %s contains no pictures (PNG, JPEG, WebP or TIFF)", arg))
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
			results[EnlargedName(p, scale)] = true
			results[EnlargedName(withEndingInName(p), scale)] = true
		}
	}
	return slices.DeleteFunc(paths, func(p string) bool { return results[p] })
}

// EnlargedName is the default path of the enlarged picture: NAME_x4.png beside it for scale 4; stdin_x4.png for Std.
func EnlargedName(input string, scale int) string {
	if input == Std {
		input = "stdin"
	}
	return fmt.Sprintf("%s_x%d.png", strings.TrimSuffix(input, filepath.Ext(input)), scale)
}

// withEndingInName makes a.jpg to a_jpg.jpg, so that its result gets another name than that of a.png.
func withEndingInName(input string) string {
	ending := filepath.Ext(input)
	return strings.TrimSuffix(input, ending) + "_" + strings.TrimPrefix(ending, ".") + ending
}

// IsFolder tells whether a folder exists at this path.
func IsFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Exists tells whether a file, folder or link exists at this path.
func Exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// SameFile tells whether two paths lead to the same existing file.
func SameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// SamePath tells whether two paths are the same but for the way they are written (a/../b and b); an empty b is never the same.
func SamePath(a, b string) bool { return b != "" && filepath.Clean(a) == filepath.Clean(b) }
