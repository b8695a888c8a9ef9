package web_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"classsr/fault"
	"classsr/web"
)

func bytesOf(text string) web.Picture {
	return web.Picture{Type: "image/png", Write: func(w io.Writer) error { _, err := io.WriteString(w, text); return err }}
}

func example() web.Comparison {
	layer := bytesOf("map")
	return web.Comparison{
		Title: "<b>a & b</b>", Width: 40, Height: 30, Before: bytesOf("one"), After: bytesOf("two"), Map: &layer,
		Classes: []web.Class{{"simple", 0.75}, {"</script><script>alert(1)</script>", 0.25}},
		Figures: []web.Figure{{"figure.psnr", "30 dB"}, {"<img src=x>", "</script>"}},
	}
}

func write(t *testing.T, c web.Comparison) string {
	t.Helper()
	var b bytes.Buffer
	if err := web.WriteComparison(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// inside gives what is between two texts, which are there once.
func inside(t *testing.T, page, from, to string) string {
	t.Helper()
	if n := strings.Count(page, from); n != 1 {
		t.Fatalf("%q is %d times in the page", from, n)
	}
	_, rest, _ := strings.Cut(page, from)
	found, _, _ := strings.Cut(rest, to)
	return found
}

// Browsers run a script only if it has the hash that the policy names.
func TestPolicyAllowsWhatIsInThePage(t *testing.T) {
	page := write(t, example())
	policy := inside(t, page, `http-equiv="Content-Security-Policy" content="`, `"`)
	for name, content := range map[string]string{
		"script-src": inside(t, page, `<script type="module">`, "</script>"), "style-src": inside(t, page, "<style>", "</style>"),
	} {
		sum := sha256.Sum256([]byte(content))
		if want := name + " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
			t.Errorf("the policy %s does not contain %s", policy, want)
		}
	}
	if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %s", policy)
	}
	if strings.Count(page, "</script>") != 2 {
		t.Error("a script ends early")
	}
	if found := regexp.MustCompile(`(?i)(https?:)?//[a-z]|\bimport\b|\bon[a-z]+="|style="`).FindString(strings.NewReplacer("// ", "", policy, "").Replace(page)); found != "" {
		t.Errorf("the page of one file contains %q", found)
	}
}

func TestPageHoldsPicturesAndTexts(t *testing.T) {
	page := write(t, example())
	for name, content := range map[string]string{"before": "one", "after": "two", "map": "map"} {
		data := inside(t, page, ` `+name+`="data:image/png;base64,`, `"`)
		if got, err := base64.StdEncoding.DecodeString(data); err != nil || string(got) != content {
			t.Errorf("%s holds %q (%v)", name, got, err)
		}
	}
	if title := inside(t, page, "<h1>", "</h1>"); title != "&lt;b&gt;a &amp; b&lt;/b&gt;" {
		t.Errorf("the title is %s", title)
	}
	var data struct {
		Strings map[string]map[string]string
		Figures []web.Figure
		Classes []web.Class
	}
	if err := json.Unmarshal([]byte(inside(t, page, `id="data">`, "</script>")), &data); err != nil {
		t.Fatal(err)
	}
	if data.Strings["zh"]["viewer.before"] == "" || data.Figures[1].Value != "</script>" || data.Classes[0].Share != 0.75 {
		t.Errorf("the page's data are %+v", data)
	}
	without := example()
	without.Map = nil
	if strings.Contains(write(t, without), " map=") {
		t.Error("there is a map though none was given")
	}
}

func TestComparisonErrors(t *testing.T) {
	broken := errors.New("broken")
	c := example()
	c.After.Write = func(io.Writer) error { return broken }
	if err := web.WriteComparison(io.Discard, c); !errors.Is(err, broken) {
		t.Errorf("the error of a picture became %v", err)
	}
	c = example()
	c.Language = "xx"
	if err := web.WriteComparison(io.Discard, c); fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), "en, zh") {
		t.Errorf("language xx: %v", err)
	}
	c = example()
	c.Height = 0
	if err := web.WriteComparison(io.Discard, c); fault.KindOf(err) != fault.Usage {
		t.Errorf("no height: %v", err)
	}
	reader, writer := io.Pipe()
	_ = reader.CloseWithError(broken)
	if err := web.WriteComparison(writer, example()); !errors.Is(err, broken) {
		t.Errorf("the error of the writer became %v", err)
	}
}
