package postgres_test

import (
	"sync"
	"testing"
	"time"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/postgres"
)

// TestExemptionCountsAtOnce records and ends exemptions through one replica while another is busy: what was acknowledged holds for the next check of
// either, whichever transaction it shares.
func TestExemptionCountsAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(cfg *postgres.Config) { cfg.Now = time.Now })
	f.budgets.set(152, 110_000, time.Now().Add(time.Hour))
	f.evaluate(t)
	replicas := []*postgres.Gate{f.Gate, f.another(t, func(cfg *postgres.Config) { cfg.Now = time.Now })}
	end := make(chan struct{})
	var busy sync.WaitGroup
	for n := range 6 {
		busy.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
				}
				if _, err := replicas[n%2].Check(t.Context(), "ci", change(gate.Feature, "busy")); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	check := func(n int, outcome gate.Outcome, reason gate.Reason) {
		t.Helper()
		for i, g := range replicas {
			if d, err := g.Check(t.Context(), "ci", change(gate.Feature, "c0ffee")); err != nil || d.Outcome != outcome || d.Reason != reason {
				t.Errorf("round %d, replica %d: %s %s, %v, want %s %s", n, i, d.Outcome, d.Reason, err, outcome, reason)
			}
		}
	}
	for n := range 20 {
		e, err := replicas[n%2].Exempt(t.Context(), gate.Exemption{Service: "video-api", Environment: "production", Because: gate.CauseOutside,
			Reason: "drill", By: "ada", Until: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		check(n, gate.Allow, gate.ExemptCause)
		if _, err := replicas[(n+1)%2].EndExemption(t.Context(), "grace", e.ID); err != nil {
			t.Fatal(err)
		}
		check(n, gate.Deny, gate.CodeRedInForce)
	}
	close(end)
	busy.Wait()
	if v := f.verify(t); v.Broken != nil {
		t.Errorf("%+v", v.Broken)
	}
	replays(t, f)
}

// TestExemptionOfOneCodeRed: what was granted in one Code Red counts for nothing in the next, although its end has not come.
func TestExemptionOfOneCodeRed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	phase := func(bad int64, want gate.Phase) {
		t.Helper()
		f.budgets.set(bad, 110_000, f.clock.now())
		f.evaluate(t)
		if list, err := f.Freezes(t.Context()); err != nil || len(list) != 1 || list[0].Phase != want {
			t.Fatalf("%+v, %v, want %s", list, err, want)
		}
	}
	exempt := func() gate.Exemption {
		t.Helper()
		e, err := f.Exempt(t.Context(), gate.Exemption{Service: "video-api", Environment: "production", Because: gate.CauseOutside, Reason: "drill", By: "ada",
			Until: f.clock.now().Add(20 * 24 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	phase(152, gate.CodeRed)
	if e := exempt(); e.CodeRed == 0 {
		t.Errorf("recorded in no Code Red: %+v", e)
	}
	f.expect(t, change(gate.Feature, "a"), gate.Allow, gate.ExemptCause)
	phase(20, gate.CodeRed)
	f.clock.advance(time.Hour)
	phase(20, gate.Thawing)
	f.clock.advance(7 * time.Hour)
	phase(20, gate.Open)
	f.clock.advance(time.Hour)
	phase(152, gate.CodeRed)
	f.expect(t, change(gate.Feature, "b"), gate.Deny, gate.CodeRedInForce)
	if p, err := f.Preview(t.Context(), change(gate.Feature, "b")); err != nil || p.Reason != gate.CodeRedInForce {
		t.Errorf("previewed as %s, %v", p.Reason, err)
	}
	if list, err := f.Exemptions(t.Context(), ""); err != nil || len(list) != 1 || !list[0].Past || list[0].InForce(f.clock.now()) {
		t.Errorf("%+v, %v", list, err)
	}
	exempt()
	f.expect(t, change(gate.Feature, "c"), gate.Allow, gate.ExemptCause)
	replays(t, f)
}
