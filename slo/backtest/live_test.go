package backtest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/alerts"
	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/ledger"
	"plimsoll/slo/slotest"
)

// live is a ledger that hears of each minute when it is over, with the alerts and the freeze that are moved by it then.
type live struct {
	ledger *ledger.Ledger
	ref    ledger.Ref
	key    slo.Key
	alerts map[string]alerts.Alert
	freeze gate.State
	policy *gate.Policy
	told   []string
}

func newLive(o *slo.Objective, p *gate.Policy, now func() time.Time) *live {
	l := &live{ledger: ledger.New(ledger.Config{Now: now}), key: o.Key, alerts: map[string]alerts.Alert{}, policy: p}
	l.ledger.SetObjectives([]*slo.Objective{o})
	l.ref, _ = l.ledger.Ref(o.Key)
	return l
}

// minute counts the events of the minute that ends at an instant, at its end.
func (l *live) minute(end time.Time, s spell) {
	if s.silent {
		return
	}
	ms := end.UnixMilli() - 1
	l.ledger.Commit(&ledger.Batch{
		Increments:   []ledger.Increment{{Objective: l.ref, From: ms, To: ms, Good: s.good, Total: s.total}},
		Observations: []ledger.Observation{{Objective: l.ref, At: ms}},
	})
}

func (l *live) judge(at time.Time) {
	s, _ := l.ledger.Status(l.key, at.Add(-time.Millisecond))
	view, _ := l.ledger.Reader(l.key)
	for _, tier := range alerts.Tiers() {
		next, change := alerts.Transition(l.alerts[tier.Name], alerts.Judge(slo.Gaps(s, view, slo.ForAlert), tier, alerts.DefaultGuard()), at, alerts.DefaultTiming())
		l.alerts[tier.Name] = next
		if change == alerts.FiredNow {
			l.told = append(l.told, fmt.Sprintf("%s at %s", tier.Name, at))
		}
	}
	next, events := gate.Transition(l.freeze, gate.Input{
		At: at, Watched: l.policy.Watch([]gate.Figures{gate.FiguresOf(slo.Gaps(s, view, slo.ForGate), slo.Forecast{})}),
		Thaw: l.policy.Thaw, MaxAge: l.policy.MaxAge() + time.Millisecond, // the sample is that much older than its minute's end
	})
	l.freeze = next
	for _, e := range events {
		if e.To != gate.Open {
			l.told = append(l.told, fmt.Sprintf("%s at %s", e.To, at))
		}
	}
}

// TestLive: what is replayed with the present definition is what was told when it happened, by a ledger that knew nothing of what came after.
func TestLive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := slotest.Objective("video-api", "availability", "Answers", 0, time.Duration(rapid.IntRange(1, 6).Draw(t, "hours"))*time.Hour)
		o.Target = slo.Ratio(rapid.Int64Range(500_000_000, 999_999_999).Draw(t, "target"))
		o.Method = rapid.SampledFrom([]slo.Method{slo.Occurrences, slo.Timeslices, slo.RatioTimeslices}).Draw(t, "method")
		if o.Method != slo.Occurrences {
			o.Slice = slo.Slice{Length: time.Duration(rapid.IntRange(1, 10).Draw(t, "slice")) * time.Minute, Target: 950_000_000}
		}
		gap := rapid.SampledFrom([]slo.Gap{slo.GapIgnored, slo.GapBad, slo.GapHold})
		o.NoData = slo.NoData{Gate: gap.Draw(t, "no data, gate"), Alert: gap.Draw(t, "no data, alert")}
		history := append([]spell{{length: 7 * time.Hour, good: 100, total: 100}}, spells(t)...)
		at := start
		l := newLive(o, policy(t), func() time.Time { return at })
		const step = 5 * time.Minute
		for _, s := range history {
			for end := at.Add(s.length); at.Before(end); {
				at = at.Add(time.Minute)
				l.minute(at, s)
				if at.Sub(start)%step == 0 {
					l.judge(at)
				}
			}
		}
		past, to := measured(o, history...)
		r := run(t, o, past, to, step)
		told, want := map[string]bool{}, map[string]bool{}
		for _, e := range r.Episodes {
			told[fmt.Sprintf("%s at %s", e.Tier, e.From)] = true
		}
		for _, p := range r.Phases {
			told[fmt.Sprintf("%s at %s", p.Phase, p.From)] = true
		}
		for _, s := range l.told {
			want[s] = true
		}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Fatalf("(-live +replayed):\n%s", diff)
		}
	})
}
