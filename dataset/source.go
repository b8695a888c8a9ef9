package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"classsr/fault"
	"classsr/imageio"
	"classsr/internal/par"
	"classsr/internal/regular"
)

// file is a picture file to read.
type file struct {
	path string
	name string // what is stored: the path from its folder on, with slashes
}

// findFiles lists the pictures in folders and all folders below them, in the order of their names; hidden ones are left out.
func findFiles(folders []string) ([]file, error) {
	var files []file
	for _, folder := range folders {
		info, err := os.Stat(folder)
		if err != nil {
			return nil, fmt.Errorf("cannot read the folder: %w", err)
		}
		if !info.IsDir() {
			return nil, fault.New(fault.Usage, "%s is not a folder: give the folder that contains the pictures", folder)
		}
		first := len(files)
		err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			hidden := strings.HasPrefix(d.Name(), ".") && path != folder
			switch {
			case hidden && d.IsDir():
				return fs.SkipDir
			case hidden || d.IsDir() || !imageio.Readable(path):
				return nil
			}
			rel, err := filepath.Rel(folder, path)
			if err != nil {
				return err
			}
			files = append(files, file{path, filepath.ToSlash(filepath.Join(filepath.Base(absolute(folder)), rel))})
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("cannot read the folder: %w", err)
		}
		if len(files) == first {
			return nil, fault.New(fault.Usage, "folder %s contains no pictures", folder)
		}
		slices.SortStableFunc(files[first:], func(a, b file) int { return strings.Compare(a.name, b.name) })
	}
	return files, nil
}

// absolute gives . and .. their names.
func absolute(path string) string {
	if a, err := filepath.Abs(path); err == nil {
		return a
	}
	return path
}

// look gives the sources: what cannot be read, or takes too much memory, is noted, and so is a file whose content is that of an earlier one.
func (p *preparation) look(ctx context.Context) ([]Source, error) {
	sources := make([]Source, len(p.files))
	judged := cutter{Settings: p.Settings, model: p.Model}
	limits := imageio.Limits{Accept: judged.accepts(p.memory)}
	err := par.Do(ctx, p.Threads, len(p.files), func(_, i int) error {
		sources[i].Name = p.files[i].name
		sum, err := hashPicture(p.files[i].path, limits)
		if err != nil {
			sources[i].Error = err.Error()
			return nil
		}
		sources[i].SHA256 = sum
		return nil
	})
	first := map[string]string{}
	for i, s := range sources {
		if name, ok := first[s.SHA256]; ok && s.Error == "" {
			sources[i].Error = "the same file as " + name
			continue
		}
		first[s.SHA256] = s.Name
	}
	return sources, err
}

// hashPicture gives the hash of a file that a picture can be read from. One that only pretends to be a picture is not read to its end, which
// may be far away.
func hashPicture(path string, limits imageio.Limits) (string, error) {
	f, err := regular.Open(path)
	if err != nil {
		return "", cause(err)
	}
	defer func() { _ = f.Close() }() // opened for reading only
	if err := imageio.CheckFile(path, limits); err != nil {
		return "", withoutPath(err)
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", cause(err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
