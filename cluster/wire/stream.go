package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"classsr/fault"
	"classsr/server/blobs"
)

// WritePack writes a pack. open is asked for each file that has bytes, in their order; what it gives is closed. A file that has more or fewer bytes than the
// pack says is an error of kind fault.Damaged, and one of fault.Internal says that the pack holds what no reader takes: nothing is written then. Sums
// are not looked at: who reads does that.
func WritePack(w io.Writer, p Pack, open func(i int) (io.ReadCloser, error)) error {
	head, err := p.header()
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	for i, f := range p.Files {
		if f.Bytes == 0 {
			continue
		}
		if err := writeFile(w, f, func() (io.ReadCloser, error) { return open(i) }); err != nil {
			return fmt.Errorf("cannot send %s of %s: %w", f.Role, f.Task, err)
		}
	}
	return nil
}

func writeFile(w io.Writer, f File, open func() (io.ReadCloser, error)) error {
	r, err := open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // nothing was written
	n, err := io.CopyN(w, r, f.Bytes)
	if err == nil {
		var more int64
		more, err = io.CopyN(io.Discard, r, 1)
		n += more
	}
	if n != f.Bytes && (err == nil || errors.Is(err, io.EOF)) {
		return fault.New(fault.Damaged, "it has not the %d bytes that it had: somebody has changed it", f.Bytes)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// ReadPack reads a pack, which has to be all that r holds. First header is called (nil: it is not), then file for each file, in their order, with a reader that
// ends where the file does. That reader's last error is io.EOF only if the file has the sum that it should have, else it is one of kind fault.Damaged; so what file
// makes of a file counts only when it has seen io.EOF, or when ReadPack has returned nil: what file leaves unread is read and checked as well. Files with an
// Error are given, too, and are empty. Errors of r, header and file are returned as they are.
//
// A pack whose files have more than most bytes together is refused, with an error of kind fault.TooLarge, before anything of them is read. ReadPack
// itself takes memory for the header, at most MostHeader bytes of JSON and what that says, as it comes.
func ReadPack(r io.Reader, most int64, header func(Pack) error, file func(f File, r io.Reader) error) error {
	p, err := readHeader(r)
	if err != nil {
		return err
	}
	if size := p.Size(); size > most {
		return fault.New(fault.TooLarge, "the files of unit %s have %d bytes, at most %d are taken: send fewer of them", p.Unit, size, most)
	}
	if header != nil {
		if err := header(p); err != nil {
			return err
		}
	}
	for _, f := range p.Files {
		one := &part{r: r, left: f.Bytes, file: f, hash: sha256.New()}
		if err := file(f, one); err != nil {
			return err
		}
		if err := one.finish(); err != nil {
			return err
		}
	}
	switch n, err := io.CopyN(io.Discard, r, 1); {
	case n > 0:
		return fault.New(fault.Damaged, "more follows the files of unit %s: send them again", p.Unit)
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// readHeader reads what stands before the files.
func readHeader(r io.Reader) (Pack, error) {
	const what = "the list of a unit's files"
	var head [headBytes]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Pack{}, ended(err, what)
	}
	length := int64(binary.LittleEndian.Uint32(head[:]))
	if length > MostHeader {
		return Pack{}, fault.New(fault.TooLarge, "%s has %d bytes, at most %d are allowed: send fewer files, or again if it was damaged on its way", what, length, MostHeader)
	}
	var text bytes.Buffer // it grows with what comes, whatever the length says
	h := newHash()
	if _, err := io.CopyN(io.MultiWriter(&text, h), r, length); err != nil {
		return Pack{}, ended(err, what)
	}
	if !bytes.Equal(h.Sum(nil), head[4:]) {
		return Pack{}, fault.New(fault.Damaged, "%s was damaged on its way: send it again", what)
	}
	p, err := parsePack(text.Bytes())
	if err != nil {
		kind := fault.Damaged
		if fault.KindOf(err) == fault.TooLarge {
			kind = fault.TooLarge
		}
		return Pack{}, fault.New(kind, "%s cannot be used: %w; see that both machines have the same version of classsr", what, err)
	}
	return p, nil
}

// part is one file of a pack, as a reader.
type part struct {
	r    io.Reader
	left int64
	file File
	hash hash.Hash
	err  error // how it ended
}

// Read implements io.Reader.
func (p *part) Read(b []byte) (n int, err error) {
	if p.err != nil || len(b) == 0 {
		return 0, p.err
	}
	if p.left == 0 {
		p.err = p.end()
		return 0, p.err
	}
	n, err = p.r.Read(b[:min(int64(len(b)), p.left)])
	_, _ = p.hash.Write(b[:n]) // hashes give no errors
	p.left -= int64(n)
	switch {
	case p.left == 0: // what r says beside the last bytes it says again to who goes on
		return n, nil
	case err != nil:
		p.err = ended(err, fmt.Sprintf("%s of %s", p.file.Role, p.file.Task))
	}
	return n, p.err
}

// end says what there is at the end of the file.
func (p *part) end() error {
	f := p.file
	if f.Role == Samples || f.Error != nil {
		return io.EOF
	}
	if got := blobs.Sum(p.hash.Sum(nil)); got != f.Sum {
		return fault.New(fault.Damaged, "%s of %s was damaged on its way: its SHA-256 is %s, not %s; send it again", f.Role, f.Task, got, f.Sum)
	}
	return io.EOF
}

// finish reads what is left.
func (p *part) finish() error {
	if _, err := io.Copy(io.Discard, p); err != nil {
		return err
	}
	if !errors.Is(p.err, io.EOF) {
		return p.err
	}
	return nil
}
