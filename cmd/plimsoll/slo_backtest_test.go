package main

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo"
	"plimsoll/slo/backtest"
	"plimsoll/slo/ledger"
	ledgerapi "plimsoll/slo/ledger/api"
	opensloapi "plimsoll/slo/openslo/api"
	"plimsoll/slo/slotest"
)

// pastServer serves the history of three days in which ten minutes were an outage, at noon of the second, and one that a correction excludes.
// It returns its address.
func pastServer(t *testing.T) string {
	t.Helper()
	end := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	now := func() time.Time { return end }
	o := slotest.Objective("video-api", "availability", "Answers", 990_000_000, 24*time.Hour)
	quiet := slotest.Objective("video-api", "latency", "Fast answers", 990_000_000, 24*time.Hour)
	part := func(name string) *slo.Objective {
		return slotest.Objective("video-api", "service/"+name, "Service: "+name, 990_000_000, 24*time.Hour)
	}
	whole, a, b := slotest.Objective("video-api", "service", "Service", 990_000_000, 24*time.Hour), part("a"), part("b")
	whole.Method, whole.Indicator = slo.Composite, slo.Indicator{}
	whole.Components = []slo.Component{{Key: a.Key, Weight: slo.One}, {Key: b.Key, Weight: slo.One}}
	l := ledger.New(ledger.Config{Now: now})
	l.SetObjectives([]*slo.Objective{o, quiet, whole, a, b})
	ref, _ := l.Ref(o.Key)
	var batch ledger.Batch
	outage, maintenance := end.Add(-36*time.Hour), end.Add(-6*time.Hour)
	for at := end.Add(-72 * time.Hour); !at.After(end); at = at.Add(time.Minute) {
		ms, good := at.UnixMilli(), int64(100)
		if at.Sub(outage).Abs() < 5*time.Minute || at.Sub(maintenance).Abs() < 30*time.Minute {
			good = 0
		}
		batch.Increments = append(batch.Increments, ledger.Increment{Objective: ref, From: ms, To: ms, Good: good, Total: 100})
		batch.Observations = append(batch.Observations, ledger.Observation{Objective: ref, At: ms})
	}
	l.Commit(&batch)
	corrections := &memory{ledger: l}
	for range 2 {
		if _, err := corrections.Make(context.Background(), slo.Correction{
			Service: "video-api", From: maintenance.Add(-30 * time.Minute), To: maintenance.Add(30 * time.Minute),
			Effect: slo.Exclude, Reason: "maintenance", By: "ann", At: end,
		}); err != nil {
			t.Fatal(err)
		}
	}
	tokens := identity.NewTokens(map[string]identity.Principal{"secret": {Subject: "ann"}})
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate})
	(&opensloapi.Handlers{Ledger: l}).Register(web.Huma)
	(&ledgerapi.Corrections{Store: corrections, Ledger: l, Now: now}).Register(web.Huma)
	nothing := func(context.Context) error { return nil }
	(&ledgerapi.Archive{Ledger: l, Saver: func() (func(context.Context) error, error) { return nothing, nil }, Refresh: nothing, Now: now}).Register(web.Huma)
	server := httptest.NewServer(web.Mux)
	t.Cleanup(server.Close)
	return server.URL
}

const backtestPolicy = `
service: video-api
environments: [production]
mode: enforce
clauses:
  - freeze: {}
  - data: {maxAge: 5m, then: hold}
  - budget: {caution: 10%, inCaution: allow, spent: deny}
freeze: {thawAbove: 10%, thawAfter: 1h, thawing: {every: 10m, for: 1h}}
`

