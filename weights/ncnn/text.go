package ncnn

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"classsr/fault"
)

const (
	// maxText bounds the list of layers: RRDBNet with 23 blocks takes 140 KB.
	maxText = 1 << 20
	// arrayKey is what is taken from keys whose value is a list: -23300 is list 0, -23301 list 1.
	arrayKey = -23300
	// maxKey bounds keys, as in ncnn.
	maxKey = 31
	// firstHint is the first of two settings that any layer may have and that change nothing: the shapes of values for one size of picture, and
	// which kinds of arithmetic ncnn may choose.
	firstHint = 30
	// maxQuoted bounds how much of a name an error shows.
	maxQuoted = 40
)

// line is a line of the text: a layer.
type line struct {
	number          int // from 1
	kind, name      string
	inputs, outputs []string
	settings        map[int]setting
	known           [maxKey + 1]bool // of the settings, those that somebody has asked for
	err             error            // the first one about the settings
}

// setting is the value of a key.
type setting struct {
	texts []string
	list  bool
}

// binaryMagic begins the binary form of the text.
var binaryMagic = []byte{0xdd, 0x85, 0x76, 0x00}

// parse gives the layers of the text. Errors begin with the line.
func parse(text []byte) ([]*line, error) {
	if bytes.HasPrefix(text, binaryMagic) {
		return nil, fault.New(fault.Unsupported, "line 1: it is the binary form of the list of layers: use the text (.param) that it was made from")
	}
	var rows []row
	for i, l := range strings.Split(string(text), "\n") {
		if words := strings.Fields(l); len(words) > 0 {
			rows = append(rows, row{i + 1, words})
		}
	}
	if len(rows) == 0 || rows[0].words[0] != magic {
		return nil, fault.New(fault.Unsupported, "line 1: it does not begin with %s, as lists of layers of ncnn do", magic)
	}
	if len(rows) < 2 || len(rows[1].words) != 2 {
		return nil, errors.New("line 2: it does not give the numbers of layers and values")
	}
	layers, err := strconv.Atoi(rows[1].words[0])
	if err != nil {
		return nil, fmt.Errorf("line %d: %s is no number of layers", rows[1].number, quote(rows[1].words[0]))
	}
	if got := len(rows) - 2; got != layers {
		return nil, fmt.Errorf("line %d: it announces %d layers, but %d follow: the file is cut short or was changed", rows[1].number, layers, got)
	}
	lines := make([]*line, 0, layers)
	for _, r := range rows[2:] {
		l, err := r.parse()
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", r.number, err)
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// row is a line that is not empty.
type row struct {
	number int // from 1
	words  []string
}

// parse reads a layer: kind, name, how many inputs and outputs, their names, then settings.
func (r row) parse() (*line, error) {
	l := &line{number: r.number, settings: map[int]setting{}}
	words := r.words
	if len(words) < 4 {
		return nil, fmt.Errorf("a layer has a kind, a name and the numbers of its inputs and outputs, and this has %d words", len(words))
	}
	l.kind, l.name = words[0], words[1]
	inputs, err1 := strconv.Atoi(words[2])
	outputs, err2 := strconv.Atoi(words[3])
	words = words[4:]
	if err1 != nil || err2 != nil || inputs < 0 || outputs < 0 || inputs > len(words) || outputs > len(words)-inputs {
		return nil, errors.New("it does not name the inputs and outputs that it announces")
	}
	l.inputs, l.outputs = words[:inputs], words[inputs:inputs+outputs]
	for _, word := range words[inputs+outputs:] {
		key, s, err := parseSetting(word)
		if err != nil {
			return nil, err
		}
		if _, twice := l.settings[key]; twice {
			return nil, fmt.Errorf("setting %d is there twice", key)
		}
		l.settings[key] = s
	}
	return l, nil
}

// parseSetting reads 4=1 or -23310=1,0.2, a list that begins with its length.
func parseSetting(word string) (key int, s setting, err error) {
	name, text, ok := strings.Cut(word, "=")
	key, err = strconv.Atoi(name)
	if !ok || err != nil {
		return 0, s, fmt.Errorf("%s is no setting, which is a number, = and a value", quote(word))
	}
	if key > maxKey || key < arrayKey-maxKey || key < 0 && key > arrayKey {
		return 0, s, fmt.Errorf("there is no setting %d", key)
	}
	if key >= 0 {
		return key, setting{texts: []string{text}}, nil
	}
	count, items, _ := strings.Cut(text, ",")
	s = setting{list: true}
	if items != "" {
		s.texts = strings.Split(items, ",")
	}
	if n, err := strconv.Atoi(count); err != nil || n != len(s.texts) {
		return 0, s, fmt.Errorf("the list %s does not have the length that it begins with", quote(word))
	}
	return arrayKey - key, s, nil
}

// fail keeps the first error about the settings.
func (l *line) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// single gives the text of a setting that is no list.
func (l *line) single(key int) (string, bool) {
	s, ok := l.settings[key]
	if !ok || s.list {
		return "", false // a list stays unknown
	}
	l.known[key] = true
	return s.texts[0], true
}

// whole is a setting that is a whole number, or what it is by default.
func (l *line) whole(key, otherwise int) int {
	text, ok := l.single(key)
	if !ok {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		l.fail(fmt.Errorf("setting %d is %s, not a whole number", key, quote(text)))
	}
	return int(n)
}

// number is a setting that is any number.
func (l *line) number32(key int, otherwise float32) float32 {
	text, ok := l.single(key)
	if !ok {
		return otherwise
	}
	return l.parseNumber(key, text)
}

// list is a setting that is a list of numbers.
func (l *line) list(key int) []float32 {
	s, ok := l.settings[key]
	if !ok || !s.list {
		return nil // a number stays unknown
	}
	l.known[key] = true
	numbers := make([]float32, len(s.texts))
	for i, text := range s.texts {
		numbers[i] = l.parseNumber(key, text)
	}
	return numbers
}

func (l *line) parseNumber(key int, text string) float32 {
	v, err := strconv.ParseFloat(text, 32)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		l.fail(fmt.Errorf("setting %d is %s, not a number", key, quote(text)))
	}
	return float32(v)
}

// always allows these settings to be this number only, which they are by default.
func (l *line) always(only int, keys ...int) {
	for _, key := range keys {
		if v := l.number32(key, float32(only)); v != float32(only) {
			l.fail(fault.New(fault.Unsupported, "setting %d is %v, and only %d is read here", key, v, only))
		}
	}
}

// check returns the first error about the settings. All that matter must have been asked for.
func (l *line) check() error {
	for key := range firstHint {
		if s, ok := l.settings[key]; ok && !l.known[key] {
			l.fail(fault.New(fault.Unsupported, "setting %d=%s is not known for a %s", key, quote(strings.Join(s.texts, ",")), l.kind))
		}
	}
	return l.err
}

// quote shows a name of the file in an error.
func quote(s string) string {
	if len(s) > maxQuoted {
		return strconv.Quote(s[:maxQuoted]) + "..."
	}
	return strconv.Quote(s)
}
