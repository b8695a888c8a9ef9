// Package metrics counts what the server does, and tells it to Prometheus. Labels never come from a request: they are routes by their patterns, statuses,
// kinds of errors, and names of built-in models and their classes.
package metrics

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"

	"github.com/VictoriaMetrics/metrics"

	"classsr/fault"
	"classsr/server/jobs"
)

// Gauges is what is so now, as opposed to what is counted.
type Gauges struct {
	Jobs jobs.Stats
	// Memory is the budget in bytes, what is reserved of it, and what is parked for the next picture.
	Memory, Reserved, Parked int64
	DirectWaiting            int   // small pictures that wait for their turn
	Connections              int   // that are open
	Dropped                  int64 // connections that were closed because there were too many
	DiskUsed, DiskFree       int64 // bytes
	Workers                  int   // other machines that can be given work
}

// Metrics is all counts of a server. It is safe for concurrent use.
type Metrics struct {
	set *metrics.Set

	mu    sync.Mutex // of an answer that is being made
	stats func() Gauges
	now   Gauges // as stats gave them for that answer
}

// New makes counts that are all zero. stats is asked for each answer.
func New(version string, stats func() Gauges) *Metrics {
	metrics.ExposeMetadata(true)
	m := &Metrics{set: metrics.NewSet(), stats: stats}
	m.gauge("build_info"+labels("version", version, "go", runtime.Version()), func(Gauges) float64 { return 1 })
	for _, state := range []jobs.State{jobs.Queued, jobs.Running, jobs.Done, jobs.Failed, jobs.Cancelled} {
		m.gauge("jobs"+labels("state", string(state)), func(g Gauges) float64 { return float64(g.Jobs.States[state]) })
		if state.Over() {
			m.count("jobs_ended_total", "state", string(state)) // so that a rate can be asked for before the first one
		}
	}
	m.gauge("queue_forecast_seconds", func(g Gauges) float64 { return g.Jobs.Waiting })
	m.gauge("memory_budget_bytes", func(g Gauges) float64 { return float64(g.Memory) })
	m.gauge("memory_reserved_bytes", func(g Gauges) float64 { return float64(g.Reserved) })
	m.gauge("memory_parked_bytes", func(g Gauges) float64 { return float64(g.Parked) })
	m.gauge("direct_waiting", func(g Gauges) float64 { return float64(g.DirectWaiting) })
	m.gauge("connections", func(g Gauges) float64 { return float64(g.Connections) })
	m.gauge("disk_used_bytes", func(g Gauges) float64 { return float64(g.DiskUsed) })
	m.gauge("disk_free_bytes", func(g Gauges) float64 { return float64(g.DiskFree) })
	m.gauge("cluster_workers", func(g Gauges) float64 { return float64(g.Workers) })
	return m
}

// prefix begins the names of all that is counted here.
const prefix = "classsr_"

// labels writes pairs of names and values as a metric has them.
func labels(pairs ...string) string {
	if len(pairs) == 0 {
		return ""
	}
	var all []string
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, pairs[i]+`="`+escape.Replace(pairs[i+1])+`"`)
	}
	return "{" + strings.Join(all, ",") + "}"
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func (m *Metrics) gauge(name string, value func(Gauges) float64) {
	m.set.NewGauge(prefix+name, func() float64 { return value(m.now) })
}

func (m *Metrics) count(name string, pairs ...string) *metrics.Counter {
	return m.set.GetOrCreateCounter(prefix + name + labels(pairs...))
}

func (m *Metrics) sum(name string, pairs ...string) *metrics.FloatCounter {
	return m.set.GetOrCreateFloatCounter(prefix + name + labels(pairs...))
}

func (m *Metrics) histogram(bounds []float64, name string, pairs ...string) *metrics.PrometheusHistogram {
	return m.set.GetOrCreatePrometheusHistogramExt(prefix+name+labels(pairs...), bounds)
}

