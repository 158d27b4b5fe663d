package backtest_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"plimsoll/alerts"
	"plimsoll/slo"
	"plimsoll/slo/backtest"
	"plimsoll/slo/gate"
	"plimsoll/slo/slotest"
)

var start = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// spell is a time in which every minute is the same: good of total events, or nothing at all is heard.
type spell struct {
	length      time.Duration
	good, total int64
	silent      bool
}

// measured returns a ledger with the spells from start on, and when they end.
func measured(o *slo.Objective, spells ...spell) (*slotest.Ledger, time.Time) {
	l, at := slotest.New(o), start
	for _, s := range spells {
		for end := at.Add(s.length); at.Before(end); at = at.Add(time.Minute) {
			if !s.silent {
				l.Add(o.Key, at, s.good, s.total)
			}
		}
	}
	return l, at
}

// freezing is a policy that freezes for an hour after a budget is back, and then thaws for another.
const freezing = `
service: "*"
environments: [production]
mode: enforce
clauses:
  - freeze: {}
  - data: {maxAge: 5m, then: hold}
  - budget: {caution: 10%, inCaution: allow, spent: deny}
freeze:
  thawAbove: 10%
  thawAfter: 1h
  thawing: {every: 10m, for: 1h}
`

type fataler interface {
	Helper()
	Fatal(args ...any)
}

