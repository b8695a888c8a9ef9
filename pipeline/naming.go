package pipeline

import (
	"fmt"
	"hash/fnv"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"classsr/imageio"
	"classsr/pipeline/walk"
)

// Naming chooses the names of results: NAME_x4.png for NAME.jpg.
type Naming struct {
	// Suffix stands between the picture's name and the ending, such as _x4.
	Suffix string
	// Ending is that of all results, such as .jpg. If it is empty, what is found in folders and by patterns stays JPEG or TIFF if it ends like
	// one; all other results are PNG.
	Ending string
}

// Enlarged is the Naming of pictures of a size, NAME_x4.ENDING for x4 (Pipeline.SizeName).
func Enlarged(size, ending string) Naming { return Naming{"_" + size, ending} }

// ofPage is the Naming of one of so many pages of a file: NAME_p002_x4.png.
func (n Naming) ofPage(page, pages int) Naming {
	n.Suffix = pageName(page, pages) + n.Suffix
	return n
}

// pageName has three digits, or more where there are more pages, so that names are in the order of the pages.
func pageName(page, pages int) string {
	return fmt.Sprintf("_p%0*d", max(3, len(strconv.Itoa(pages))), page)
}

// ending gives the ending of a result; found says that its picture was found in a folder or by a pattern.
func (n Naming) ending(name string, found bool) string {
	switch {
	case n.Ending != "":
		return n.Ending
	case found && slices.Contains([]string{".jpg", ".jpeg"}, strings.ToLower(filepath.Ext(name))):
		return ".jpg"
	case found && slices.Contains([]string{".tif", ".tiff"}, strings.ToLower(filepath.Ext(name))):
		return ".tif" // which holds floating point and places on Earth
	}
	return ".png"
}

// longestName is the longest name of a file, in bytes, that usual file systems take.
const longestName = 255

// name puts a name together. A stem that would be too long is cut and gets a checksum, so that different ones stay different.
func (n Naming) name(stem, ending string) string {
	most := longestName - len(n.Suffix) - len(ending)
	if len(stem) > most {
		h := fnv.New32a()
		_, _ = h.Write([]byte(stem)) // a hash never returns an error
		cut := most - len("~") - 2*h.Size()
		for !utf8.RuneStart(stem[cut]) && cut > most/2 {
			cut--
		}
		stem = fmt.Sprintf("%s~%08x", stem[:cut], h.Sum32())
	}
	return stem + n.Suffix + ending
}

// stem is a name without its ending.
func stem(name string) string { return strings.TrimSuffix(name, filepath.Ext(name)) }

// stemWithEnding makes a.jpg to a_jpg, so that its result gets another name than that of a.png.
func stemWithEnding(name string) string {
	return stem(name) + "_" + strings.TrimPrefix(filepath.Ext(name), ".")
}

// folderNames knows the names in a folder, to tell results of earlier runs from others.
type folderNames struct {
	files []walk.File
	names map[string]bool // names, and these without their endings; nil until they are asked for
}

func newFolderNames(files []walk.File) *folderNames { return &folderNames{files: files} }

// isResult tells whether a name is that of the result of another file in the folder, such as a_x4.png, a_jpg_x4.png or a_p002_x4.png of a.jpg.
func (f *folderNames) isResult(name string) bool {
	source, suffix := cutSuffix(stem(name))
	if suffix == "" {
		return false
	}
	if _, err := imageio.FormatOf(name); err != nil {
		return false
	}
	if f.names == nil {
		f.names = make(map[string]bool, 2*len(f.files))
		for _, file := range f.files {
			f.names[file.Name], f.names[stem(file.Name)] = true, true
		}
	}
	if f.isOf(name, source, suffix) {
		return true
	}
	parts := pageInName.FindStringSubmatch(source)
	return parts != nil && f.isOf(name, parts[1], parts[2]+suffix)
}

// isOf tells whether a name is that of the result of a file whose name gave the part before the suffix.
func (f *folderNames) isOf(name, source, suffix string) bool {
	if f.names[source] {
		return true
	}
	if i := strings.LastIndexByte(source, '_'); i > 0 && f.names[source[:i]+"."+source[i+1:]] {
		return true
	}
	return strings.Contains(source, "~") && slices.ContainsFunc(f.files, func(file walk.File) bool {
		return Naming{Suffix: suffix}.name(stem(file.Name), filepath.Ext(name)) == name
	})
}

// sizeInName is the end of a stem that says a size, as scaling.Target.String writes it.
var sizeInName = regexp.MustCompile(`^(.+)(_(?:x[0-9]+(?:\.[0-9]+)?|[wh][0-9]+|[0-9]+x[0-9]+|[0-9.]+mp))$`)

// pageInName is the end of a stem that says a page, as pageName writes it.
var pageInName = regexp.MustCompile(`^(.+)(_p[0-9]{3,})$`)

// cutSuffix takes a suffix such as _x4, _x2.5 or _3840x2160 off a stem; it is empty if there is none.
func cutSuffix(stem string) (source, suffix string) {
	if parts := sizeInName.FindStringSubmatch(stem); parts != nil && parts[2] != "_x1" { // which says the number of a picture rather
		return parts[1], parts[2]
	}
	return stem, ""
}
