package check

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Prometheus's own parser reads what the server counts, and its linter finds nothing wrong with the names, units and types.
func TestMetricsAreThoseOfPrometheus(t *testing.T) {
	url := start(t, program(t))
	picture, err := os.ReadFile("../../docs/images/sample.png")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"v1/upscale?fast", "v1/jobs?fast", "v1/upscale?nonsense"} {
		r, err := http.Post(url+path, "image/png", bytes.NewReader(picture))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	var text []byte
	for !bytes.Contains(text, []byte(`classsr_jobs_ended_total{state="done"} 1`)) { // with all that a job counts; go test ends it if that never comes
		text = get(t, url+"metrics")
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	own := 0
	for name, f := range families {
		if !strings.HasPrefix(name, "classsr_") {
			continue
		}
		own++
		if f.GetHelp() == "" || f.GetType() == dto.MetricType_UNTYPED || len(f.GetMetric()) == 0 {
			t.Errorf("%s: help %q, type %s, %d values", name, f.GetHelp(), f.GetType(), len(f.GetMetric()))
		}
		if f.GetType() == dto.MetricType_HISTOGRAM {
			for _, m := range f.GetMetric() {
				h := m.GetHistogram()
				if n := len(h.GetBucket()); n == 0 || h.GetBucket()[n-1].GetCumulativeCount() != h.GetSampleCount() {
					t.Errorf("%s: %v", name, h)
				}
			}
		}
	}
	if own < 20 {
		t.Errorf("%d families", own)
	}
	for _, want := range []string{"classsr_requests_total", "classsr_request_seconds", "classsr_refused_total", "classsr_stage_seconds_total", "classsr_queue_seconds", "classsr_class_pixels_total"} {
		if families[want] == nil {
			t.Errorf("there is no %s", want)
		}
	}
	problems, err := promlint.New(bytes.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	problems = slices.DeleteFunc(problems, func(p promlint.Problem) bool { return !strings.HasPrefix(p.Metric, "classsr_") }) // others are the library's
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
