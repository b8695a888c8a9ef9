// Package walk finds files below a folder, in an order that people expect: img2 before img10. It follows links to files but not to folders,
// so that no loop of links is entered. It opens no files.
//
//	left, err := walk.Walk(ctx, "photos", walk.Options{Depth: walk.All, Wanted: isPicture}, func(f walk.Folder) error { ... })
package walk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"classsr/fault"
)

// All as a depth means that there is no limit.
const All = -1

// Options say what is found. What is hidden (its name begins with a dot) never is.
type Options struct {
	// Depth is how many levels of subfolders are entered: 0 for none, All for all.
	Depth int
	// Wanted tells by the name whether a file is of the kind that is looked for.
	Wanted func(name string) bool
	// Match, if not nil, is a pattern that the path of a file below the root must match as a whole.
	Match Patterns
	// Include, if not empty, leaves out files that match none of its patterns; Exclude leaves out files and folders that match one.
	Include, Exclude Patterns
	// Prune, if not nil, tells which folders are not entered.
	Prune func(path string) bool
	// Searching, if not nil, is told now and then how many files were found so far.
	Searching func(found int)
}

// File is a file of a folder. Size is in bytes, Modified in nanoseconds since 1970; those of a link are those of the file it leads to, or 0
// if there is none.
type File struct {
	Name           string
	Size, Modified int64
}

// Folder is a folder with the files that were found directly in it, perhaps none. Below is its path below the root, with slashes; it is
// empty for the root itself.
type Folder struct {
	Path, Below string
	Files       []File
}

// Left counts what was left out.
type Left struct {
	Folders int     // subfolders that lie deeper than Options.Depth
	Links   int     // links to folders
	Errors  []error // one for each subfolder that could not be read
}

// Walk calls visit for the root and the folders below it: each before its subfolders, in natural order. It ends with the first error of
// visit, ctx's error, or one about a root that cannot be read.
func Walk(ctx context.Context, root string, o Options, visit func(Folder) error) (Left, error) {
	w := walker{ctx: ctx, options: o, visit: visit}
	err := w.folder(root, "", 0)
	return w.left, err
}

type walker struct {
	ctx     context.Context
	options Options
	visit   func(Folder) error
	left    Left
	found   int
}

// folder visits a folder and those in it.
func (w *walker) folder(dir, below string, depth int) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	f, subfolders, err := w.read(dir, below)
	if err != nil && depth > 0 {
		w.left.Errors = append(w.left.Errors, err)
		return nil
	}
	if err != nil {
		return err
	}
	if err := w.visit(f); err != nil {
		return err
	}
	if w.options.Depth != All && depth >= w.options.Depth {
		w.left.Folders += len(subfolders)
		return nil
	}
	for _, name := range subfolders {
		if err := w.folder(filepath.Join(dir, name), path.Join(below, name), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// entriesAtOnce bounds how many entries of a folder are in memory besides those that are wanted.
const entriesAtOnce = 4096

// read gives what is wanted of a folder, and its subfolders.
func (w *walker) read(dir, below string) (Folder, []string, error) {
	f := Folder{Path: dir, Below: below}
	d, err := os.Open(dir)
	if err != nil {
		return f, nil, readError(dir, err)
	}
	defer func() { _ = d.Close() }() // nothing was written
	var subfolders []string
	for {
		entries, err := d.ReadDir(entriesAtOnce)
		for _, e := range entries {
			if file, ok := w.file(dir, below, e); ok {
				f.Files = append(f.Files, file)
				w.found++
			} else if w.enters(dir, below, e) {
				subfolders = append(subfolders, e.Name())
			}
		}
		if w.options.Searching != nil {
			w.options.Searching(w.found)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return f, nil, readError(dir, err)
		}
	}
	slices.SortFunc(f.Files, func(a, b File) int { return Natural(a.Name, b.Name) })
	slices.SortFunc(subfolders, Natural)
	return f, subfolders, nil
}

// file gives an entry of a folder if it is a file that is wanted.
func (w *walker) file(dir, below string, e fs.DirEntry) (File, bool) {
	file, o := File{Name: e.Name()}, &w.options
	if hidden(file.Name) || !o.Wanted(file.Name) || !e.Type().IsRegular() && e.Type()&fs.ModeSymlink == 0 {
		return file, false
	}
	name := path.Join(below, file.Name)
	if o.Match != nil && !o.Match.match(name) || len(o.Include) > 0 && !o.Include.Match(name) || o.Exclude.Match(name) {
		return file, false
	}
	info, err := e.Info()
	if err == nil && e.Type()&fs.ModeSymlink != 0 {
		info, err = os.Stat(filepath.Join(dir, file.Name))
	}
	if err != nil { // it vanished, or the link leads nowhere: who reads it will be told
		return file, true
	}
	file.Size, file.Modified = info.Size(), info.ModTime().UnixNano()
	return file, info.Mode().IsRegular()
}

// enters tells whether an entry is a folder to go into. It counts links to folders.
func (w *walker) enters(dir, below string, e fs.DirEntry) bool {
	if hidden(e.Name()) || w.options.Exclude.Match(path.Join(below, e.Name())) {
		return false
	}
	full := filepath.Join(dir, e.Name())
	if e.Type()&fs.ModeSymlink != 0 {
		if info, err := os.Stat(full); err == nil && info.IsDir() {
			w.left.Links++
		}
		return false
	}
	return e.IsDir() && (w.options.Prune == nil || !w.options.Prune(full))
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

// readError names the folder and says why.
func readError(dir string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fmt.Errorf("cannot read the folder %s: %w", dir, fault.Default(fault.Unavailable, err))
}
