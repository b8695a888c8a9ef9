package models

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// inFile begins names of models in files.
const inFile = "sha256:"

// InFile is what a model in a file is called where files have no paths, by the SHA-256 of the file: "sha256:" and 64 hexadecimal digits.
func InFile(sum [sha256.Size]byte) string { return inFile + hex.EncodeToString(sum[:]) }

// FileSum reads what InFile gives; ok is false for everything else.
func FileSum(name string) (sum [sha256.Size]byte, ok bool) {
	digits, ok := strings.CutPrefix(name, inFile)
	b, err := hex.DecodeString(digits)
	if !ok || err != nil || len(b) != len(sum) || hex.EncodeToString(b) != digits {
		return sum, false
	}
	return [sha256.Size]byte(b), true
}
