package blobs

import (
	"crypto/sha256"
	"encoding/hex"
	"io"

	"classsr/fault"
	"classsr/internal/regular"
)

// Sum is the SHA-256 of a file's content, which names it.
type Sum [sha256.Size]byte

// String gives 64 lower-case hexadecimal digits.
func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// ParseSum reads what String gives. Errors are of kind fault.Usage.
func ParseSum(text string) (s Sum, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(s) || hex.EncodeToString(b) != text {
		return s, fault.New(fault.Usage, "a picture is named by its SHA-256: 64 digits and small letters from a to f")
	}
	return Sum(b), nil
}

// MarshalText is for JSON.
func (s Sum) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is for JSON.
func (s *Sum) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSum(string(text))
	return err
}

// HashFile gives the SHA-256 of a file, and its bytes.
func HashFile(path string) (sum Sum, size int64, err error) {
	f, err := regular.Open(path)
	if err != nil {
		return sum, 0, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	h := sha256.New()
	size, err = io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, make([]byte, chunk))
	return Sum(h.Sum(nil)), size, err
}