func TestBacktest(t *testing.T) {
	t.Parallel()
	url := pastServer(t)
	policy := fileOf(t, "policy.yaml", backtestPolicy)
	_, definitions, _ := runCommand("--url", url, "slo", "export")
	others := fileOf(t, "others.yaml", strings.NewReplacer("http_requests_total", "requests_total", "duration: 24h", "duration: 12h", "duration: 1d", "duration: 12h").Replace(definitions))
	for _, tc := range []struct {
		name string
		args []string
		code int
		says []string // in this order
	}{
		{"a stricter target freezes", []string{"--target", "99.5", "--policy", policy, "--from", "2d"}, 0, []string{
			"video-api/availability from 2026-11-22 00:00 to 2026-11-24 00:00 UTC",
			"99 % over 1d", "99.5 % over 1d", "Pages", "2", "2", "Freezes", "0", "1", "Frozen for", "–", "1 d", "Worst budget", "37.5 % at 2026-11-22 12:05", "−25.0 % at 2026-11-22 12:05",
			"page-fast", "2026-11-22 11:57", "either way", "ticket-fast", "only if changed",
			"code red", "2026-11-22 12:04", "2026-11-23 12:59", "changed", "alone would have caused",
		}},
		{"a lower one pages less", []string{"--target", "90"}, 0, []string{"Pages", "2", "1", "page-slow", "only now", "--policy"}},
		{"a longer window is not whole yet", []string{"--window", "7d", "--from", "1d"}, 0, []string{"99 % over 7d", "! changed: until 2026-11-24 00:00"}},
		{"nothing in the time", []string{"--from", "12h", "--policy", policy}, 0, []string{"No alert would have fired", "open all the time"}},
		{"another file", []string{"--file", others, "--from", "2d"}, 0, []string{"99 % over 1d", "99 % over 12h", "queries are others"}},
		{"no target", []string{"--target", "100"}, 1, []string{"--target", "99.95"}},
		{"no window", []string{"--window", "90s"}, 1, []string{"--window", "7d"}},
		{"no time", []string{"--from", "yesterday"}, 1, []string{"--from"}},
		{"no file", []string{"--file", filepath.Join(t.TempDir(), "none.yaml")}, 1, []string{"none.yaml"}},
		{"no policy of that environment", []string{"--policy", policy, "-e", "prodution"}, 1, []string{`did you mean "production"?`}},
		{"a policy to compare with nothing", []string{"--policy-now", policy}, 1, []string{"--policy has to say"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := runCommand(append([]string{"--url", url, "--token", "secret", "slo", "backtest", "video-api/availability"}, tc.args...)...)
			if code != tc.code {
				t.Fatalf("exit code %d, want %d: %s%s", code, tc.code, out, errs)
			}
			rest := out + errs
			for _, s := range tc.says {
				_, after, ok := strings.Cut(rest, s)
				if !ok {
					t.Fatalf("does not say %q (in this order):\n%s%s", s, out, errs)
				}
				rest = after
			}
		})
	}
	for _, args := range [][]string{{"--target", "101"}, {"--window", "90s"}, {"--from", "yesterday"}, {"--policy-now", policy}} { // nobody is asked
		if code, _, errs := runCommand(append([]string{"--url", "http://127.0.0.1:1", "slo", "backtest", "video-api/availability"}, args...)...); code != 1 || !strings.Contains(errs, args[0]) {
			t.Errorf("%s: exit code %d: %s", args, code, errs)
		}
	}
	for key, says := range map[string]string{
		"video-api/availabilty": `did you mean "video-api/availability"?`, "video-api/latency": "nothing has been measured", "video-api/service": "composite",
	} {
		if code, out, errs := runCommand("--url", url, "--token", "secret", "slo", "backtest", key); code != 1 || !strings.Contains(errs, says) {
			t.Errorf("%s: exit code %d, want 1 with %q: %s%s", key, code, says, out, errs)
		}
	}
	if code, _, errs := runCommand("--url", url, "--token", "wrong", "slo", "backtest", "video-api/availability"); code != 1 || !strings.Contains(errs, "token") {
		t.Errorf("without a token: exit code %d: %s", code, errs)
	}
}

func TestBacktestAsData(t *testing.T) {
	t.Parallel()
	code, out, errs := runCommand("--url", pastServer(t), "--token", "secret", "-o", "json", "slo", "backtest", "video-api/availability", "--target", "99.5", "--from", "2d")
	if code != 0 {
		t.Fatal(errs)
	}
	var got struct {
		Present, Changed backtest.Result
		Comparison       backtest.Comparison
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	// Of the 144,000 events of a day 1 % may be bad; nine minutes of outage were 900, and what was excluded counts for nothing.
	if w := got.Present.Worst; w == nil || *w != slo.BudgetOf(990_000_000, slo.Counts{Good: 143_100, Total: 144_000}).Remaining {
		t.Errorf("the worst was %v: %s", w, out)
	}
	if c := got.Comparison; c.Changed.Tickets != 1 || len(c.Added) != 1 || c.Added[0].Tier != "ticket-fast" || got.Changed.Freezes != 0 {
		t.Errorf("%s", out)
	}
}
