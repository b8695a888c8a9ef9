package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"classsr/fault"
)

// Message is what Encode and Decode know.
type Message interface {
	Unit | Beat | Tell
	check() error
	most() int
	what() string
}

// Encode gives a message as JSON. An error, of kind fault.Internal, says that it holds what the other end would refuse.
func Encode[M Message](m M) ([]byte, error) {
	err := m.check()
	var b []byte
	if err == nil {
		b, err = json.Marshal(m)
	}
	if err == nil && len(b) > m.most() {
		err = fmt.Errorf("it has %d bytes, at most %d are sent", len(b), m.most())
	}
	if err != nil {
		return nil, fault.New(fault.Internal, "cannot send %s: %w", m.what(), err)
	}
	return b, nil
}

// Decode reads what Encode gives, and nothing else. Errors are of kind fault.Damaged.
func Decode[M Message](b []byte) (m M, err error) {
	if len(b) > m.most() {
		err = fmt.Errorf("it has %d bytes, at most %d are allowed", len(b), m.most())
	} else if err = strictly(b, &m); err == nil {
		err = m.check()
	}
	if err != nil {
		var none M
		return none, fault.New(fault.Damaged, "%s that came from another machine cannot be used: %w; see that both have the same version of classsr", m.what(), err)
	}
	return m, nil
}

// strictly reads one value of JSON. Fields that it does not know are errors, and so is what follows.
func strictly(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows its end")
	}
	return nil
}

func (Unit) what() string { return "a unit" }
func (Beat) what() string { return "a worker's beat" }
func (Tell) what() string { return "a message to a worker" }
func (Unit) most() int    { return MostUnit }
func (Beat) most() int    { return MostMessage }
func (Tell) most() int    { return MostMessage }

func (u Unit) check() error {
	switch {
	case u.Kind != Pictures && u.Kind != Rows:
		return fmt.Errorf("there are no units of kind %q", short(string(u.Kind)))
	case u.Attempt < 0 || u.Bytes < 0 || !positive(u.Seconds):
		return errors.New("a number of it is negative")
	}
	return errors.Join(checkName("unit", u.ID), checkName("epoch", u.Epoch))
}

func (b Beat) check() error {
	if b.Seq < 0 || b.RSS < 0 || !positive(b.Waiting) {
		return errors.New("a number of it is negative")
	}
	for _, h := range b.Has {
		if err := checkName("unit", h.Unit); err != nil {
			return err
		}
		switch h.Stage {
		case Waiting, Fetching, Computing, Sending:
		default:
			return fmt.Errorf("there is no stage %q", short(string(h.Stage)))
		}
		if h.Attempt < 0 || !(h.Share >= 0 && h.Share <= 1) {
			return fmt.Errorf("attempt %d of unit %s, of which %g are done, cannot be", h.Attempt, h.Unit, h.Share)
		}
	}
	for model, speed := range b.Speeds {
		if err := checkText("model", model); err != nil {
			return err
		}
		if !positive(speed) {
			return fmt.Errorf("%g is no speed", speed)
		}
	}
	return errors.Join(checkName("worker", b.Worker), checkName("epoch", b.Epoch))
}

func (t Tell) check() error {
	for _, unit := range t.Drop {
		if err := checkName("unit", unit); err != nil {
			return err
		}
	}
	for unit, row := range t.Until {
		if err := checkName("unit", unit); err != nil {
			return err
		}
		if row < 0 {
			return fmt.Errorf("there is no row %d", row)
		}
	}
	return nil
}

// positive tells whether a number is a finite one, 0 or above.
func positive(v float64) bool { return v >= 0 && v <= math.MaxFloat64 }

// named tells whether a text can name something of a cluster: it may be part of a file's name or of a subject.
func named(text string) bool {
	return text != "" && len(text) <= mostName && strings.Trim(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_") == "" && utf8.ValidString(text)
}

func checkName(of, text string) error {
	if !named(text) {
		return fmt.Errorf("%q is no name of a%s %s: it has to have 1 to %d letters, digits, - and _", short(text), article(of), of, mostName)
	}
	return nil
}

func article(of string) string {
	if strings.ContainsRune("aeio", rune(of[0])) {
		return "n"
	}
	return ""
}

// checkText is about texts for people, on one line.
func checkText(of, text string) error {
	if len(text) > mostText || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return fmt.Errorf("its %s is no text on one line of at most %d bytes: %q", of, mostText, short(text))
	}
	return nil
}

// short is what a message of ours may repeat of a text of others.
func short(text string) string {
	const most = 40
	if len(text) > most {
		text = text[:most] + "..."
	}
	return strings.ToValidUTF8(text, "?")
}
