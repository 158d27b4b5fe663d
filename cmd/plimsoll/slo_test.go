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
	"plimsoll/slo/api"
	reportapi "plimsoll/slo/report/api"
	"plimsoll/slo/slotest"
)

// budgetServer serves two objectives, one of them overspent, and returns its address.
func budgetServer(t *testing.T) string {
	t.Helper()
	at := time.Date(2026, 11, 25, 12, 0, 30, 0, time.UTC)
	now := func() time.Time { return at }
	l := slotest.New(
		slotest.Objective("video-api", "availability", "API answers", 999_000_000, 30*24*time.Hour),
		slotest.Objective("video-api", "latency/p95", "95 % within 300 ms", 950_000_000, 30*24*time.Hour),
	)
	l.Add("video-api/availability", at.Add(-2*time.Hour), 109_848, 110_000)
	l.Add("video-api/latency/p95", at.Add(-2*time.Hour), 9_890, 10_000)
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1"})
	(&api.Handlers{Ledger: l, Now: now}).Register(web.Huma)
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
			"99.9 % over 30d", "video-api/latency/p95", "healthy", "█████████▍░░", "78.0 %"}},
		{"list of nobody", []string{"slo", "list", "--service", "vidio-api"}, 1, []string{`did you mean "video-api"?`}},
		{"show", []string{"slo", "show", "video-api/availability"}, 0, []string{"API answers", "−38.2 % of the budget left (spent)",
			"110,000, of which 152 bad; 110 may be", "back in", "1 − 152 ÷ 110"}},
		{"show of many", []string{"slo", "show", "video-api/latency/p95"}, 0, []string{"95 % within 300 ms"}},
		{"show nothing", []string{"slo", "show", "video-api/latency/p96"}, 1, []string{`did you mean "video-api/latency/p95"?`}},
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
