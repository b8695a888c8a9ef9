package blobs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"classsr/internal/atomicfile"
)

// Sweep removes what nobody needs: what was being received when a server was killed, results that were half written, pictures and results of which
// picture and result say that they are not needed. It counts all others, for Usage. Files that are no Store's stay, and so does what is being
// received or written meanwhile. picture is kept, and asked later about pictures whose removal had to wait; neither function may call the Store.
// Sweep tells how many files it removed and their bytes; it goes on after errors, and returns the first.
func (s *Store) Sweep(picture func(Sum) bool, result func(job string) bool) (files int, bytes int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.needed = picture
	clear(s.pictures)
	clear(s.views)
	clear(s.results)
	s.used = 0
	err = s.each(func(f file) error {
		switch {
		case f.job != "" && result(f.job):
			s.results[f.job] += f.Size()
			s.used += f.Size()
			return nil
		case f.isPicture && (s.pinned[f.sum] > 0 || picture(f.sum)):
			s.pictures[f.sum] = f.Size()
			s.used += f.Size()
			return nil
		case f.isView && s.has(f.sum): // names of views come after those of their pictures
			s.views[f.sum] = f.Size()
			s.used += f.Size()
			return nil
		case f.isUpload && s.incoming[f.Name()]:
			return nil
		}
		if err := os.Remove(filepath.Join(f.folder, f.Name())); err != nil {
			return err
		}
		files++
		bytes += f.Size()
		return nil
	})
	for _, top := range []string{picturesFolder, resultsFolder} {
		folders, listErr := list(filepath.Join(s.folder, top))
		if err == nil {
			err = listErr
		}
		for _, d := range folders {
			if d.IsDir() {
				files += atomicfile.Sweep(filepath.Join(s.folder, top, d.Name()), func(string) bool { return true })
			}
		}
	}
	return files, bytes, err
}

// taken tells how many bytes pictures and results have on the disk.
func (s *Store) taken() (bytes int64, err error) {
	err = s.each(func(f file) error {
		if !f.isUpload {
			bytes += f.Size()
		}
		return nil
	})
	return bytes, err
}

// file is a file of the store: an upload, a picture, its view or of a result.
type file struct {
	fs.FileInfo
	folder    string
	isUpload  bool
	isPicture bool
	isView    bool
	sum       Sum
	job       string
}

// each calls visit for all files that are the store's. It goes on after errors and returns the first. Files that are gone meanwhile are no errors.
func (s *Store) each(visit func(file) error) (first error) {
	note := func(err error) {
		if first == nil && err != nil && !errors.Is(err, fs.ErrNotExist) {
			first = err
		}
	}
	incoming := filepath.Join(s.folder, incomingFolder)
	uploads, err := list(incoming)
	note(err)
	for _, f := range uploads {
		if f.Mode().IsRegular() {
			note(visit(file{FileInfo: f, folder: incoming, isUpload: true}))
		}
	}
	for _, top := range []string{picturesFolder, resultsFolder} {
		folders, err := list(filepath.Join(s.folder, top))
		note(err)
		for _, d := range folders {
			if !d.IsDir() {
				continue
			}
			folder := filepath.Join(s.folder, top, d.Name())
			files, err := list(folder)
			note(err)
			for _, info := range files {
				f := file{FileInfo: info, folder: folder}
				if f.recognise(top, d.Name()) {
					note(visit(f))
				}
			}
		}
	}
	return first
}

// list gives what is in a folder.
func list(folder string) (files []fs.FileInfo, err error) {
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		info, infoErr := e.Info()
		switch {
		case infoErr == nil:
			files = append(files, info)
		case err == nil && !errors.Is(infoErr, fs.ErrNotExist):
			err = infoErr
		}
	}
	return files, err
}

// recognise finds out by its name what a file is, and whether it is the store's.
func (f *file) recognise(top, folder string) bool {
	if !f.Mode().IsRegular() {
		return false
	}
	if top == picturesFolder {
		var err error
		var name string
		name, f.isView = strings.CutSuffix(f.Name(), viewEnding)
		f.sum, err = ParseSum(name)
		f.isPicture = !f.isView
		return err == nil && f.Name()[:2] == folder
	}
	job, ok := ownerOf(f.Name())
	f.job = job
	return ok && job[len(job)-2:] == folder
}

// ownerOf is the job that a file is of.
func ownerOf(name string) (job string, ok bool) {
	job, ending, ok := strings.Cut(name, ".")
	return job, ok && named(job) && allIn(ending, letters+".")
}