func policy(t fataler) *gate.Policy {
	t.Helper()
	p, err := gate.ParsePolicy("policy.yaml", []byte(freezing))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// run replays everything from start to an end.
func run(t fataler, o *slo.Objective, l *slotest.Ledger, to time.Time, step time.Duration) *backtest.Result {
	t.Helper()
	raw, _ := l.Reader(o.Key)
	if layered, ok := raw.(slo.Layered); ok {
		raw = layered.Raw()
	}
	r, err := backtest.Run(backtest.Config{
		Objective: o, View: slo.View(o, raw, l.Corrections()), From: start, To: to, Step: step, Policy: policy(t), Environment: "production",
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// story tells a result in lines: times are since start.
func story(r *backtest.Result) (lines []string) {
	since := func(at time.Time) string { return strings.TrimSuffix(at.Sub(start).String(), "0s") }
	until := func(to time.Time, ongoing bool) string {
		if ongoing {
			return "…"
		}
		return since(to)
	}
	for _, e := range r.Episodes {
		lines = append(lines, fmt.Sprintf("%s %s from %s to %s peak %.1f", e.Severity, e.Tier, since(e.From), until(e.To, e.Ongoing), e.Peak))
	}
	for _, p := range r.Phases {
		lines = append(lines, fmt.Sprintf("%s from %s to %s", p.Phase, since(p.From), until(p.To, p.Ongoing)))
	}
	return lines
}

func TestRun(t *testing.T) {
	t.Parallel()
	calm, out := spell{length: 24 * time.Hour, good: 100, total: 100}, func(d time.Duration) spell { return spell{length: d, total: 100} }
	for _, tc := range []struct {
		name   string
		change func(*slo.Objective)
		spells []spell
		want   []string
	}{
		{"nothing happens", nil, []spell{calm}, nil},
		{
			// Of a day's 144,000 events 1 % may be bad; a minute of outage is 100. The factor of page-fast over a window of a day is 0.02 × 24,
			// which is below 1 and so 1.
			"an outage of five minutes pages and does not freeze", nil, []spell{calm, out(5 * time.Minute), {length: 3 * time.Hour, good: 100, total: 100}},
			[]string{
				"page page-fast from 24h1m to 24h12m peak 8.3", "page page-slow from 24h4m to 24h37m peak 1.4",
			},
		},
		{
			"an outage of twenty minutes spends the budget until it leaves the window", nil,
			[]spell{calm, out(20 * time.Minute), {length: 30 * time.Hour, good: 100, total: 100}},
			[]string{
				"page page-fast from 24h1m to 24h27m peak 33.3", "page page-slow from 24h4m to 24h52m peak 5.6", "ticket ticket-fast from 24h15m to 26h21m peak 1.4", "ticket ticket-slow from 24h15m to 30h19m peak 1.4",
				"caution from 24h13m to 24h15m", "code_red from 24h15m to 49h8m", "thawing from 49h8m to 50h8m",
			},
		},
		{
			"trouble that comes back soon is one alert", nil,
			[]spell{calm, out(2 * time.Minute), {length: 10 * time.Minute, good: 100, total: 100}, out(2 * time.Minute), {length: 3 * time.Hour, good: 100, total: 100}},
			[]string{"page page-fast from 24h1m to 24h21m peak 6.7", "page page-slow from 24h14m to 24h46m peak 1.1"},
		},
		{
			"and goes on if it is not over", nil,
			[]spell{calm, out(2 * time.Minute), {length: 10 * time.Minute, good: 100, total: 100}, out(2 * time.Minute)},
			[]string{"page page-fast from 24h1m to … peak 6.7", "page page-slow from 24h14m to … peak 1.1"},
		},
		{
			"fewer bad events than are asked for are no news", func(o *slo.Objective) { o.LowTraffic.MinBad = 1000 },
			[]spell{calm, out(9 * time.Minute), {length: 2 * time.Hour, good: 100, total: 100}}, nil,
		},
		{
			"the gate does not look at it", func(o *slo.Objective) { o.OutOfGate = true; o.Target = 999_000_000 },
			[]spell{calm, out(20 * time.Minute)},
			[]string{
				"page page-fast from 24h1m to … peak 333.3", "page page-slow from 24h1m to … peak 55.6", "ticket ticket-fast from 24h2m to … peak 13.9", "ticket ticket-slow from 24h2m to … peak 13.7",
			},
		},
		{
			"nor at the child of another", func(o *slo.Objective) { o.Parent = "video-api/all" }, []spell{calm, out(20 * time.Minute)},
			[]string{
				"page page-fast from 24h1m to … peak 33.3", "page page-slow from 24h4m to … peak 5.6", "ticket ticket-fast from 24h15m to … peak 1.4", "ticket ticket-slow from 24h15m to … peak 1.4",
			},
		},
		{
			// The bad minutes have left the window at 48h20m; the source is heard again at 49h21m, and the hour begins.
			"a budget that comes back in silence is not back yet", nil,
			[]spell{calm, out(20 * time.Minute), {length: time.Hour, good: 100, total: 100}, {length: 24 * time.Hour, silent: true}, {length: 3 * time.Hour, good: 100, total: 100}},
			[]string{
				"page page-fast from 24h1m to 24h27m peak 33.3", "page page-slow from 24h4m to 24h52m peak 5.6", "ticket ticket-fast from 24h15m to 50h22m peak 25.0", "ticket ticket-slow from 24h15m to … peak 1.4",
				"caution from 24h13m to 24h15m", "code_red from 24h15m to 50h21m", "thawing from 50h21m to 51h21m",
			},
		},
		{
			// A minute without data is a gap when it is five minutes old: at 24h20m there are fifteen, and each is a minute of outage.
			"gaps that are bad alert and freeze", func(o *slo.Objective) { o.NoData = slo.NoData{Gate: slo.GapBad, Alert: slo.GapBad} },
			[]spell{calm, {length: time.Hour, silent: true}, {length: 3 * time.Hour, good: 100, total: 100}},
			[]string{
				"page page-slow from 24h9m to 25h32m peak 16.7", "ticket ticket-fast from 24h20m to 27h1m peak 4.2", "ticket ticket-slow from 24h20m to … peak 4.0",
				"caution from 24h18m to 24h20m", "code_red from 24h20m to …",
			},
		},
		{
			"no freeze ends while the source is silent", nil,
			[]spell{calm, out(20 * time.Minute), {length: time.Hour, good: 100, total: 100}, {length: 30 * time.Hour, silent: true}},
			[]string{
				"page page-fast from 24h1m to 24h27m peak 33.3", "page page-slow from 24h4m to 24h52m peak 5.6", "ticket ticket-fast from 24h15m to … peak 25.0", "ticket ticket-slow from 24h15m to … peak 1.4",
				"caution from 24h13m to 24h15m", "code_red from 24h15m to …",
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := slotest.Objective("video-api", "availability", "Answers", 990_000_000, 24*time.Hour)
			if tc.change != nil {
				tc.change(o)
			}
			l, to := measured(o, tc.spells...)
			if diff := cmp.Diff(tc.want, story(run(t, o, l, to, time.Minute))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	o := slotest.Objective("video-api", "availability", "Answers", 990_000_000, time.Hour)
	composite := *o
	composite.Method = slo.Composite
	l, to := measured(o, spell{length: time.Hour, good: 1, total: 1})
	view, _ := l.Reader(o.Key)
	good := backtest.Config{Objective: o, View: view, From: start, To: to}
	for _, tc := range []struct {
		name   string
		change func(*backtest.Config)
		is     error
		says   string
	}{
		{"a composite", func(c *backtest.Config) { c.Objective = &composite }, backtest.ErrComposite, "video-api/availability"},
		{"nothing to read", func(c *backtest.Config) { c.View = nil }, nil, "required"},
		{"half a step", func(c *backtest.Config) { c.Step = 90 * time.Second }, nil, "1m30s"},
		{"an end before the beginning", func(c *backtest.Config) { c.To = c.From }, nil, "2026-11-01T00:00:00Z"},
		{"half a minute", func(c *backtest.Config) { c.From = c.From.Add(time.Second) }, nil, "whole minutes"},
	} {
		cfg := good
		tc.change(&cfg)
		if _, err := backtest.Run(cfg); err == nil || tc.is != nil && !errors.Is(err, tc.is) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if _, err := backtest.Run(good); err != nil {
		t.Error(err)
	}
}

// TestFigures checks the summary of a budget that is overspent and comes back.
func TestFigures(t *testing.T) {
	t.Parallel()
	o := slotest.Objective("video-api", "availability", "Answers", 990_000_000, 24*time.Hour)
	l, to := measured(o, spell{length: 24 * time.Hour, good: 100, total: 100}, spell{length: 20 * time.Minute, total: 100}, spell{length: 30 * time.Hour, good: 100, total: 100})
	r := run(t, o, l, to, time.Minute)
	worst, final := slo.BudgetOf(o.Target, slo.Counts{Good: 142_000, Total: 144_000}).Remaining, 1.0
	want := backtest.Summary{
		Pages: 2, Tickets: 2, Freezes: 1, FrozenSeconds: int64((24*time.Hour + 53*time.Minute) / time.Second),
		Worst: &worst, WorstAt: start.Add(24*time.Hour + 20*time.Minute), Final: &final,
	}
	if diff := cmp.Diff(want, r.Summary); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if whole := start.Add(24 * time.Hour); !r.WholeFrom.Equal(whole) {
		t.Errorf("windows are whole from %s, want %s", r.WholeFrom, whole)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	o := slotest.Objective("video-api", "availability", "Answers", 990_000_000, 24*time.Hour)
	lax := *o
	lax.Target = 900_000_000
	l, to := measured(o, spell{length: 24 * time.Hour, good: 100, total: 100}, spell{length: 20 * time.Minute, total: 100}, spell{length: 3 * time.Hour, good: 100, total: 100})
	present, changed := run(t, o, l, to, time.Minute), run(t, &lax, l, to, time.Minute)
	c := backtest.Compare(present, changed)
	if c.Present.Pages != 2 || c.Changed.Pages != 1 || c.Changed.Freezes != 0 || len(c.Added) != 0 {
		t.Errorf("%+v", c)
	}
	var gone []string
	for _, e := range c.Gone {
		gone = append(gone, e.Tier)
	}
	if diff := cmp.Diff([]string{"page-slow", "ticket-fast", "ticket-slow"}, gone); diff != "" {
		t.Errorf("gone (-want +got):\n%s", diff)
	}
	if back := backtest.Compare(changed, present); len(back.Added) != 3 || len(back.Gone) != 0 {
		t.Errorf("the other way round: %+v", back)
	}
}

func spells(t *rapid.T) []spell {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) spell {
		total := rapid.Int64Range(0, 200).Draw(t, "total")
		bad := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, total)).Draw(t, "bad")
		return spell{
			length: time.Duration(rapid.IntRange(1, 240).Draw(t, "minutes")) * time.Minute, good: total - bad, total: total,
			silent: rapid.IntRange(0, 5).Draw(t, "silent") == 0,
		}
	}), 1, 12).Draw(t, "spells")
}

// TestInvariants holds for every history and every definition.
func TestInvariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := slotest.Objective("video-api", "availability", "Answers", 0, time.Duration(rapid.IntRange(1, 12).Draw(t, "hours"))*time.Hour)
		o.Target = slo.Ratio(rapid.Int64Range(500_000_000, 999_999_999).Draw(t, "target"))
		o.Method = rapid.SampledFrom([]slo.Method{slo.Occurrences, slo.Timeslices, slo.RatioTimeslices}).Draw(t, "method")
		if o.Method != slo.Occurrences {
			o.Slice = slo.Slice{Length: 5 * time.Minute, Target: 950_000_000}
		}
		gap := rapid.SampledFrom([]slo.Gap{slo.GapIgnored, slo.GapGood, slo.GapBad, slo.GapHold})
		o.NoData = slo.NoData{Gate: gap.Draw(t, "no data, gate"), Alert: gap.Draw(t, "no data, alert")}
		l, to := measured(o, append(spells(t), spell{length: 5 * time.Minute, good: 1, total: 1})...)
		r := run(t, o, l, to, 5*time.Minute)

		ends := map[string]time.Time{}
		pages, tickets := 0, 0
		for _, e := range r.Episodes {
			if e.From.Before(ends[e.Tier]) || e.To.Before(e.From) || e.From.Before(start) || e.To.After(to) {
				t.Fatalf("%+v overlaps another of its tier, or is not in the history", e)
			}
			ends[e.Tier] = e.To
			if e.Peak < e.Factor*(1-1e-9) {
				t.Fatalf("%+v never reached its factor", e)
			}
			switch e.Severity {
			case alerts.Page:
				pages++
			case alerts.Ticket:
				tickets++
			}
		}
		if pages != r.Pages || tickets != r.Tickets {
			t.Fatalf("%d pages and %d tickets are told, there are %d and %d", r.Pages, r.Tickets, pages, tickets)
		}
		if span := int64(to.Sub(start) / time.Second); r.FrozenSeconds < 0 || r.FrozenSeconds > span || r.Freezes == 0 && r.FrozenSeconds > 0 {
			t.Fatalf("frozen for %d of %d seconds in %d freezes", r.FrozenSeconds, span, r.Freezes)
		}
		if !slices.IsSortedFunc(r.Phases, func(a, b backtest.Phase) int { return a.To.Compare(b.From) }) {
			t.Fatalf("phases overlap: %+v", r.Phases)
		}
		if (r.Worst == nil) != (r.Final == nil) || r.Worst != nil && *r.Final < *r.Worst {
			t.Fatalf("at the end there is less than the worst: %v, %v", r.Final, r.Worst)
		}
	})
}

// TestStricter: more is asked for of the same events, so releases are never frozen for less time.
func TestStricter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := slotest.Objective("video-api", "availability", "Answers", 0, 6*time.Hour)
		o.Target = slo.Ratio(rapid.Int64Range(500_000_000, 999_999_000).Draw(t, "target"))
		stricter := *o
		stricter.Target += slo.Ratio(rapid.Int64Range(0, int64(999_999_999-o.Target)).Draw(t, "more"))
		l, to := measured(o, append(spells(t), spell{length: 5 * time.Minute, good: 1, total: 1})...)
		a, b := run(t, o, l, to, 5*time.Minute), run(t, &stricter, l, to, 5*time.Minute)
		if b.FrozenSeconds < a.FrozenSeconds {
			t.Fatalf("frozen for %d s at %s, and for %d s at %s", a.FrozenSeconds, a.Target, b.FrozenSeconds, b.Target)
		}
	})
}

