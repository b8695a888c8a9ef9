// Command pack puts a folder into an archive, .tar.gz or .zip, whose bytes follow from the files' names, contents and rights to execute alone:
//
//	pack -time SECONDS OUT.tar.gz|OUT.zip FOLDER
package main

import (
	"archive/tar"
	"archive/zip"
	"compress/flate"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"classsr/internal/atomicfile"
)

func main() {
	seconds := flag.Int64("time", 0, "the time that all files get, in `SECONDS` since 1970")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "pack: give an archive to write and a folder")
		os.Exit(2)
	}
	if err := pack(flag.Arg(0), flag.Arg(1), time.Unix(*seconds, 0).UTC()); err != nil {
		fmt.Fprintf(os.Stderr, "pack: %v\n", err)
		os.Exit(1)
	}
}

// writer takes the files of an archive in their order.
type writer interface {
	// add begins the entry of a file or, with a name that ends in a slash, a folder. What is written to the result is the file's content.
	add(name string, size int64, mode fs.FileMode, at time.Time) (io.Writer, error)
	Close() error
}

// pack writes what is below a folder, and the folder itself by its name, into an archive. All get the same time.
func pack(name, folder string, at time.Time) error {
	var begin func(io.Writer) writer
	switch {
	case strings.HasSuffix(name, ".tar.gz"):
		begin = newTar
	case strings.HasSuffix(name, ".zip"):
		begin = newZip
	default:
		return fmt.Errorf("%s: the archive's name must end in .tar.gz or .zip", name)
	}
	return atomicfile.Write(name, true, func(to io.Writer) error {
		w := begin(to)
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error { // in the order of names
			if err != nil {
				return err
			}
			inside, err := filepath.Rel(filepath.Dir(folder), path)
			if err != nil {
				return err
			}
			return addFile(w, filepath.ToSlash(inside), path, d, at)
		})
		return errors.Join(err, w.Close())
	})
}

// addFile adds a file, or a folder without what is in it.
func addFile(w writer, inside, path string, d fs.DirEntry, at time.Time) error {
	if d.IsDir() {
		_, err := w.add(inside+"/", 0, fs.ModeDir|0o755, at)
		return err
	}
	info, err := d.Info()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no ordinary file", path)
	}
	mode := fs.FileMode(0o644)
	if info.Mode()&0o100 != 0 {
		mode = 0o755
	}
	to, err := w.add(inside, info.Size(), mode, at)
	if err != nil {
		return err
	}
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // it was read only
	_, err = io.Copy(to, from)
	return err
}

type tarWriter struct {
	*tar.Writer
	compressed *gzip.Writer
}

func newTar(to io.Writer) writer {
	compressed, err := gzip.NewWriterLevel(to, gzip.BestCompression)
	if err != nil {
		panic("pack: gzip has no such level")
	}
	return tarWriter{tar.NewWriter(compressed), compressed}
}

func (w tarWriter) add(name string, size int64, mode fs.FileMode, at time.Time) (io.Writer, error) {
	kind := byte(tar.TypeReg)
	if mode.IsDir() {
		kind = tar.TypeDir
	}
	return w, w.WriteHeader(&tar.Header{Typeflag: kind, Name: name, Size: size, Mode: int64(mode.Perm()), ModTime: at, Format: tar.FormatPAX})
}

func (w tarWriter) Close() error { return errors.Join(w.Writer.Close(), w.compressed.Close()) }

type zipWriter struct{ *zip.Writer }

func newZip(to io.Writer) writer {
	w := zip.NewWriter(to)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestCompression) })
	return zipWriter{w}
}

func (w zipWriter) add(name string, _ int64, mode fs.FileMode, at time.Time) (io.Writer, error) {
	h := zip.FileHeader{Name: name, Method: zip.Deflate, Modified: at}
	if mode.IsDir() {
		h.Method = zip.Store
	}
	h.SetMode(mode)
	return w.CreateHeader(&h)
}
