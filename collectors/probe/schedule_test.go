package probe

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"pgregory.net/rapid"
)

// recorder keeps the newest value and the start timestamp of each series, and when the series up and those of runs grew.
type recorder struct {
	mu    sync.Mutex
	value map[string]float64
	start map[string]time.Time
	ups   []time.Time
	runs  []time.Time
}

type recording struct {
	storage.AppenderV2
	*recorder
}

func (r *recorder) AppenderV2(context.Context) storage.AppenderV2 { return recording{recorder: r} }

func (r recording) Append(_ storage.SeriesRef, ls labels.Labels, st, t int64, v float64, _ *histogram.Histogram, _ *histogram.FloatHistogram, _ storage.AOptions) (storage.SeriesRef, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch at := time.UnixMilli(t); ls.Get("__name__") {
	case "up":
		r.ups = append(r.ups, at)
	case RunsMetric:
		if v > r.value[ls.String()] {
			r.runs = append(r.runs, at)
		}
	}
	r.value[ls.String()], r.start[ls.String()] = v, time.UnixMilli(st)
	return 0, nil
}

func (recording) Commit() error { return nil }

// failing is a probe that fails at once, without a network.
func failing(t *testing.T, name, every string) Probe {
	return *parseOne(t, fmt.Sprintf("probes:\n- name: %s\n  service: s\n  every: %s\n  timeout: 1s\n  variables: {none: ''}\n  steps: [{name: a, request: {url: '${none}'}}]\n", name, every))
}

