package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
	"plimsoll/slo/ledger/api"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// store keeps corrections in memory, as the database would.
type store struct {
	ledger *ledger.Ledger
	all    []slo.Correction
	err    error
}

func (s *store) Make(_ context.Context, c slo.Correction) (slo.Correction, error) {
	if s.err != nil {
		return slo.Correction{}, s.err
	}
	c.ID = slo.CorrectionID(len(s.all) + 1)
	s.all = append(s.all, c)
	s.ledger.SetCorrections(s.all)
	return c, nil
}

func (s *store) Undo(_ context.Context, id slo.CorrectionID, by string) (slo.Correction, error) {
	if int(id) > len(s.all) {
		return slo.Correction{}, ledger.ErrNoCorrection
	}
	c := &s.all[id-1]
	if c.Undone.IsZero() {
		c.Undone, c.UndoneBy = now, by
	}
	s.ledger.SetCorrections(s.all)
	return *c, nil
}

func (s *store) Load(context.Context) ([]slo.Correction, int64, error) { return s.all, 0, s.err }

// desk is a server whose ledger has 10 bad events of 100 in the minute before now.
type desk struct {
	*testing.T
	mux    http.Handler
	ledger *ledger.Ledger
	store  *store
	synced int
	leads  error
	lost   error           // what becomes of the answers of checkpoints
	stored ledger.Imported // by those
}

func newDesk(t *testing.T) *desk {
	d := &desk{T: t, ledger: ledger.New(ledger.Config{Now: func() time.Time { return now }})}
	d.store = &store{ledger: d.ledger}
	a := httpapi.New(httpapi.Config{Title: "T", Version: "1",
		Authenticate: identity.NewTokens(map[string]identity.Principal{"secret": {Subject: "ann"}}).Authenticate})
	(&api.Corrections{Store: d.store, Ledger: d.ledger, Now: func() time.Time { return now }}).Register(a.Huma)
	(&api.Archive{
		Ledger: d.ledger, Now: func() time.Time { return now },
		Saver: func() (func(context.Context) error, error) {
			return (&ledger.Checkpointer{Ledger: d.ledger, Store: d}).Save, d.leads
		},
		Imported: func(_ context.Context, archive ledger.ArchiveID) (ledger.Imported, bool, error) {
			return d.stored, d.stored.Archive == archive, nil
		},
		Refresh: func(context.Context) error { return nil },
	}).Register(a.Huma)
	d.mux = a.Mux
	return d
}

// Save keeps which archive came in last.
func (d *desk) Save(_ context.Context, c *ledger.Checkpoint) error {
	d.synced++
	for _, i := range c.Imports {
		d.stored = i.Imported
	}
	return d.lost
}

func (d *desk) fill() {
	d.ledger.SetObjectives([]*slo.Objective{{
		Key: "video/availability", Service: "video", Target: 900_000_000, Window: slo.Window{Length: time.Hour}, Method: slo.Occurrences,
	}})
	at := now.Add(-time.Minute).UnixMilli()
	d.ledger.Commit(&ledger.Batch{Increments: []ledger.Increment{{From: at, To: at, Good: 90, Total: 100}}})
}

// ask sends a request and decodes the answer.
func (d *desk) ask(method, path, token string, body io.Reader, status int, into any) string {
	d.Helper()
	r := httptest.NewRequest(method, path, body)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	d.mux.ServeHTTP(w, r)
	if w.Code != status {
		d.Fatalf("%s %s: status %d, want %d: %s", method, path, w.Code, status, w.Body)
	}
	if into != nil {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			d.Fatal(err)
		}
	}
	return w.Body.String()
}

const wrong = `{"objective":"video/availability","from":"2026-11-24T11:59:00Z","to":"2026-11-24T13:00:00+01:00","effect":"exclude","reason":"a false alarm"}`

func TestCorrections(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.fill()
	var preview, made api.Made
	d.ask("POST", "/v1/corrections?preview=true", "secret", strings.NewReader(wrong), 200, &preview)
	if len(d.store.all) != 0 || !preview.Preview || preview.Correction.ID != 0 {
		t.Errorf("a preview made something: %+v", preview)
	}
	d.ask("POST", "/v1/corrections", "secret", strings.NewReader(wrong), 200, &made)
	want := []api.Change{{
		Objective: "video/availability",
		Before:    api.Figures{Unit: "events", Bad: 10, Total: 100, SLI: 0.9, Spent: true, Minutes: 60},
		After:     api.Figures{Unit: "events", SLI: 1, Remaining: 1, Minutes: 59},
	}}
	for name, got := range map[string][]api.Change{"previewed": preview.Changes, "made": made.Changes} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	if c := made.Correction; c.ID != 1 || c.By != "ann" || !c.To.Equal(now) || c.Reason != "a false alarm" {
		t.Errorf("made %+v", c)
	}
	if s, _ := d.ledger.Status("video/availability", now); s.Window.Total != 0 || s.Raw.Total != 100 {
		t.Errorf("status after it: %+v", s)
	}
	var undone api.Correction
	for range 2 {
		d.ask("POST", "/v1/corrections/1/undo", "secret", nil, 200, &undone)
		if undone.UndoneBy != "ann" || undone.UndoneAt == nil {
			t.Errorf("undone %+v", undone)
		}
	}
	var all, active api.CorrectionList
	d.ask("GET", "/v1/corrections", "", nil, 200, &all)
	d.ask("GET", "/v1/corrections?active=true", "", nil, 200, &active)
	if len(all.Corrections) != 1 || len(active.Corrections) != 0 {
		t.Errorf("%d corrections, %d of them active; want 1 and 0", len(all.Corrections), len(active.Corrections))
	}
}

func TestCorrectionsAreRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.fill()
	d.ask("POST", "/v1/corrections", "", strings.NewReader(wrong), 401, nil)
	d.ask("POST", "/v1/corrections?preview=true", "", strings.NewReader(wrong), 401, nil)
	d.ask("POST", "/v1/corrections/1/undo", "", nil, 401, nil)
	d.ask("POST", "/v1/corrections/7/undo", "secret", nil, 404, nil)
	var p httpapi.ProblemError
	d.ask("POST", "/v1/corrections", "secret", strings.NewReader(strings.Replace(wrong, "availability", "avialability", 1)), 422, &p)
	if len(p.Errors) != 1 || p.Errors[0].Location != "body.objective" || !strings.Contains(p.Detail, `did you mean "video/availability"`) {
		t.Errorf("problem %+v", p)
	}
	d.store.err = errors.New("secret cause")
	if body := d.ask("POST", "/v1/corrections", "secret", strings.NewReader(wrong), 503, nil); strings.Contains(body, "secret cause") {
		t.Errorf("the cause is told: %s", body)
	}
	d.ask("GET", "/v1/corrections", "", nil, 503, nil)
}

func TestArchive(t *testing.T) {
	t.Parallel()
	from, to := newDesk(t), newDesk(t)
	from.fill()
	from.ask("GET", "/v1/ledger/export", "", nil, 401, nil)
	archive := from.ask("GET", "/v1/ledger/export", "secret", nil, 200, nil)
	to.ask("POST", "/v1/ledger/import", "", strings.NewReader(archive), 401, nil)
	to.leads = httpapi.Problem(httpapi.Unavailable, "another process leads", nil)
	to.ask("POST", "/v1/ledger/import", "secret", strings.NewReader(archive), 503, nil)
	to.leads = nil
	to.ask("POST", "/v1/ledger/import", "secret", bytes.NewReader([]byte(archive)[:len(archive)-1]), 422, nil)
	if to.synced != 0 {
		t.Error("what was refused was made durable")
	}
	var got api.Imported
	to.ask("POST", "/v1/ledger/import", "secret", strings.NewReader(archive), 200, &got)
	if got != (api.Imported{Objectives: 1, Blocks: 1}) || to.synced != 1 {
		t.Errorf("imported %+v, made durable %d times", got, to.synced)
	}
	to.ask("POST", "/v1/ledger/import", "secret", strings.NewReader(archive), 200, &got)
	if got != (api.Imported{Objectives: 1, Blocks: 1, Again: true}) {
		t.Errorf("the same file again: %+v", got)
	}
	from.fill()
	other := from.ask("GET", "/v1/ledger/export", "secret", nil, 200, nil)
	body := to.ask("POST", "/v1/ledger/import", "secret", strings.NewReader(other), 409, nil)
	if !strings.Contains(body, "video/availability") {
		t.Errorf("what is there already is not named: %s", body)
	}
	if again := to.ask("GET", "/v1/ledger/export", "secret", nil, 200, nil); again != archive {
		t.Error("what was imported is exported otherwise")
	}
}

// A file whose import is not known to be durable may be sent again: the answer says then that it is here.
func TestImportWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	from, to := newDesk(t), newDesk(t)
	from.fill()
	archive := from.ask("GET", "/v1/ledger/export", "secret", nil, 200, nil)
	to.lost = errors.New("the connection was lost")
	if body := to.ask("POST", "/v1/ledger/import", "secret", strings.NewReader(archive), 503, nil); !strings.Contains(body, "send the same file again") {
		t.Errorf("the answer does not say what to do: %s", body)
	}
	to.lost = nil
	var got api.Imported
	to.ask("POST", "/v1/ledger/import", "secret", strings.NewReader(archive), 200, &got)
	if got != (api.Imported{Objectives: 1, Blocks: 1, Again: true}) {
		t.Errorf("sent again: %+v", got)
	}
}
