package walk

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Natural compares names as people order them: numbers by their values (img2 before img10), letters whatever their case. Names that are the
// same in this respect are ordered by their bytes, so that only equal names compare as 0.
func Natural(a, b string) int {
	restA, restB := a, b
	for restA != "" && restB != "" {
		var c int
		if digit(restA[0]) && digit(restB[0]) {
			var numberA, numberB string
			numberA, restA = cutNumber(restA)
			numberB, restB = cutNumber(restB)
			c = cmp.Or(cmp.Compare(len(numberA), len(numberB)), cmp.Compare(numberA, numberB))
		} else if restA[0] < utf8.RuneSelf && restB[0] < utf8.RuneSelf { // the usual case, fast
			c = cmp.Compare(lower(restA[0]), lower(restB[0]))
			restA, restB = restA[1:], restB[1:]
		} else {
			runeA, sizeA := utf8.DecodeRuneInString(restA)
			runeB, sizeB := utf8.DecodeRuneInString(restB)
			c = cmp.Compare(unicode.ToLower(runeA), unicode.ToLower(runeB))
			restA, restB = restA[sizeA:], restB[sizeB:]
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(restA), len(restB)), strings.Compare(a, b))
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		b += 'a' - 'A'
	}
	return b
}

func digit(b byte) bool { return '0' <= b && b <= '9' }

// cutNumber splits off the digits that a text begins with, without zeros before them.
func cutNumber(text string) (number, rest string) {
	end := 0
	for end < len(text) && digit(text[end]) {
		end++
	}
	return strings.TrimLeft(text[:end], "0"), text[end:]
}
