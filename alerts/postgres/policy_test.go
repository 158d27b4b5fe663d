package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/alerts"
	"plimsoll/alerts/postgres"
	"plimsoll/slo"
)

// policy holds when the burn rate over 45 minutes is above 5 for three minutes, and tells everything to the receiver.
func policy(change func(*slo.AlertPolicy)) []slo.AlertPolicy {
	p := slo.AlertPolicy{
		Name: "fast", OnBreach: true, OnResolve: true, OnNoData: true,
		Condition: slo.AlertCondition{Severity: "critical", Op: slo.MoreThan, Threshold: 5, Lookback: 45 * time.Minute, After: 3 * time.Minute},
		Targets:   []slo.AlertTarget{{Name: "pager", Target: "sre"}},
	}
	change(&p)
	return []slo.AlertPolicy{p}
}

func (f *fixture) policyEngine(t *testing.T) *postgres.Engine {
	t.Helper()
	e, err := postgres.New(postgres.Config{
		Pool: f.pool, Ledger: f.ledger, Jobs: f.client, Tiers: []alerts.Tier{}, Now: func() time.Time { return f.now },
		Routes: []postgres.Route{{Receiver: "sre", Services: []string{"no-other"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// A policy is told for what it asks, to whom it names, once it has held for alertAfter; what it does not ask for is not told.
func TestPolicies(t *testing.T) {
	t.Parallel()
	const name = "video-api/availability:policy-fast"
	for _, tc := range []struct {
		name   string
		change func(*slo.AlertPolicy)
		want   []string
	}{
		{"everything", func(*slo.AlertPolicy) {}, []string{`first [` + name + `] after ""`, `all over [] after "message-1"`, `back [` + name + `] after "message-2"`}},
		{"no end", func(p *slo.AlertPolicy) { p.OnResolve = false }, []string{`first [` + name + `] after ""`, `back [` + name + `] after "message-1"`}},
		{"only ends", func(p *slo.AlertPolicy) { p.OnBreach, p.OnNoData = false, false }, []string{`all over [] after ""`}},
		{"only silence", func(p *slo.AlertPolicy) { p.OnBreach, p.OnResolve = false, false }, []string{`first [` + name + `] after ""`}},
		{"another receiver", func(p *slo.AlertPolicy) { p.Targets[0].Target = "nobody" }, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.ledger.policies = policy(tc.change)
			e := f.policyEngine(t)
			f.ledger.set(map[slo.Key]int64{key: 6})
			f.evaluate(t, e, 0)
			f.evaluate(t, e, 2*time.Minute) // pending
			f.evaluate(t, e, time.Minute)   // fires
			f.waitIdle(t)                   // jobs of one receiver may overtake each other
			f.ledger.set(map[slo.Key]int64{key: 5})
			f.evaluate(t, e, time.Minute)
			f.evaluate(t, e, 2*time.Minute) // over
			f.waitIdle(t)
			f.evaluate(t, e, 20*time.Minute)
			f.ledger.unseen = true
			f.evaluate(t, e, time.Minute)
			f.evaluate(t, e, 3*time.Minute) // no data
			if diff := cmp.Diff(tc.want, f.waitIdle(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A policy that is removed while it fires is told to be over to those who were told of it.
func TestRemovedPolicy(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.ledger.policies = policy(func(p *slo.AlertPolicy) { p.Condition.After = 0 })
	e := f.policyEngine(t)
	f.ledger.set(map[slo.Key]int64{key: 6})
	f.evaluate(t, e, 0)
	f.wait(t, 1)
	f.ledger.policies = nil
	f.evaluate(t, e, time.Minute)
	f.evaluate(t, e, 2*time.Minute)
	if got := f.wait(t, 1); got[1] != `all over [] after "message-1"` {
		t.Errorf("got %q", got)
	}
	notices, err := e.Notices(t.Context(), "video-api", 10)
	if err != nil || len(notices) != 2 || notices[0].Title() != "video-api: the alert policy fast holds no more" || notices[0].Episode != notices[1].ID {
		t.Errorf("%+v, %v", notices, err)
	}
}

// From the first page on, every notice of an episode goes to its incident, also the one that it is over; tickets alone do not.
func TestEpisodesGoToIncidents(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		declare alerts.Severity
		want    []alerts.Cause
	}{
		{"", nil},
		{alerts.Page, []alerts.Cause{alerts.Urgent, alerts.Changed, alerts.AllOver}},
		{alerts.Ticket, []alerts.Cause{alerts.First, alerts.Urgent, alerts.Changed, alerts.AllOver}},
	} {
		t.Run("declare "+string(tc.declare), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			e, err := postgres.New(postgres.Config{Pool: f.pool, Ledger: f.ledger, Jobs: f.client, Declare: tc.declare, Now: func() time.Time { return f.now }})
			if err != nil {
				t.Fatal(err)
			}
			for _, bad := range []int64{4, 4, 500, 4, 4, 4, 0, 0} {
				f.ledger.set(map[slo.Key]int64{key: bad})
				f.evaluate(t, e, 5*time.Minute)
			}
			rows, err := f.pool.Query(t.Context(), `SELECT body->>'cause', body->>'episode' FROM river_job JOIN alerts_notices ON seq = (args->>'seq')::bigint
				WHERE kind = 'alert_incident' ORDER BY seq`)
			if err != nil {
				t.Fatal(err)
			}
			var got []alerts.Cause
			episodes := map[string]bool{}
			for rows.Next() {
				var cause alerts.Cause
				var episode string
				if err := rows.Scan(&cause, &episode); err != nil {
					t.Fatal(err)
				}
				got, episodes[episode] = append(got, cause), true
			}
			if diff := cmp.Diff(tc.want, got); diff != "" || len(episodes) > 1 {
				t.Errorf("episodes %v, notices:\n%s", episodes, diff)
			}
		})
	}
}

// A policy that asks to tell only ends was told to nobody while it fired, and declares no incident when all is over.
func TestEndsAloneDeclareNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.ledger.policies = policy(func(p *slo.AlertPolicy) {
		p.OnBreach, p.OnNoData, p.Condition.After, p.Condition.Severity = false, false, 0, "page"
	})
	e, err := postgres.New(postgres.Config{Pool: f.pool, Ledger: f.ledger, Jobs: f.client, Tiers: []alerts.Tier{}, Declare: alerts.Page,
		Routes: []postgres.Route{{Receiver: "sre"}}, Now: func() time.Time { return f.now }})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []int64{6, 0, 0, 6, 0, 0} {
		f.ledger.set(map[slo.Key]int64{key: bad})
		f.evaluate(t, e, 2*time.Minute)
	}
	var notices, declared int
	if err := f.pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM alerts_notices), count(*) FROM river_job WHERE kind = 'alert_incident'`).Scan(&notices, &declared); err != nil {
		t.Fatal(err)
	}
	if notices != 2 || declared != 0 {
		t.Errorf("%d notices, %d of them go to an incident; want 2 and 0", notices, declared)
	}
}

// A source that was never heard of has as long to start as data may be bad before that is told.
func TestNoDataOfANewSource(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.ledger.policies = policy(func(p *slo.AlertPolicy) { p.Condition.After = 0 })
	f.ledger.unseen, f.ledger.unheard = true, true
	e := f.policyEngine(t)
	f.ledger.set(map[slo.Key]int64{key: 0})
	told := func(later time.Duration) int {
		f.evaluate(t, e, later)
		notices, err := e.Notices(t.Context(), "", 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(slices.DeleteFunc(notices, func(n alerts.Notice) bool { return n.Policy == "" }))
	}
	if got := told(0) + told(9*time.Minute); got != 0 {
		t.Errorf("%d notices before it can have started", got)
	}
	if got := told(time.Minute); got != 1 {
		t.Errorf("%d notices after ten minutes of silence, want 1", got)
	}
}
