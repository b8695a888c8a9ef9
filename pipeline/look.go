package pipeline

import (
	"os"

	"classsr/fault"
	"classsr/pipeline/journal"
)

// looker finds out whether a job is to be done.
type looker struct {
	*Pipeline
	work    *Work
	journal *journal.Journal
	keeper  keeper // of the journal
	sources map[journal.Stamp][]*source
	// replaces says that what is up to date is made again, too.
	replaces bool
}

// DoneBefore is why a picture is skipped whose result is up to date.
const DoneBefore = "done before"

// look stamps the picture of a task. It tells why there is nothing to do, or why the job cannot be done.
func (l *looker) look(t *task) (why string, err error) {
	if t.Input != Std {
		info, err := os.Stat(t.Input)
		if err != nil {
			return "", readError(t.Input, err)
		}
		t.source = journal.StampOf(info)
	}
	if t.Output == Std || !Exists(t.Output) {
		return "", nil
	}
	state, thisRun := journal.Unknown, false
	var result journal.Stamp
	if info, err := os.Stat(t.Output); err == nil { // a link may lead nowhere
		result = journal.StampOf(info)
		if t.Input != Std { // where another picture may come each time
			state, thisRun = l.journal.Check(t.Output, result, t.Input, t.source)
		}
	}
	if t.rival != "" && SameFile(t.Output, t.rival) {
		return "", fault.New(fault.Conflict, "%s: its output %s is also that of another picture, %s, since small and capital letters are the same here; enlarge it separately",
			t.Picture(), t.Output, t.rival)
	}
	if state == journal.Unknown {
		if input := l.inputAt(t.Output, result); input != "" {
			return "", fault.New(fault.Conflict, "%s: its output would overwrite the input %s; choose another output with -o", t.Picture(), input)
		}
	}
	switch {
	case state == journal.UpToDate && (thisRun || !l.replaces):
		return DoneBefore, nil
	case l.Overwrite:
		return "", nil
	case l.SkipExisting:
		return t.Output + " exists", nil
	}
	return "", fault.New(fault.Conflict, "%s exists already%s: use --overwrite to replace it or --skip-existing to keep it", t.Output,
		map[journal.State]string{
			journal.OtherPicture: ", made from another picture", journal.PictureChanged: ", and its picture has changed since",
			journal.OtherOptions: ", made with other options",
		}[state])
}

// inputAt gives the path of the input that is the file at path, whose stamp is given, or "" if none is.
func (l *looker) inputAt(path string, s journal.Stamp) string {
	if l.sources == nil {
		l.sources = make(map[journal.Stamp][]*source, l.work.count)
		for i := range l.work.folders {
			for k := range l.work.folders[i].sources {
				in := &l.work.folders[i].sources[k]
				stamp := journal.Stamp{Size: in.file.Size, Modified: in.file.Modified}
				l.sources[stamp] = append(l.sources[stamp], in)
			}
		}
	}
	for _, in := range l.sources[s] {
		if SameFile(in.Path(), path) {
			return in.Path()
		}
	}
	return ""
}
