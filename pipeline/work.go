package pipeline

import (
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"classsr/fault"
	"classsr/imageio"
	"classsr/pipeline/walk"
)

// Work is the pictures to enlarge, folder of results by folder of results. Per picture it takes about 100 bytes; the paths of results are
// made when their turn comes.
type Work struct {
	// Failures has what cannot be done, Run tells its watcher of it.
	Failures []Failure
	// LeftOut says in one line for each argument what was not taken in.
	LeftOut []string
	// Searched says that folders or patterns were searched.
	Searched bool

	naming  Naming
	pages   bool // all pages of a file are enlarged, rather than one
	folders []folderOfResults
	visited []string // folders that were searched
	count   int
	bytes   int64
}

// Failure is a picture that was not enlarged. Its Job is empty for a folder, and without an output if the picture got no name for its result.
type Failure struct {
	Job
	Err error
}

// Reason is why, without the name of the picture, which stands elsewhere or means nothing to whoever reads it.
func (f Failure) Reason() string {
	text := f.Err.Error()
	if f.Input == "" {
		return text
	}
	file := Job{Input: f.Input}.Picture()
	for _, beginning := range []string{f.Picture() + ": ", file + ": ", "cannot read " + file + ": "} {
		if reason, ok := strings.CutPrefix(text, beginning); ok {
			return reason
		}
	}
	return text
}

// source is a picture, which was named by path, or found in the folder dir.
type source struct {
	path, dir string
	file      walk.File
}

// Path is the path of the picture.
func (s *source) Path() string {
	if s.path != "" {
		return s.path
	}
	return filepath.Join(s.dir, s.file.Name)
}

// name is the last part of the path.
func (s *source) name() string {
	switch s.path {
	case "":
		return s.file.Name
	case Std:
		return "stdin"
	}
	return filepath.Base(s.path)
}

// folderOfResults is a folder and the pictures whose results go there. With a fixed job it is just this.
type folderOfResults struct {
	path    string
	keeper  keeper // of the results
	fixed   *Job
	sources []source
}

// keeper is a folder whose journal has results; empty for none. One that is passing is there only to go on after a kill.
type keeper struct {
	folder  string
	passing bool
}

// NewWork makes Work of given jobs.
func NewWork(jobs ...Job) *Work {
	w := &Work{}
	for _, j := range jobs {
		w.fixed(j, source{path: j.Input})
	}
	return w
}

// Len is the number of pictures.
func (w *Work) Len() int { return w.count }

// Resumable tells whether all results are noted in journals, so that a run that was stopped goes on.
func (w *Work) Resumable() bool {
	return len(w.folders) > 0 && !slices.ContainsFunc(w.folders, func(f folderOfResults) bool { return f.keeper.folder == "" })
}

// fixed takes in a picture whose result has a given path.
func (w *Work) fixed(j Job, in source) {
	w.folders = append(w.folders, folderOfResults{path: filepath.Dir(j.Output), fixed: &j})
	w.add(&w.folders[len(w.folders)-1], in)
}

func (w *Work) add(f *folderOfResults, in source) {
	f.sources = append(f.sources, in)
	w.count++
	w.bytes += in.file.Size
}

// First gives the first job, an empty one if there is none.
func (w *Work) First() (first Job) {
	for i := range w.folders {
		for _, j := range w.folders[i].jobs(w.naming) {
			return j.Job
		}
	}
	return first
}

// Input is a picture to make forecasts for, read as is wanted. Results have the ending that the picture's would have.
type Input struct {
	Path    string
	Reading imageio.Options
	ending  string
}

// Inputs gives all pictures.
func (w *Work) Inputs() iter.Seq[Input] {
	return func(yield func(Input) bool) {
		for i := range w.folders {
			for k := range w.folders[i].sources {
				in := &w.folders[i].sources[k]
				if !yield(Input{Path: in.Path(), ending: w.naming.ending(in.name(), in.path == "")}) {
					return
				}
			}
		}
	}
}

// wanted is a name that results may want: what comes before and after the suffix.
type wanted struct{ stem, ending string }

