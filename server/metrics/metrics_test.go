package metrics

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"classsr/fault"
	"classsr/server/jobs"
)

// scrape is an answer of m: its values by name and labels. It fails unless each family is explained once, before its values, which is what Prometheus demands.
func scrape(t *testing.T, m *Metrics) map[string]string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/plain; version=0.0.4") {
		t.Errorf("Content-Type %q", got)
	}
	values, types := map[string]string{}, map[string]string{}
	sample := regexp.MustCompile(`^([a-z_0-9]+)((?:\{.*\})?) (\S+)$`)
	for line := range strings.Lines(w.Body.String()) {
		line = strings.TrimSuffix(line, "\n")
		fields := strings.Fields(line)
		if strings.HasPrefix(line, "# HELP "+prefix) && len(fields) < 4 {
			t.Errorf("no help: %s", line)
		}
		if strings.HasPrefix(line, "# TYPE ") {
			if types[fields[2]] != "" {
				t.Errorf("two types of %s", fields[2])
			}
			types[fields[2]] = fields[3]
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		parts := sample.FindStringSubmatch(line)
		if parts == nil {
			t.Errorf("no sample: %s", line)
			continue
		}
		family := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(parts[1], "")
		if types[parts[1]] == "" && types[family] == "" {
			t.Errorf("no type: %s", line)
		}
		values[parts[1]+parts[2]] = parts[3]
	}
	return values
}

func TestCounts(t *testing.T) {
	gauges := Gauges{
		Jobs: jobs.Stats{States: map[jobs.State]int{jobs.Queued: 3}, Waiting: 7.5}, Memory: 1000, Reserved: 200, Parked: 30, DirectWaiting: 2, Connections: 5, Dropped: 6,
		DiskUsed: 70, DiskFree: 80,
	}
	m := New(`1"\`+"\n", func() Gauges { return gauges })
	scrape(t, m) // with nothing counted
	m.Request("POST /v1/jobs", 202, 0.05, 1000, 10)
	m.Request("POST /v1/jobs", 429, 0.01, 5, 20)
	m.Refused(fault.Busy)
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	m.Ended(jobs.Ended{Job: jobs.Job{State: jobs.Done, Created: created, Started: created.Add(3 * time.Second)}, Spent: 6, Expected: 2})
	m.Ended(jobs.Ended{Job: jobs.Job{State: jobs.Failed, Created: created, Started: created, Error: &jobs.Error{Kind: fault.Damaged}}})
	m.Ended(jobs.Ended{Job: jobs.Job{State: jobs.Cancelled, Created: created}})
	m.Stage("network", 1.5)
	m.Stage("network", -1) // a clock that was set
	m.Pixels(100, 1600)
	m.Class("carn-x4", "hard", 40)
	m.Class("carn-x4", "hard", 2)
	m.Unit("done", 1.5)
	m.Unit("wrong", 0)
	m.Bytes(50, 60)
	gauges.Connections, gauges.Workers = 4, 9
	got := scrape(t, m)
	for name, want := range map[string]string{
		`requests_total{route="POST /v1/jobs",status="202"}`:      "1",
		`requests_total{route="POST /v1/jobs",status="429"}`:      "1",
		`request_seconds_bucket{route="POST /v1/jobs",le="0.02"}`: "1",
		`request_seconds_bucket{route="POST /v1/jobs",le="+Inf"}`: "2",
		`received_bytes_total`:                                    "1005",
		`sent_bytes_total`:                                        "30",
		`refused_total{kind="busy"}`:                              "1",
		`jobs_ended_total{state="done"}`:                          "1",
		`jobs_ended_total{state="failed"}`:                        "1",
		`jobs_ended_total{state="cancelled"}`:                     "1",
		`errors_total{kind="damaged"}`:                            "1",
		`queue_seconds_count`:                                     "2",
		`queue_seconds_sum`:                                       "3",
		`forecast_error_ratio_bucket{le="2"}`:                     "0",
		`forecast_error_ratio_bucket{le="4"}`:                     "1",
		`stage_seconds_total{stage="network"}`:                    "1.5",
		`stage_seconds_total{stage="queue"}`:                      "3",
		`pixels_total{direction="in"}`:                            "100",
		`pixels_total{direction="out"}`:                           "1600",
		`class_pixels_total{model="carn-x4",class="hard"}`:        "42",
		`jobs{state="queued"}`:                                    "3",
		`jobs{state="running"}`:                                   "0",
		`queue_forecast_seconds`:                                  "7.5",
		`memory_budget_bytes`:                                     "1000",
		`memory_reserved_bytes`:                                   "200",
		`memory_parked_bytes`:                                     "30",
		`direct_waiting`:                                          "2",
		`cluster_units_total{outcome="done"}`:                     "1",
		`cluster_units_total{outcome="wrong"}`:                    "1",
		`cluster_unit_seconds_count`:                              "1",
		`cluster_sent_bytes_total`:                                "50",
		`cluster_received_bytes_total`:                            "60",
		`cluster_workers`:                                         "9",
		`connections`:                                             "4",
		`connections_dropped_total`:                               "6",
		`disk_used_bytes`:                                         "70",
		`disk_free_bytes`:                                         "80",
	} {
		if got[prefix+name] != want {
			t.Errorf("%s is %q, want %s", name, got[prefix+name], want)
		}
	}
	if got["go_goroutines"] == "" {
		t.Error("Go tells nothing of the process")
	}
	for name := range helps {
		found := false
		for sample := range got {
			found = found || strings.HasPrefix(sample, prefix+name)
		}
		if !found {
			t.Errorf("there is help for %s, which nothing is called", name)
		}
	}
}