func BenchmarkRun(b *testing.B) {
	for _, days := range []int{1, 7} {
		b.Run(fmt.Sprintf("days=%d", days), func(b *testing.B) {
			o := slotest.Objective("video-api", "availability", "Answers", 990_000_000, 24*time.Hour)
			l, to := measured(o, spell{length: time.Duration(days) * 24 * time.Hour, good: 999, total: 1000})
			for b.Loop() {
				run(b, o, l, to, time.Minute)
			}
		})
	}
}

// Alert policies are replayed beside the tiers that the objective keeps.
func TestPolicies(t *testing.T) {
	t.Parallel()
	o := slotest.Objective("video-api", "availability", "Answers", 990_000_000, 24*time.Hour)
	o.AlertTiers = []slo.AlertTier{}
	o.Alerts = []slo.AlertPolicy{
		{Name: "fast", OnBreach: true, Condition: slo.AlertCondition{Severity: "page", Op: slo.MoreThan, Threshold: 20, Lookback: 15 * time.Minute, After: 5 * time.Minute}},
		{Name: "silent", OnNoData: true, Condition: slo.AlertCondition{Severity: "page", Op: slo.MoreThan, Threshold: 20, Lookback: 15 * time.Minute}},
	}
	l, to := measured(o, spell{length: 24 * time.Hour, good: 100, total: 100}, spell{length: 20 * time.Minute, total: 100}, spell{length: 3 * time.Hour, good: 100, total: 100})
	r := run(t, o, l, to, time.Minute)
	// Three minutes of fifteen fail at 20 times; a fourth is more. It holds for five, and ends when at most three are left, two minutes later.
	want := []backtest.Episode{{
		Tier: "policy-fast", Severity: alerts.Page, Factor: 20, Peak: 100, From: start.Add(24*time.Hour + 9*time.Minute), To: start.Add(24*time.Hour + 34*time.Minute),
	}}
	if diff := cmp.Diff(want, r.Episodes, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
