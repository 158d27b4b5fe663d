package main

import (
	"bytes"
	"context"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
	"plimsoll/slo/ledger/api"
	"plimsoll/slo/slotest"
)

// memory keeps corrections as the database would.
type memory struct {
	ledger *ledger.Ledger
	all    []slo.Correction
}

func (m *memory) Make(_ context.Context, c slo.Correction) (slo.Correction, error) {
	c.ID = slo.CorrectionID(len(m.all) + 1)
	m.all = append(m.all, c)
	m.ledger.SetCorrections(m.all)
	return c, nil
}

func (m *memory) Undo(_ context.Context, id slo.CorrectionID, by string) (slo.Correction, error) {
	if int(id) > len(m.all) {
		return slo.Correction{}, ledger.ErrNoCorrection
	}
	m.all[id-1].Undone, m.all[id-1].UndoneBy = time.Date(2026, 11, 24, 13, 0, 0, 0, time.UTC), by
	m.ledger.SetCorrections(m.all)
	return m.all[id-1], nil
}

func (m *memory) Load(context.Context) ([]slo.Correction, int64, error) { return m.all, 0, nil }

// ledgerServer serves a ledger, with events if it is filled, and returns its address.
func ledgerServer(t *testing.T, filled bool) string {
	t.Helper()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	now := func() time.Time { return at }
	l := ledger.New(ledger.Config{Now: now})
	if filled {
		l.SetObjectives([]*slo.Objective{slotest.Objective("video-api", "availability", "Answers", 990_000_000, time.Hour)})
		ms := at.Add(-time.Minute).UnixMilli()
		l.Commit(&ledger.Batch{Increments: []ledger.Increment{{From: ms, To: ms, Good: 1980, Total: 2000}}, Observations: []ledger.Observation{{At: ms}}})
	}
	tokens := identity.NewTokens(map[string]identity.Principal{"secret": {Subject: "ann"}})
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate})
	(&api.Corrections{Store: &memory{ledger: l}, Ledger: l, Now: now}).Register(web.Huma)
	nothing := func(context.Context) error { return nil }
	(&api.Archive{Ledger: l, Saver: func() (func(context.Context) error, error) { return nothing, nil }, Refresh: nothing, Now: now}).Register(web.Huma)
	server := httptest.NewServer(web.Mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestCorrectAndLedgerCommands(t *testing.T) {
	t.Parallel()
	full, empty := ledgerServer(t, true), ledgerServer(t, false)
	file := filepath.Join(t.TempDir(), "ledger.plsm")
	interval := []string{"--from", "2026-11-24T11:59:00Z", "--to", "2026-11-24T12:00:00Z", "--reason", "a drill"}
	correct := func(what string, more ...string) []string {
		return append(append([]string{"slo", "correct", what}, more...), interval...)
	}
	for _, tc := range []struct { // one after the other
		name, url string
		args      []string
		code      int
		says      []string
	}{
		{"nothing yet", full, []string{"slo", "correct", "list"}, 0, []string{"No corrections: every number is as it was measured."}},
		{"preview", full, correct("preview", "-k", "video-api/availability"), 0, []string{"video-api/availability", "20 → 0", "2,000 → 0 events", "0.0 % → 100.0 %", "1 → 0", "60 → 59", "nothing was changed"}},
		{"nobody's", full, correct("make", "-s", "vidio-api"), 1, []string{`did you mean "video-api"?`}},
		{"of what", full, correct("make"), 1, []string{"--objective", "--all"}},
		{"make", full, correct("make", "-s", "video-api", "--effect", "good"), 0, []string{"20 → 0", "2,000 events", "plimsoll slo correct undo 1"}},
		{"list", full, []string{"slo", "correct", "list"}, 0, []string{"all of video-api", "2026-11-24 11:59 UTC", "good", "a drill", "by ann", "–"}},
		{"undo", full, []string{"slo", "correct", "undo", "1"}, 0, []string{"2026-11-24 13:00 UTC by ann"}},
		{"undo of none", full, []string{"slo", "correct", "undo", "7"}, 1, []string{"there is no such correction"}},
		{"export", full, []string{"ledger", "export", "--out", file}, 0, []string{"ledger.plsm: ", " bytes"}},
		{"export to nowhere", full, []string{"ledger", "export", "--out", filepath.Join(file, "x")}, 1, []string{"export the ledger"}},
		{"import", empty, []string{"ledger", "import", file}, 0, []string{"Imported 1 objective, 1 hour of events, 1 correction."}},
		{"import again", empty, []string{"ledger", "import", file}, 1, []string{"video-api/availability"}},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"--url", tc.url, "--token", "secret"}, tc.args...), &out, &errs)
		if code != tc.code {
			t.Fatalf("%s: code %d, want %d: %s%s", tc.name, code, tc.code, &out, &errs)
		}
		for _, want := range tc.says {
			if said := out.String() + errs.String(); !strings.Contains(said, want) {
				t.Errorf("%s: does not say %q:\n%s", tc.name, want, said)
			}
		}
	}
}
