package slo_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"plimsoll/slo"
)

// drawCauses draws what may have spent a budget.
func drawCauses(t *rapid.T) []slo.Cause {
	var causes []slo.Cause
	for range rapid.IntRange(0, 4).Draw(t, "causes") {
		from := rapid.IntRange(-80, 0).Draw(t, "cause's beginning")
		kind := rapid.SampledFrom([]slo.CauseKind{slo.ByIncident, slo.ByDeploy}).Draw(t, "kind")
		causes = append(causes, during(kind, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "ref"), from, from+rapid.IntRange(1, 40).Draw(t, "cause's length")))
	}
	return causes
}

// What causes have spent of a composite adds up to what is spent of it, whatever the methods of its components, and so do its spells.
func TestAttributeComposites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := &slo.Objective{Key: "video/journey", Method: slo.Composite, Target: 900_000_000, Window: slo.Window{Length: time.Hour}}
		var parts []slo.Status
		views := map[slo.Key]slo.Reader{}
		for _, key := range []slo.Key{"video/a", "video/b", "video/c"}[:rapid.IntRange(1, 3).Draw(t, "components")] {
			part := drawObjective(t, key)
			views[key] = slo.View(part, drawMinutes(t, 70), nil)
			parts = append(parts, slo.Evaluate(part, views[key], noon.Time()))
			o.Components = append(o.Components, slo.Component{Key: key, Weight: slo.Ratio(rapid.Int64Range(1, 5).Draw(t, "weight"))})
		}
		s := slo.EvaluateComposite(o, parts, noon.Time())
		causes := drawCauses(t)
		failing := errors.New("away")
		a, err := slo.AttributeWith(s, slo.Combined(s, views), func(*slo.Objective, time.Time, time.Time) ([]slo.Cause, error) { return causes, nil })
		if err != nil {
			t.Fatal(err)
		}
		unknown, err := slo.AttributeWith(s, slo.Combined(s, views), func(*slo.Objective, time.Time, time.Time) ([]slo.Cause, error) { return causes, failing })
		if !errors.Is(err, failing) {
			t.Fatalf("%v", err)
		}
		for _, a := range []slo.Attribution{a, unknown} {
			byCause, bySpell := 0.0, 0.0
			for _, c := range a.Causes {
				byCause += c.Share
				if c.Kind != slo.ByNobody && c.NeedsPostmortem != (c.Share > 0.2) && math.Abs(c.Share-0.2) > 1e-9 {
					t.Errorf("%+v", c)
				}
			}
			last := slo.Minute(math.MinInt64 / 2)
			for _, spell := range a.Spells {
				if bySpell += spell.Share; spell.From-last <= slo.QuietMinutes+1 || spell.To < spell.From {
					t.Errorf("a spell from %d after one until %d", spell.From, last)
				}
				last = spell.To
			}
			if spent := 1 - s.Budget.Remaining; math.Abs(byCause-spent) > 1e-9 || math.Abs(bySpell-spent) > 1e-9 {
				t.Errorf("%v by causes and %v by spells of %v", byCause, bySpell, spent)
			}
		}
		if len(parts) > 1 {
			return
		}
		only := slo.Attribute(parts[0], views[parts[0].Objective.Key], causes, slo.QuietMinutes)
		if diff := cmp.Diff(len(only.Spells), len(a.Spells)); diff != "" {
			t.Error(diff)
		}
		for i := range a.Spells {
			if diff := cmp.Diff(only.Spells[i].Share, a.Spells[i].Share, cmpopts.EquateApprox(1e-9, 0)); diff != "" {
				t.Error(diff)
			}
		}
	})
}
