package pipeline

import (
	"context"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"

	"classsr/fault"
	"classsr/imageio"
	"classsr/pipeline/journal"
	"classsr/pipeline/walk"
)

// Request says which pictures are to be enlarged and where the results go.
type Request struct {
	// Args are files, folders, patterns such as photos/**/*.jpg, or Std.
	Args []string
	// Output is a file, a folder, Std, or empty for results beside each input.
	Output string
	// Naming chooses the names of results.
	Naming Naming
	// AllPages asks for all pages of a file, each to a result of its own, in place of Pipeline.Reading's page. What is read as Std must then
	// be what Rereadable gives.
	AllPages bool
	// Recursive searches subfolders of folders; the results of such go to subfolders of Output.
	Recursive bool
	// Include and Exclude are for what is found in folders and by patterns.
	Include, Exclude walk.Patterns
	// Searching, if not nil, is told now and then how many pictures Find has found so far for an argument.
	Searching func(found int)
}

// Many tells whether these arguments may be more than one picture.
func Many(args []string) bool { return len(args) > 1 || Searched(args) }

// Searched tells whether one of these arguments has to be searched for pictures: a folder or a pattern.
func Searched(args []string) bool {
	for _, arg := range args {
		if arg != Std && (IsFolder(arg) || isPattern(arg)) {
			return true
		}
	}
	return false
}

// isPattern tells whether an argument is a pattern. The name of a file is none, whatever it looks like.
func isPattern(arg string) bool { return walk.IsPattern(arg) && !Exists(arg) }

// IntoFolder tells whether an output is a folder, there already or to be made.
func (r *Request) IntoFolder() bool {
	if r.Output == "" || r.Output == Std {
		return false
	}
	return Many(r.Args) || os.IsPathSeparator(r.Output[len(r.Output)-1]) || IsFolder(r.Output)
}

// Find finds the pictures. What is wrong with some of them is among the Failures of the result; an error is ctx's, or about a pattern that is
// none. It writes nothing.
func (r *Request) Find(ctx context.Context) (*Work, error) {
	f := finder{Request: r, work: &Work{naming: r.Naming, pages: r.AllPages, Searched: Searched(r.Args)}, index: map[string]int{}, into: r.IntoFolder()}
	if len(r.Args) > 1 {
		f.seen = map[uint64]bool{}
	}
	for _, arg := range r.Args {
		var err error
		switch {
		case arg != Std && IsFolder(arg):
			options := walk.Options{}
			if r.Recursive {
				options.Depth = walk.All
			}
			err = f.search(ctx, arg, arg, options)
		case arg != Std && isPattern(arg):
			root, options, splitErr := walk.Split(arg)
			if splitErr != nil {
				return nil, splitErr
			}
			err = f.search(ctx, arg, root, options)
		default:
			f.named(arg)
		}
		if err != nil {
			return nil, err
		}
	}
	return f.work, nil
}

// finder gathers the pictures of a Request.
type finder struct {
	*Request
	work  *Work
	index map[string]int // of the folders of results in work
	into  bool
	seen  map[uint64]bool // pictures that were found; nil if none can be found twice
}

// named takes in a file that was named, or standard input.
func (f *finder) named(arg string) {
	in := source{path: arg}
	if info, err := os.Stat(arg); err == nil && arg != Std {
		in.file.Size, in.file.Modified = info.Size(), info.ModTime().UnixNano()
	}
	switch {
	case f.into:
		k := keeper{}
		if Many(f.Args) || f.AllPages && arg != Std {
			k.folder = f.Output
		}
		f.add(filepath.Clean(f.Output), k, in)
	case f.Output != "":
		f.work.fixed(Job{Input: arg, Output: f.Output}, in)
	case arg == Std:
		f.work.fixed(Job{Input: Std, Output: Std}, in)
	case len(f.Args) > 1 || f.AllPages:
		f.add(filepath.Dir(arg), keeper{folder: filepath.Dir(arg), passing: true}, in)
	default:
		f.add(filepath.Dir(arg), keeper{}, in)
	}
}

// add takes in a picture whose result goes to a folder and is noted by a keeper.
func (f *finder) add(folder string, k keeper, in source) {
	i, ok := f.index[folder]
	if ok && f.work.folders[i].keeper.passing {
		f.work.folders[i].keeper = k // a folder that is searched, too, keeps its journal
	}
	if f.seen != nil && in.Path() != Std {
		h := fnv.New64a()
		_, _ = h.Write([]byte(filepath.Clean(in.Path()))) // a hash never returns an error
		if f.seen[h.Sum64()] {
			return // given before, as a picture that was named beside its folder
		}
		f.seen[h.Sum64()] = true
	}
	if !ok {
		i = len(f.work.folders)
		f.index[folder] = i
		f.work.folders = append(f.work.folders, folderOfResults{path: folder, keeper: k})
	}
	f.work.add(&f.work.folders[i], in)
}

