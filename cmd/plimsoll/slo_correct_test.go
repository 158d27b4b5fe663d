package main

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
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
	imports := imported{}
	(&api.Archive{
		Ledger: l, Now: now, Refresh: nothing, Imported: imports.find,
		Saver: func() (func(context.Context) error, error) {
			return (&ledger.Checkpointer{Ledger: l, Store: imports}).Save, nil
		},
	}).Register(web.Huma)
	server := httptest.NewServer(web.Mux)
	t.Cleanup(server.Close)
	return server.URL
}

// imported are the archives that were imported, as the database would keep them.
type imported map[ledger.ArchiveID]ledger.Imported

// Save keeps those of a checkpoint.
func (m imported) Save(_ context.Context, c *ledger.Checkpoint) error {
	for _, i := range c.Imports {
		m[i.Archive] = i.Imported
	}
	return nil
}

func (m imported) find(_ context.Context, id ledger.ArchiveID) (ledger.Imported, bool, error) {
	n, ok := m[id]
	return n, ok, nil
}

// damaged writes what an exported file may have become.
func damaged(t *testing.T, file, name string, change func([]byte) []byte) string {
	t.Helper()
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, change(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A file that is not whole is refused in words, nothing of it is taken in, and the whole one is taken in afterwards, once.
func TestImportOfWhatIsNotWhole(t *testing.T) {
	t.Parallel()
	full, empty := ledgerServer(t, true), ledgerServer(t, false)
	file := filepath.Join(t.TempDir(), "ledger.plsm")
	plimsoll := func(url string, args ...string) (int, string) {
		var out bytes.Buffer
		code := run(t.Context(), append([]string{"--url", url, "--token", "secret"}, args...), &out, &out)
		return code, out.String()
	}
	if code, says := plimsoll(full, "ledger", "export", "--out", file); code != 0 {
		t.Fatal(says)
	}
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[(at+len(b))%len(b)] ^= 4; return b }
	}
	for _, c := range []struct {
		name   string
		change func([]byte) []byte
		says   string
	}{
		{"empty", func([]byte) []byte { return nil }, "it ends in the middle"},
		{"another file", func([]byte) []byte { return []byte("apiVersion: openslo/v1\n") }, "it begins with"},
		{"another version", flip(8), "version is 5, known is 1"},
		{"half", func(b []byte) []byte { return b[:len(b)/2] }, "it ends in the middle"},
		{"without its last byte", func(b []byte) []byte { return b[:len(b)-1] }, "it ends in the middle"},
		{"a bit of its checksum", flip(-1), "its checksum is"},
		{"a bit of its instant", flip(12), "its checksum is"},
		{"twice", func(b []byte) []byte { return append(b, b...) }, "goes on after its end"},
	} {
		code, says := plimsoll(empty, "ledger", "import", damaged(t, file, c.name, c.change))
		if code != 1 || !strings.Contains(says, "the file is not a whole archive of a ledger") || !strings.Contains(says, c.says) {
			t.Errorf("%s: code %d, %s; want 1 and %q", c.name, code, says, c.says)
		}
	}
	for _, want := range []string{"Imported 1 objective", "Nothing to do, this file was imported before. It brought 1 objective"} {
		if code, says := plimsoll(empty, "ledger", "import", file); code != 0 || !strings.HasPrefix(says, want) {
			t.Errorf("code %d, %s; want %q", code, says, want)
		}
	}
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
		{"import where it came from", full, []string{"ledger", "import", file}, 1, []string{"video-api/availability"}},
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
