package link

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// Messages are JSON after their length, four bytes with the lowest first.
const (
	// MaxRequest bounds what the helper reads: bands of large pictures say where classes lie. MaxReply bounds what classsr reads.
	MaxRequest = 32 << 20
	MaxReply   = 1 << 20
)

// Write writes a message, in one piece.
func Write(w io.Writer, message any) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	framed := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body)))
	_, err = w.Write(append(framed, body...))
	return err
}

// Read reads a message of at most so many bytes. It returns io.EOF if there is none, and another error if there is only a part of one, or what is none.
func Read(r io.Reader, most int, message any) error {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return err
	}
	n := binary.LittleEndian.Uint32(length[:])
	if int64(n) > int64(most) {
		return fmt.Errorf("a message of %d bytes, where %d are allowed", n, most)
	}
	// Memory is taken as bytes come, not as they are announced.
	body, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err != nil {
		return err
	}
	if len(body) < int(n) {
		return io.ErrUnexpectedEOF
	}
	return json.Unmarshal(body, message)
}
