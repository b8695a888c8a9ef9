package metadata

// Latin1 makes text of bytes of Latin-1, which stand for the characters of the same numbers.
func Latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, v := range b {
		runes[i] = rune(v)
	}
	return string(runes)
}

// ToLatin1 gives text in Latin-1, if it has no other characters.
func ToLatin1(s string) ([]byte, bool) {
	var out []byte
	for _, r := range s {
		if r > 0xff {
			return nil, false
		}
		out = append(out, byte(r))
	}
	return out, true
}