// bubble runs probes with the clock of a bubble and returns what they appended.
func bubble(t *testing.T, during func(p *Prober), probes ...Probe) *recorder {
	t.Helper()
	rec := &recorder{value: map[string]float64{}, start: map[string]time.Time{}}
	synctest.Test(t, func(t *testing.T) {
		p, err := New(Config{Appender: rec, Probes: probes, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()
		during(p)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return rec
}

// Runs come at fixed instants, without drift, and the probe is heard of often enough in between for each minute to be observed.
func TestSchedule(t *testing.T) {
	t.Parallel()
	probe := failing(t, "p", "10m")
	rec := bubble(t, func(*Prober) { time.Sleep(24 * time.Hour) }, probe)
	if len(rec.runs) != 144 {
		t.Errorf("%d runs in a day, want 144", len(rec.runs))
	}
	for i, at := range rec.runs {
		if i > 0 && at.Sub(rec.runs[i-1]) != 10*time.Minute {
			t.Errorf("run %d at %v, the one before at %v", i, at, rec.runs[i-1])
		}
	}
	for i, at := range rec.ups {
		if i > 0 && at.Sub(rec.ups[i-1]) > time.Minute {
			t.Errorf("nothing is heard between %v and %v", rec.ups[i-1], at)
		}
	}
	of := `job="probe", outcome="failure", probe="p", reason="request", service="s"`
	for series, want := range map[string]float64{
		`{__name__="probe_runs_total", instance="p", ` + of + `}`:                                                                                    144,
		`{__name__="probe_steps_total", instance="p", ` + of + `, step="a"}`:                                                                         144,
		`{__name__="probe_runs_total", instance="p", job="probe", outcome="success", probe="p", service="s"}`:                                        0,
		`{__name__="probe_run_duration_seconds_bucket", instance="p", job="probe", le="0.3", outcome="failure", probe="p", service="s"}`:             144,
		`{__name__="probe_run_duration_seconds_count", instance="p", job="probe", outcome="success", probe="p", service="s"}`:                        0,
		`{__name__="probe_step_duration_seconds_bucket", instance="p", job="probe", le="+Inf", outcome="failure", probe="p", service="s", step="a"}`: 144,
		`{__name__="probe_step_duration_seconds_sum", instance="p", job="probe", outcome="failure", probe="p", service="s", step="a"}`:               0,
	} {
		if got, ok := rec.value[series]; !ok || got != want {
			t.Errorf("%s is %v (%v), want %v", series, got, ok, want)
		}
	}
	// A series that comes later than the others does not claim to be as old.
	late := `{__name__="probe_runs_total", instance="p", ` + of + `}`
	if age := rec.runs[0].Sub(rec.start[late]); age <= 0 || age > heartbeat {
		t.Errorf("the counter of failures begins %v before the first", age)
	}
}

// Probes of one interval do not run all at once.
func TestProbesAreSpread(t *testing.T) {
	t.Parallel()
	var probes []Probe
	for i := range 20 {
		probes = append(probes, failing(t, fmt.Sprintf("p%d", i), "1m"))
	}
	rec := bubble(t, func(*Prober) { time.Sleep(time.Minute) }, probes...)
	halves := [2]int{}
	for _, at := range rec.runs {
		halves[at.Second()/30]++
	}
	if len(rec.runs) != 20 || halves[0] < 4 || halves[1] < 4 {
		t.Errorf("%d runs, by half minute %v", len(rec.runs), halves)
	}
}

// Each instant of the grid comes exactly once, wherever the clock stands.
func TestAfter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := Probe{
			Name:  rapid.StringMatching("[a-z]{1,9}").Draw(t, "name"),
			Every: time.Duration(rapid.Int64Range(int64(minEvery), int64(maxEvery)).Draw(t, "every")),
		}
		at := time.Unix(0, rapid.Int64Range(1e18, 2e18).Draw(t, "at"))
		next := p.after(at)
		if wait := next.Sub(at); wait <= 0 || wait > p.Every {
			t.Fatalf("the next run after %v is %v later", at, wait)
		}
		if again := p.after(next); again.Sub(next) != p.Every {
			t.Fatalf("the run after that at %v is %v later", next, again.Sub(next))
		}
		if before := p.after(next.Add(-1)); !before.Equal(next) {
			t.Fatalf("just before %v the next run is %v", next, before)
		}
	})
}

// A reload leaves alone what stays, also its schedule; the health knows what there is.
func TestApply(t *testing.T) {
	t.Parallel()
	stays, goes, comes := failing(t, "stays", "1h"), failing(t, "goes", "1h"), failing(t, "comes", "1h")
	rec := bubble(t, func(p *Prober) {
		time.Sleep(2 * time.Hour)
		if err := p.Apply([]Probe{comes, comes}); err == nil {
			t.Error("two probes of one name are applied")
		}
		if err := p.Apply([]Probe{failing(t, "stays", "1h"), comes}); err != nil {
			t.Error(err)
		}
		if h := p.Health(); len(h) != 2 || h[0].Name != "comes" || h[0].Health != Unknown || h[1].Health != Down || h[1].Reason != BadRequest || h[1].Step != "a" || h[1].LastRun.IsZero() {
			t.Errorf("%+v", h)
		}
		time.Sleep(2 * time.Hour)
	}, stays, goes)
	for name, want := range map[string]float64{"stays": 4, "goes": 2, "comes": 2} {
		series := fmt.Sprintf(`{__name__="probe_runs_total", instance=%q, job="probe", outcome="failure", probe=%q, reason="request", service="s"}`, name, name)
		if got := rec.value[series]; got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
}

// A definition is the same if it does the same: its place in the file is no part of it, its files and secrets are.
func TestSameDefinition(t *testing.T) {
	t.Parallel()
	const text = "probes:\n- name: p\n  service: s\n  steps:\n  - {name: a, request: {url: 'http://a/${env:KEY}'}, expect: {json: {x: 1}}}\n"
	base := parseOne(t, text).print
	if parseOne(t, "# moved\n"+text).print != base {
		t.Error("a comment makes another probe")
	}
	for _, other := range []string{"x: 2", "x: '1'", "y: 1"} {
		if parseOne(t, text[:len(text)-8]+other+"}}}\n").print == base {
			t.Errorf("with %s it is the same", other)
		}
	}
}
