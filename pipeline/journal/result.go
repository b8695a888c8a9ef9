package journal

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// State says how a result stands to the picture that it would be made from.
type State int

const (
	// Unknown means that the journal knows nothing of the file, or that somebody else has written it since.
	Unknown State = iota
	// UpToDate means that it would be made again from the same picture with the same options.
	UpToDate
	// OtherPicture means that it was made from a file of another name.
	OtherPicture
	// PictureChanged means that the picture was written since.
	PictureChanged
	// OtherOptions means that it was made with other options.
	OtherOptions
)

// Check compares a result, as it is now, with a picture. thisRun tells, of one that is UpToDate, that it was made in the run that goes on:
// this one, or one before it with the same options that did not come to its end.
func (j *Journal) Check(output string, result Stamp, input string, source Stamp) (s State, thisRun bool) {
	e, ok := j.find(output)
	switch {
	case !ok || !result.near(e.Result):
		return Unknown, false
	case e.source != key(j.relative(input)):
		return OtherPicture, false
	case e.Source != source:
		return PictureChanged, false
	case optionsOf(j.runs[e.like]) != optionsOf(j.runs[j.current]):
		return OtherOptions, false
	}
	return UpToDate, j.running && e.run == j.run
}

// near tells whether a result is as it was noted. Its time may be a little later, since some network drives set it when a file is closed.
func (s Stamp) near(noted Stamp) bool {
	late := s.Modified - noted.Modified
	return s.Size == noted.Size && late >= 0 && late < int64(closing)
}

// closing is how long a file may take to be closed.
const closing = 3 * time.Second

// Made tells whether a file is a result as some run has made it.
func (j *Journal) Made(output string, result Stamp) bool {
	e, ok := j.find(output)
	return ok && result.near(e.Result)
}

func (j *Journal) find(output string) (e Entry, ok bool) {
	if j == nil {
		return e, false
	}
	e, ok = j.entries[key(j.relative(output))]
	return e, ok
}

// Done notes a result that is on disk, but has not got its name yet.
func (j *Journal) Done(output string, result Stamp, input string, source Stamp) error {
	if j == nil || j.file == nil {
		return nil
	}
	out, in := j.relative(output), j.relative(input)
	line := fmt.Sprintf("done %s %s\n", fileText(out, result), fileText(in, source))
	if !j.begun {
		line = "run " + j.runs[j.current] + "\n" + line
	}
	if err := j.write(line); err != nil {
		return err
	}
	if !j.begun {
		j.begun, j.running = true, true
		j.run++
	}
	j.entries[key(out)] = Entry{Result: result, Source: source, source: key(in), like: j.current, run: j.run}
	return nil
}

// fileText is a file as lines have it.
func fileText(name string, s Stamp) string { return fmt.Sprintf("%q %d %d", name, s.Size, s.Modified) }

// End notes that the run has come to its end.
func (j *Journal) End() error {
	if j == nil || j.file == nil || !j.begun {
		return nil
	}
	if err := j.write("end\n"); err != nil {
		return err
	}
	j.begun, j.running = false, false
	j.passed = !slices.ContainsFunc(j.runs[1:], func(line string) bool { return !strings.Contains(line, " passing=true ") })
	return nil
}

// syncEvery is how often lines are put on disk. A kill loses none, since the system has them; a power cut loses those since then, whose
// results are told of as existing already. To put each on disk takes about as long as enlarging a small picture.
const syncEvery = time.Second

// write adds lines.
func (j *Journal) write(lines string) error {
	start, err := j.file.Seek(0, io.SeekCurrent)
	if err == nil && start == 0 {
		lines = header + lines
	}
	if err == nil {
		_, err = j.file.WriteString(lines)
	}
	if err == nil && time.Since(j.synced) > syncEvery {
		j.synced = time.Now()
		err = j.file.Sync()
	}
	if err != nil {
		// Half a line is taken back, so that a later one does not continue it.
		_ = j.file.Truncate(start)
		_, _ = j.file.Seek(start, io.SeekStart)
		return writeError(j.file.Name(), err)
	}
	return nil
}

// Close gives the journal up to other runs. One without a line is removed, and one of passing runs that came to their end.
func (j *Journal) Close() {
	if j == nil {
		return
	}
	if j.file != nil {
		info, err := j.file.Stat()
		_ = j.file.Sync() // who needs this most, after a power cut, is not there to be told
		_ = j.file.Close()
		if err == nil && (info.Size() == 0 || j.passed) {
			_ = os.Remove(j.file.Name())
		}
	}
	j.unlock()
}
