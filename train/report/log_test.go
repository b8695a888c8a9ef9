package report

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestEventsSurviveTheLog(t *testing.T) {
	folder := t.TempDir()
	want := fakeRun()
	// In two parts, as a resumed run does it, with a line between them that was cut in writing.
	writeLog(t, folder, want[:100])
	path := filepath.Join(folder, LogName)
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(`{"time":"` + strings.Repeat("x", 10000)); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	writeLog(t, folder, want[100:])
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%d events became %d, or others", len(want), len(got))
	}
}

func TestReadPassesOverACutLastLine(t *testing.T) {
	var log bytes.Buffer
	for _, e := range fakeRun()[:5] {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		log.Write(append(line, '\n'))
	}
	whole := log.Bytes()
	lines := 0
	for n := range len(whole) + 1 {
		if n > 0 && whole[n-1] == '\n' {
			lines++
		}
		events, err := Read(bytes.NewReader(whole[:n]))
		if err != nil || len(events) != lines {
			t.Fatalf("cut after %d bytes: %d events, error %v; want %d events", n, len(events), err, lines)
		}
	}
}

func TestReadNamesADamagedLine(t *testing.T) {
	good := `{"time":"2026-11-24T08:00:00Z","kind":"step","stage":1}` + "\n"
	for _, bad := range []string{"{\"kind\":\"st\n", "\x00\x00\n", "null\n", "{}\n", "[]\n", `{"kind":3}` + "\n"} {
		_, err := Read(strings.NewReader(good + bad + good))
		if err == nil || !strings.Contains(err.Error(), "line 2 ") {
			t.Errorf("%q: error %v, want one that names line 2", bad, err)
		}
	}
	if events, err := Read(strings.NewReader(good + "\n" + good)); err != nil || len(events) != 2 {
		t.Errorf("an empty line: %d events, error %v", len(events), err)
	}
}

func TestLogRefusesNumbersThatAreNotFinite(t *testing.T) {
	folder := t.TempDir()
	log, err := OpenLog(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	err = log.Write(Event{Kind: KindStep, Losses: map[string]float64{LossPixel: math.NaN()}})
	if err == nil || !strings.Contains(err.Error(), "warning") {
		t.Errorf("error %v, want one that says what to log instead", err)
	}
	if info, err := os.Stat(filepath.Join(folder, LogName)); err != nil || info.Size() != 0 {
		t.Errorf("the log was written to: %v", err)
	}
	if _, err := OpenLog(filepath.Join(folder, "absent")); err == nil {
		t.Error("a folder that does not exist gives no error")
	}
}

func writeLog(t *testing.T, folder string, events []Event) {
	t.Helper()
	log, err := OpenLog(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if err := log.Write(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}
