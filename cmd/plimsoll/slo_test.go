package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/httpapi"
	"plimsoll/slo"
	"plimsoll/slo/api"
	reportapi "plimsoll/slo/report/api"
	"plimsoll/slo/slotest"
)

// budgetServer serves two objectives, one of them overspent, and returns its address.
func budgetServer(t *testing.T) string {
	t.Helper()
	at := time.Date(2026, 11, 25, 12, 0, 30, 0, time.UTC)
	now := func() time.Time { return at }
	child := slotest.Objective("video-api", "availability{route=\"/videos\"}", "API answers", 999_000_000, 30*24*time.Hour)
	child.Parent, child.Group = "video-api/availability", "{route=\"/videos\"}"
	sliced := slotest.Objective("billing", "minutes", "Minutes that bill well", 900_000_000, time.Hour)
	sliced.Method, sliced.Slice = slo.RatioTimeslices, slo.Slice{Length: time.Minute}
	journey := slotest.Objective("billing", "journey", "From order to bill", 990_000_000, time.Hour)
	journey.Method, journey.Indicator = slo.Composite, slo.Indicator{}
	journey.Components = []slo.Component{{Key: sliced.Key, Weight: slo.One}, {Key: "video-api/latency/p95", Weight: 3 * slo.One}}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	monthly := slotest.Objective("video-api", "latency/p95", "95 % within 300 ms", 950_000_000, 30*24*time.Hour)
	monthly.Window.Calendar = &slo.Calendar{Start: time.Date(2026, 1, 1, 0, 0, 0, 0, berlin), Unit: slo.Month, Count: 1}
	l := slotest.New(
		slotest.Objective("video-api", "availability", "API answers", 999_000_000, 30*24*time.Hour),
		monthly, child, sliced, journey,
	)
	l.Add("video-api/availability", at.Add(-2*time.Hour), 109_848, 110_000)
	l.Add("video-api/latency/p95", at.Add(-2*time.Hour), 9_890, 10_000)
	l.Add(child.Key, at.Add(-2*time.Hour), 90, 100)
	for m := range 60 {
		l.Add(sliced.Key, at.Add(-time.Duration(m)*time.Minute), 99-10*int64(m%2), 100)
	}
	l.Correct(slo.Correction{ID: 4, Objective: sliced.Key, Effect: slo.Exclude, From: at.Add(-10 * time.Minute).Truncate(time.Minute), To: at.Add(-5 * time.Minute).Truncate(time.Minute)})
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1"})
	causes := func(context.Context, *slo.Objective, time.Time, time.Time) ([]slo.Cause, error) {
		return []slo.Cause{{Kind: slo.ByCorrection, Ref: "4", Title: "drill", From: at.Add(-10 * time.Minute).Truncate(time.Minute), To: at.Add(-5 * time.Minute).Truncate(time.Minute)}}, nil
	}
	(&api.Handlers{Ledger: l, Now: now, Causes: causes}).Register(web.Huma)
	(&reportapi.Handlers{Ledger: l, Now: now}).Register(web.Huma)
	server := httptest.NewServer(web.Mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestBudgetCommands(t *testing.T) {
	t.Parallel()
	url := budgetServer(t)
	for _, tc := range []struct {
		name string
		args []string
		code int
		says []string // in this order
	}{
		{"list", []string{"slo", "list"}, 0, []string{"BURN 1H", "video-api/availability", "spent", "░░░░░░░░░░░░", "−38.2 %", "99.861 %",
			"99.9 % over 30d", "video-api/latency/p95", "healthy", "█████████▍░░", "78.0 %", "95 % over calendar month in Europe/Berlin", "! video-api/availability and 1 more: the newest sample is 2 h old\n"}},
		{"list of a service", []string{"slo", "list", "-s", "billing"}, 0, []string{"\n! billing/journey: 95 % within 300 ms: the newest sample is 2 h old"}},
		{"list with children", []string{"slo", "list", "--children", "-s", "video-api"}, 0, []string{"video-api/availability", "\n  {route=\"/videos\"}", "90.000 %"}},
		{"list of the past", []string{"slo", "list", "--at", "2026-11-25T09:00:00Z"}, 0, []string{"video-api/availability", "unknown", "no data"}},
		{"list of the future", []string{"slo", "list", "--at", "2027-11-25T09:00:00Z"}, 1, []string{"yet to come"}},
		{"list of nobody", []string{"slo", "list", "--service", "vidio-api"}, 1, []string{`did you mean "video-api"?`}},
		{"show", []string{"slo", "show", "video-api/availability"}, 0, []string{"API answers", "−38.2 % of the budget left (spent)",
			"110,000, of which 152 bad; 110 may be", "back in", "Children", "video-api/availability{route=\"/videos\"}",
			"nobody", "152", "138.2 %", "needs a postmortem", "1 − 152 ÷ 110"}},
		{"show a child", []string{"slo", "show", `video-api/availability{route="/videos"}`}, 0, []string{"100, of which 10 bad; 0.1 may be"}},
		{"show slices", []string{"slo", "show", "billing/minutes"}, 0, []string{
			"93.90 %: mean over the slices of 1m with events of good ÷ all events", "Slices", "55, of which 3.4 bad; 5.5 may be", "5,640 good of 6,000 events", "Corrections", "4",
			"correction 4", "1 − 3.35 ÷ 5.5"}},
		{"show a composite", []string{"slo", "show", "billing/journey"}, 0, []string{"COMPONENT", "billing/minutes", "1", "video-api/latency/p95", "3", "78.0 %",
			"(1 × 61.0 % of billing/minutes + 3 × 22.0 % of video-api/latency/p95) ÷ 4"}},
		{"explain", []string{"slo", "explain", "video-api/latency/p95"}, 0, []string{"0.95, that is 95 %", "calendar month in Europe/Berlin: 2026-10-31 23:00 UTC until 2026-11-25 12:01 UTC",
			`good: sum(http_requests_total{code=~"2.."})`, "9,890 good of 10,000 events", "none touches the window", "at least 10 bad events before the budget is judged; there are",
			"is ignored", "version 0", "Budget remaining", "(remaining)", "1 − 110 ÷ 500", "(burn-5m)", "(forecast)"}},
		{"explain one figure", []string{"slo", "explain", "video-api/availability", "--figure", "allowed"}, 0, []string{"(1 − 0.999) × 110,000"}},
		{"explain no figure", []string{"slo", "explain", "video-api/availability", "--figure", "burn-1d2"}, 1, []string{`did you mean "burn-1d"?`}},
		{"show of many", []string{"slo", "show", "video-api/latency/p95"}, 0, []string{"95 % within 300 ms"}},
		{"show nothing", []string{"slo", "show", "video-api/latency/p96"}, 1, []string{`did you mean "video-api/latency/p95"?`}},
		{"show a part of a key", []string{"slo", "show", "/availability"}, 1, []string{"write service/slo"}},
		{"show a service", []string{"slo", "show", "video-api"}, 1, []string{"write service/slo"}},
		{"report", []string{"report"}, 0, []string{"# Error budgets of week 2026-W48", "API answers (video-api) stands at −38.2 %"}},
		{"report of a past week", []string{"report", "--week", "2026-W40"}, 0, []string{"2026-W40", "no data"}},
		{"report of no week", []string{"report", "--week", "48"}, 1, []string{"such as 2026-W48"}},
		{"report of a week to come", []string{"report", "--week", "2026-W50"}, 1, []string{"has not begun"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			code := run(context.Background(), append([]string{"--url", url}, tc.args...), &out, &out)
			if code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			rest := out.String()
			for _, s := range tc.says {
				_, after, ok := strings.Cut(rest, s)
				if !ok {
					t.Fatalf("does not say %q (in this order):\n%s", s, out.String())
				}
				rest = after
			}
		})
	}
}

func TestBudgetsAsData(t *testing.T) {
	t.Parallel()
	url := budgetServer(t)
	var out bytes.Buffer
	if code := run(context.Background(), []string{"--url", url, "-o", "json", "slo", "list"}, &out, &out); code != 0 {
		t.Fatal(out.String())
	}
	var list api.List
	if err := json.Unmarshal(out.Bytes(), &list); err != nil || list.Objectives[0].Events.Bad != 152 {
		t.Errorf("%v: %s", err, out.String())
	}
	out.Reset()
	if code := run(context.Background(), []string{"--url", url, "-o", "yaml", "report"}, &out, &out); code != 0 || !strings.Contains(out.String(), "week: 2026-W48") {
		t.Errorf("exit code %d: %s", code, out.String())
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("apiVersion: openslo/v1\nkind: SLO\nmetadata:\n  nam: x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{filepath.Join("..", "..", "deploy", "objectives")}, 0, "objectives, all valid."},
		{[]string{bad}, 1, "bad.yaml:4:3: metadata.nam: "},
		{[]string{filepath.Join(filepath.Dir(bad), "none.yaml")}, 1, "none.yaml"},
	} {
		var out bytes.Buffer
		if code := run(context.Background(), append([]string{"slo", "lint"}, tc.args...), &out, &out); code != tc.code || !strings.Contains(out.String(), tc.says) {
			t.Errorf("%v: exit code %d, want %d with %q: %s", tc.args, code, tc.code, tc.says, out.String())
		}
	}
}

func TestBudgetBar(t *testing.T) {
	t.Parallel()
	for share, want := range map[float64]string{1: "████", 0.5: "██░░", 0.52: "██▏░", -1: "░░░░", 0.001: "▏░░░", 2: "████"} {
		if got := budgetBar(share, 4); got != want {
			t.Errorf("%v is drawn as %q, want %q", share, got, want)
		}
	}
}