// jobs gives the jobs of a folder, each with the index of its source. Sources whose names differ only in their endings keep these in the
// names of the results: a.png and a.tif become a_png_x4.png and a_tif_x4.png. An error, with a job that has no output, is about a result that
// would be another one's, too.
func (f *folderOfResults) jobs(n Naming) iter.Seq2[int, namedJob] {
	return func(yield func(int, namedJob) bool) {
		if f.fixed != nil {
			yield(0, namedJob{Job: *f.fixed})
			return
		}
		names, folded := chooseNames(f.sources, n), make(map[uint64]int32, len(f.sources)) // who has a name in small letters, from 1 on
		for i := range f.sources {
			in := &f.sources[i]
			w, first := names.of(in)
			j := namedJob{Job: Job{Input: in.Path(), Output: filepath.Join(f.path, n.name(w.stem, w.ending))}, name: w, names: names}
			if first != nil {
				j.err = fault.New(fault.Conflict, "%s: its output %s is also the output of %s; enlarge it separately and name its output with -o",
					j.Picture(), j.Output, Job{Input: first.Path()}.Picture())
				j.Output = ""
			}
			key := pathID(strings.ToLower(w.stem + w.ending))
			if other := folded[key]; other > 0 {
				name, _ := names.wish(&f.sources[other-1])
				j.setRival(name, n)
			} else if first == nil {
				folded[key] = int32(i + 1)
			}
			if !yield(i, j) {
				return
			}
		}
	}
}

// namedJob is a job, or why it cannot be.
type namedJob struct {
	Job
	err   error
	name  wanted
	names *chosenNames // in its folder; nil if the name of the result was given
	// other is the name of a picture before it that differs in capital letters only, rival the output of that.
	other wanted
	rival string
}

// setRival notes such a name.
func (j *namedJob) setRival(other wanted, n Naming) {
	if j.other = other; other != (wanted{}) {
		j.rival = filepath.Join(filepath.Dir(j.Output), n.name(other.stem, other.ending))
	}
}

// page is the job of one of so many pages of the picture.
func (j namedJob) page(page, pages int) namedJob {
	j.Page = page
	w, n := j.name, j.names.naming.ofPage(page, pages)
	j.Output = filepath.Join(filepath.Dir(j.Output), n.name(w.stem, w.ending))
	j.setRival(j.other, n)
	if w.stem += pageName(page, pages); j.names.short[w]+j.names.long[w] > 0 {
		j.err = fault.New(fault.Conflict, "%s: the output of its page %d, %s, is also that of another picture; enlarge it separately, into another folder with -o",
			j.Input, page, j.Output)
		j.Output = ""
	}
	return j
}

// chosenNames knows which names several sources of a folder would want.
type chosenNames struct {
	naming      Naming
	short, long map[wanted]int     // how many want a name, without and with their endings in it
	taken       map[wanted]*source // who got a name that several may want
}

func chooseNames(sources []source, n Naming) *chosenNames {
	c := &chosenNames{n, make(map[wanted]int, len(sources)), map[wanted]int{}, map[wanted]*source{}}
	for i := range sources {
		c.short[c.shortName(&sources[i])]++
	}
	for i := range sources {
		if c.short[c.shortName(&sources[i])] > 1 {
			c.long[c.longName(&sources[i])]++
		}
	}
	return c
}

func (c *chosenNames) shortName(in *source) wanted {
	return wanted{stem(in.name()), c.naming.ending(in.name(), in.path == "")}
}

func (c *chosenNames) longName(in *source) wanted {
	return wanted{stemWithEnding(in.name()), c.naming.ending(in.name(), in.path == "")}
}

// wish gives the name that a source's result wants, and whether nobody else wants it.
func (c *chosenNames) wish(in *source) (w wanted, only bool) {
	w = c.shortName(in)
	if c.short[w] == 1 {
		return w, true
	}
	if long := c.longName(in); filepath.Ext(in.name()) != "" && c.long[long] == 1 && c.short[long] == 0 {
		return long, true
	}
	return w, false
}

// of gives the name of a source's result, and who has got it already.
func (c *chosenNames) of(in *source) (w wanted, first *source) {
	w, only := c.wish(in)
	if only {
		return w, nil
	}
	if first = c.taken[w]; first == nil {
		c.taken[w] = in
	}
	return w, first
}