// Upper bounds of histograms: seconds of requests and of waiting, and how many times as long as forecast a job took.
var (
	requestBounds = []float64{0.005, 0.02, 0.1, 0.5, 2, 10, 60}
	queueBounds   = []float64{0.1, 1, 5, 20, 60, 300, 1200, 3600}
	unitBounds    = []float64{0.1, 0.5, 2, 5, 10, 30, 120, 600}
	ratioBounds   = []float64{0.1, 0.25, 0.5, 0.8, 1.25, 2, 4, 10}
)

// Request counts an answer: its route as a pattern, its status, the seconds that it took, and the bytes of both bodies.
func (m *Metrics) Request(route string, status int, seconds float64, in, out int64) {
	m.count("requests_total", "route", route, "status", fmt.Sprint(status)).Inc()
	m.histogram(requestBounds, "request_seconds", "route", route).Update(seconds)
	m.count("received_bytes_total").AddInt64(in)
	m.count("sent_bytes_total").AddInt64(out)
}

// Refused counts a request that was answered with an error.
func (m *Metrics) Refused(kind fault.Kind) { m.count("refused_total", "kind", string(kind)).Inc() }

// Ended counts a job that is over.
func (m *Metrics) Ended(e jobs.Ended) {
	m.count("jobs_ended_total", "state", string(e.State)).Inc()
	if e.Error != nil {
		m.count("errors_total", "kind", string(e.Error.Kind)).Inc()
	}
	if e.Started.IsZero() { // cancelled before
		return
	}
	waited := max(e.Started.Sub(e.Created).Seconds(), 0) // clocks may be set
	m.histogram(queueBounds, "queue_seconds").Update(waited)
	m.Stage("queue", waited)
	if e.State == jobs.Done && e.Expected > 0 {
		m.histogram(ratioBounds, "forecast_error_ratio").Update(e.Spent / e.Expected)
	}
}

// Stage counts seconds that were spent on a part of the work: decode, route, network, encode, hash or queue.
func (m *Metrics) Stage(stage string, seconds float64) {
	m.sum("stage_seconds_total", "stage", stage).Add(max(seconds, 0))
}

// Pixels counts the pixels of a picture and of its result.
func (m *Metrics) Pixels(in, out int64) {
	m.count("pixels_total", "direction", "in").AddInt64(in)
	m.count("pixels_total", "direction", "out").AddInt64(out)
}

// Class counts pixels of pictures that went through a class of a model.
func (m *Metrics) Class(model, class string, pixels int64) {
	m.count("class_pixels_total", "model", model, "class", class).AddInt64(pixels)
}

// contentType is that of Prometheus's text format.
const contentType = "text/plain; version=0.0.4; charset=utf-8"

// Handler answers with all counts in Prometheus's text format, and with what Go and the system tell of the process.
func (m *Metrics) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		text := m.text()
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(text) // who does not listen any more is not told
	})
}

func (m *Metrics) text() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.stats()
	m.count("connections_dropped_total").Set(uint64(max(m.now.Dropped, 0)))
	var all bytes.Buffer
	m.set.WritePrometheus(&all)
	metrics.WriteProcessMetrics(&all)
	return explain(all.Bytes())
}

// explain puts help behind the names that have none, as the library writes them.
func explain(text []byte) []byte {
	var b bytes.Buffer
	for line := range bytes.Lines(text) {
		name, found := bytes.CutPrefix(bytes.TrimSuffix(line, []byte("\n")), []byte("# HELP "+prefix))
		if help := helps[string(name)]; found && help != "" {
			line = []byte("# HELP " + prefix + string(name) + " " + help + "\n")
		}
		b.Write(line)
	}
	return b.Bytes()
}

// Unit counts a unit of a cluster that is over for a worker, by its outcome: done, twice, failed, wrong or lost. seconds are those that computing took.
func (m *Metrics) Unit(outcome string, seconds float64) {
	m.count("cluster_units_total", "outcome", outcome).Inc()
	if outcome == "done" {
		m.histogram(unitBounds, "cluster_unit_seconds").Update(max(seconds, 0))
	}
}

// Bytes counts what was sent to workers and came from them.
func (m *Metrics) Bytes(sent, received int64) {
	m.count("cluster_sent_bytes_total").AddInt64(sent)
	m.count("cluster_received_bytes_total").AddInt64(received)
}
