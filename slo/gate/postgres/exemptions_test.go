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
