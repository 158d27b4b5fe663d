package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"plimsoll/incidents"
	incidentsapi "plimsoll/incidents/api"
	"plimsoll/slo"
	"plimsoll/slo/api"
)

// failureServer answers for one objective and for incidents of the last days, some of which do not count.
func failureServer(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(v); err != nil {
			t.Error(err)
		}
	}
	mux.HandleFunc("GET /v1/objectives/db/reads", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, api.Detail{Objective: api.Objective{
			Key: "db/reads", Window: "30d", SLI: 0.998, Target: 999_000_000, Method: slo.Occurrences, Condition: slo.Healthy, Events: api.Events{Good: 998, Total: 1000, Bad: 2},
		}})
	})
	mux.HandleFunc("GET /v1/objectives/db/silent", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, api.Detail{Objective: api.Objective{Key: "db/silent", Window: "30d", SLI: 1, Method: slo.Occurrences}})
	})
	mux.HandleFunc("GET /v1/incidents", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("service") != "transcoder" {
			t.Errorf("asked for %s", r.URL)
		}
		var list incidentsapi.IncidentList
		for n, of := range []struct {
			title          string
			days, toDetect int
			state          incidents.State
			drill          bool
		}{
			{"Transcoding STOPS", 0, 10, incidents.Resolved, false},
			{"Search is slow", 8, 20, incidents.Resolved, false},
			{"transcoding stops, declared late", 400, 90, incidents.Resolved, false},
			{"transcoding stops: a mistake", 20, 90, incidents.Cancelled, false},
			{"transcoding stops: a part of another", 30, 90, incidents.Merged, false},
			{"transcoding stops, as we practise", 40, 90, incidents.Resolved, true},
			{"transcoding stops again", 64, 30, incidents.Resolved, false},
			{"transcoding stops, long ago", 512, 90, incidents.Resolved, false},
		} {
			declared := time.Now().AddDate(0, 0, -of.days)
			in := incidents.Incident{Ref: incidents.Ref(9 - n), Title: of.title, Services: []string{"transcoder"}, State: of.state, Drill: of.drill,
				Times: incidents.Times{Started: declared.Add(-time.Duration(of.toDetect) * time.Minute), Detected: declared, Declared: declared}}
			list.Incidents = append(list.Incidents, incidentsapi.Incident{Incident: in})
		}
		answer(w, list)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func typeFailure(t *testing.T, url string, args ...string) (code int, out, errs string) {
	t.Helper()
	var cmd failureCmd
	var o, e bytes.Buffer
	parser, err := kong.New(&cmd, kong.Name("failure"), kong.Writers(&o, &e), kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(args)
	if err == nil {
		err = parsed.Run(&cli{Ctx: t.Context(), Out: &o, Err: &e, Output: "table", flags: &commands{URL: url, Token: "t"}})
	}
	return report(&e, err), o.String(), e.String()
}

// TestFailureFromWhatWasMeasured takes the probability of a leaf from an objective, and ratings from incidents.
func TestFailureFromWhatWasMeasured(t *testing.T) {
	t.Parallel()
	url, dir := failureServer(t), t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	modes := func(scales string) string {
		return scales + `
modes:
- {item: transcoder, mode: stops, effect: no film, cause: memory, rated: {severity: 7, occurrence: 2, detection: 2}, observed: {service: transcoder, title: transcoding stops}}
- {item: disk, mode: full, effect: no upload, cause: growth, rated: {severity: 5, occurrence: 3, detection: 3}}
`
	}
	for _, s := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"linked", []string{"tree", file("linked.yaml", "top: g\ngates: {g: {or: [a, b]}}\nevents: {a: {objective: db/reads}, b: {probability: 0.5}}\n")}, 0, "P(g) = 0.501 exactly"},
		{"its source", []string{"tree", file("source.yaml", "top: a\nevents: {a: {objective: db/reads}}\n")}, 0, "db/reads over 30d: 99.800 %"},
		{"without data", []string{"tree", file("silent.yaml", "top: a\nevents: {a: {objective: db/silent}}\n")}, 1, "nothing was seen in its window of 30d"},
		{"both", []string{"tree", file("both.yaml", "top: a\nevents: {a: {objective: db/reads, probability: 0.5}}\n")}, 1, "events.a: has a probability and an objective"},
		{"unknown", []string{"tree", file("unknown.yaml", "top: a\nevents: {a: {objective: db/writes}}\n")}, 1, "measure db/writes"},
		// Two incidents in 100 days are 7.3 a year; they took 10 and 30 minutes to detect, so 20 in the median.
		{"observed", []string{"fmea", file("modes.yaml", modes("")), "--observed", "--since", "100d"}, 0, "transcoder: stops  2          7.3     2  5          20 min            2  4"},
		{"own scales", []string{"fmea", file("own.yaml", modes("scales: {occurrence: [{perYear: 1, rating: 8}], detection: [{within: 1m, rating: 3}]}")), "--observed", "--since", "100d"}, 0,
			"transcoder: stops  2          7.3     2  8          20 min            2  10"},
		{"wrong scales", []string{"fmea", file("wrong.yaml", modes("scales: {occurrence: [{perYear: 1, rating: 8}, {perYear: 2, rating: 11}]}"))}, 1,
			"scales.occurrence[1].perYear: must be less than the 1 above it, found 2\nscales.occurrence[1].rating: must be 1 to 10, found 11"},
		{"wrong age", []string{"fmea", filepath.Join(dir, "modes.yaml"), "--observed", "--since", "soon"}, 1, `--since: "soon" is not an age`},
	} {
		t.Run(s.name, func(t *testing.T) {
			code, out, errs := typeFailure(t, url, s.args...)
			if code != s.code || !strings.Contains(out+errs, s.says) {
				t.Errorf("exit %d:\n%s%s\nwant %d with %q", code, out, errs, s.code, s.says)
			}
		})
	}
}
