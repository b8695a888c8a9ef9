package main

import (
	"strings"
	"testing"

	"classsr/pipeline"
	"classsr/server"
)

func TestDoctorAndTheTerminal(t *testing.T) {
	for _, tt := range []struct {
		terminal terminal
		level    server.Level
		text, do string
	}{
		{terminal{}, server.OK, "standard error is not one", ""},
		{terminal{is: true, columns: 120}, server.OK, "120 columns, UTF-8; a bar shows progress", ""},
		{terminal{is: true, columns: 40}, server.Warn, "40 columns, UTF-8; progress is shown without a bar", "60 columns wide"},
		{terminal{is: true}, server.Warn, "80 columns are assumed", "stty cols"},
		{terminal{is: true, columns: 120, coding: "de_DE.ISO-8859-1"}, server.Warn, "(de_DE.ISO-8859-1)", "LC_ALL=C.UTF-8"},
		{terminal{is: true, columns: 20, coding: "C"}, server.Warn, "20 columns", "for the bar; `export"},
	} {
		f := tt.terminal.finding()
		if f.Name != "terminal" || f.Level != tt.level || !strings.Contains(f.Text, tt.text) || !strings.Contains(f.Do, tt.do) || (f.Do == "") != (tt.do == "") {
			t.Errorf("%+v: %+v", tt.terminal, f)
		}
	}
}

// What the doctor says of the bar is what happens.
func TestTheBarFits(t *testing.T) {
	for columns, want := range map[int]bool{barFits: true, barFits - 10: false} {
		p, out, wait := clock(true)
		p.width = func() int { return columns }
		p.start("photograph.jpg", pipeline.Position{Count: 1, Size: 10, All: 10})
		wait(10e9)
		p.update(500_000, 1_000_000)
		if strings.Contains(out.String(), "[=") != want {
			t.Errorf("%d columns: %q", columns, out.String())
		}
	}
}

func TestLocalesWithoutUTF8(t *testing.T) {
	for _, tt := range []struct {
		system               string
		lcAll, lcCtype, lang string
		want                 string
	}{
		{"linux", "", "", "en_US.UTF-8", ""}, {"linux", "", "", "de_DE.utf8", ""}, {"linux", "", "C.UTF-8", "C", ""}, {"darwin", "", "UTF-8", "", ""},
		{"linux", "C", "C.UTF-8", "C.UTF-8", "C"}, {"linux", "", "", "de_DE.ISO-8859-1", "de_DE.ISO-8859-1"}, {"linux", "", "", "", "C, since"}, {"windows", "", "", "", ""},
	} {
		variables := map[string]string{"LC_ALL": tt.lcAll, "LC_CTYPE": tt.lcCtype, "LANG": tt.lang}
		got := otherCoding(tt.system, func(name string) string { return variables[name] })
		if !strings.HasPrefix(got, tt.want) || (got == "") != (tt.want == "") {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}
