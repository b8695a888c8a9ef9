package wire

import (
	"errors"
	"hash"
	"io"

	"github.com/minio/highwayhash"

	"classsr/fault"
)

// hashBytes is the length of a HighwayHash-256.
const hashBytes = highwayhash.Size

// key is the same everywhere, since the hash is to find accidents, not to prove who made something.
var key = []byte("rows and headers of classsr 1234")

func newHash() hash.Hash {
	h, err := highwayhash.New(key)
	if err != nil {
		panic("wire: the key has not the length that it has to have")
	}
	return h
}

// ended makes the end of what has to go on an error of kind fault.Damaged; other errors, of the disk or the network, stay what they are.
func ended(err error, what string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.New(fault.Damaged, "%s is cut short: send it again", what)
	}
	return err
}