// search takes in the pictures below a folder.
func (f *finder) search(ctx context.Context, arg, root string, o walk.Options) error {
	o.Wanted, o.Include, o.Exclude, o.Searching = imageio.Readable, f.Include, f.Exclude, f.Searching
	root = filepath.Clean(root)
	k := keeper{folder: root}
	if f.into {
		k.folder = f.Output
		if out, err := os.Stat(f.Output); err == nil {
			o.Prune = func(path string) bool {
				info, err := os.Stat(path)
				return err == nil && os.SameFile(info, out)
			}
		}
	}
	results := earlier{besides: SameFile(root, k.folder)}
	found := 0
	left, err := walk.Walk(ctx, root, o, func(folder walk.Folder) error {
		f.work.visited = append(f.work.visited, folder.Path)
		to := folder.Path
		if f.into {
			to = filepath.Join(f.Output, filepath.FromSlash(folder.Below))
		}
		for _, file := range results.without(folder) {
			f.add(to, k, source{dir: folder.Path, file: file})
			found++
		}
		return nil
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && isPattern(arg) && !Exists(root):
		err = fault.New(fault.NotFound, "no picture matches %s: there is no folder %s", arg, root)
	}
	if err != nil {
		left.Errors = append(left.Errors, err)
	}
	for _, err := range left.Errors {
		f.work.Failures = append(f.work.Failures, Failure{Err: err})
	}
	f.account(arg, left, results.dropped, found == 0 && err == nil)
	return nil
}

// account says what was left out of an argument, or that nothing was found.
func (f *finder) account(arg string, left walk.Left, results int, none bool) {
	var parts []string
	part := func(n int, one, more string) {
		if n == 1 {
			parts = append(parts, one)
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf(more, n))
		}
	}
	if isPattern(arg) {
		left.Folders = 0 // which the pattern does not ask for
	}
	part(left.Folders, "a subfolder (--recursive takes it in)", "%d subfolders (--recursive takes them in)")
	part(left.Links, "a link to a folder", "%d links to folders")
	part(results, "a result of an earlier run", "%d results of earlier runs")
	out := strings.Join(parts, ", ")
	switch {
	case none && len(left.Errors) == 0:
		what := "folder " + arg + " contains no pictures"
		if isPattern(arg) {
			what = "no picture matches " + arg
		}
		if out != "" {
			what += "; left out: " + out
		}
		f.work.Failures = append(f.work.Failures, Failure{Err: fault.New(fault.NotFound, "%s", what)})
	case out != "":
		f.work.LeftOut = append(f.work.LeftOut, arg+": left out: "+out)
	}
}

// earlier finds the results of earlier runs among files.
type earlier struct {
	besides  bool // results go beside the pictures that are searched
	journals []*journalBelow
	dropped  int
}

// journalBelow is a journal and the part of the tree that it is about.
type journalBelow struct {
	below   string
	journal *journal.Journal
}

// without leaves out of a folder's files what earlier runs have made: NAME_x4.png where there is a NAME as well, and what a journal knows.
func (e *earlier) without(folder walk.Folder) []walk.File {
	for len(e.journals) > 0 && !isBelow(folder.Below, e.journals[len(e.journals)-1].below) {
		e.journals = e.journals[:len(e.journals)-1]
	}
	// Whoever names a folder of results wants them to be enlarged.
	if folder.Below != "" || e.besides {
		if j, err := journal.Read(folder.Path, journal.Run{}); err == nil && j != nil {
			e.journals = append(e.journals, &journalBelow{folder.Below, j})
		}
	}
	names := newFolderNames(folder.Files)
	kept := folder.Files[:0]
	for _, file := range folder.Files {
		if names.isResult(file.Name) || e.made(filepath.Join(folder.Path, file.Name), file) {
			e.dropped++
			continue
		}
		kept = append(kept, file)
	}
	return kept
}

func (e *earlier) made(path string, file walk.File) bool {
	for _, j := range e.journals {
		if j.journal.Made(path, journal.Stamp{Size: file.Size, Modified: file.Modified}) {
			return true
		}
	}
	return false
}

// isBelow tells whether a path with slashes is that of a folder or below it; "" is above all.
func isBelow(path, folder string) bool {
	return folder == "" || path == folder || strings.HasPrefix(path, folder+"/")
}
