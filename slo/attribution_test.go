package slo_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
)

func during(kind slo.CauseKind, ref string, from, to int) slo.Cause {
	return slo.Cause{Kind: kind, Ref: ref, From: (noon + slo.Minute(from)).Time(), To: (noon + slo.Minute(to)).Time()}
}

func TestAttribute(t *testing.T) {
	t.Parallel()
	o := objective(900_000_000, 100*time.Minute)
	r := minutes{}.steady(-100, 0, 10, 10).steady(-90, -80, -5, 0).steady(-60, -59, -2, 0).steady(-40, -30, -1, 0)
	view := slo.View(o, r, []slo.Correction{{ID: 7, Effect: slo.CountGood, From: (noon - 41).Time(), To: (noon - 37).Time()}})
	s := slo.Evaluate(o, view, noon.Time())
	a := slo.Attribute(s, view, []slo.Cause{
		during(slo.ByDeploy, "v2", -95, 0),
		during(slo.ByDeploy, "v3", -60, 0),
		during(slo.ByIncident, "INC-1", -85, -70),
		{Kind: slo.ByIncident, Ref: "INC-2", From: (noon - 34).Time()}, // open
		during(slo.ByCorrection, "7", -41, -37),
	}, 10)
	if a.Bad != 62 || s.Window.Bad() != 60 {
		t.Fatalf("%d bad, the window has %d", a.Bad, s.Window.Bad())
	}
	type spend struct {
		Ref        string
		Bad        int64
		Postmortem bool
	}
	list := func(spends []slo.Spend) (out []spend) {
		for _, s := range spends {
			out = append(out, spend{s.Ref, s.Bad, s.NeedsPostmortem})
		}
		return out
	}
	// 100 are allowed. The minutes -89…-80 fail five each, -59 two, -39…-30 one each.
	if diff := cmp.Diff([]spend{{"INC-1", 30, true}, {"v2", 20, false}, {"INC-2", 5, false}, {"v3", 5, false}, {"7", 2, false}}, list(a.Causes)); diff != "" {
		t.Error(diff)
	}
	var spells [][]spend
	for _, s := range a.Spells {
		spells = append(spells, list(s.Spends))
	}
	want := [][]spend{{{"INC-1", 30, true}, {"v2", 20, false}}, {{"v3", 2, false}}, {{"INC-2", 5, false}, {"v3", 3, false}, {"7", 2, false}}}
	if diff := cmp.Diff(want, spells); diff != "" {
		t.Error(diff)
	}
	if first := a.Spells[0]; first.From != noon-89 || first.To != noon-80 || first.Share != 0.5 {
		t.Errorf("%+v", first)
	}
	if kept := a.Largest(2); len(kept) != 2 || kept[0].Bad != 50 || kept[1].Bad != 10 {
		t.Errorf("%+v", kept)
	}
	if n := len(slo.Attribute(s, r, nil, 19).Spells); n != 2 {
		t.Errorf("%d spells with pauses of up to 19 minutes, want 2", n)
	}
}

// TestAttributionAddsUp proves that no bad event is lost or counted twice, whatever went on, for all methods and corrections.
func TestAttributionAddsUp(t *testing.T) {
	t.Parallel()
	kinds := []slo.CauseKind{slo.ByCorrection, slo.ByIncident, slo.ByDeploy}
	rapid.Check(t, func(t *rapid.T) {
		o := objective(900_000_000, time.Duration(rapid.IntRange(1, 200).Draw(t, "window"))*time.Minute)
		o.Method = rapid.SampledFrom([]slo.Method{slo.Occurrences, slo.Timeslices, slo.RatioTimeslices}).Draw(t, "method")
		if o.Method != slo.Occurrences {
			o.Slice = slo.Slice{Length: time.Duration(rapid.IntRange(1, 9).Draw(t, "slice")) * time.Minute, Target: 950_000_000}
		}
		r := drawMinutes(t, int(o.Window.Minutes())+10)
		view := slo.View(o, r, drawCorrections(t, int(o.Window.Minutes())))
		if rapid.Bool().Draw(t, "without corrections") {
			view = slo.Uncorrected(o, view)
		}
		var causes []slo.Cause
		for range rapid.IntRange(0, 6).Draw(t, "causes") {
			from := rapid.IntRange(-220, 10).Draw(t, "from")
			causes = append(causes, during(rapid.SampledFrom(kinds).Draw(t, "kind"), rapid.StringMatching("[a-c]").Draw(t, "ref"), from, from+rapid.IntRange(1, 60).Draw(t, "length")))
		}
		s := slo.Evaluate(o, view, noon.Time())
		quiet := rapid.Int64Range(0, 20).Draw(t, "quiet")
		a := slo.Attribute(s, view, causes, quiet)
		var byCause, bySpell, corrected int64
		for _, c := range a.Causes {
			if byCause += c.Bad; c.Kind == slo.ByCorrection {
				corrected += c.Bad
			}
		}
		raw := slo.Uncorrected(o, view)
		for i, spell := range a.Spells {
			var parts int64
			for _, c := range spell.Spends {
				parts += c.Bad
			}
			if bySpell += spell.Bad; parts != spell.Bad {
				t.Errorf("the parts of a spell are %d, the spell is %d", parts, spell.Bad)
			}
			if spell.Bad != raw.Read(spell.From-1, spell.To).Bad() {
				t.Errorf("a spell of %d, the ledger has %d", spell.Bad, raw.Read(spell.From-1, spell.To).Bad())
			}
			if i > 0 && int64(spell.From-a.Spells[i-1].To) <= quiet+1 {
				t.Errorf("spells %d and %d are one", i-1, i)
			}
		}
		if want := s.Window.Bad(); byCause-corrected != want {
			t.Errorf("%d of the window's %d are not corrected away", byCause-corrected, want)
		}
		if want := raw.Read(s.From, s.To).Bad(); a.Bad != want || byCause != want || bySpell != want {
			t.Errorf("%d, by cause %d, by spell %d; the window has %d", a.Bad, byCause, bySpell, want)
		}
	})
}

// TestPostmortemAboveAFifth stands on the edge of what demands a postmortem.
func TestPostmortemAboveAFifth(t *testing.T) {
	t.Parallel()
	for bad, want := range map[int64]bool{19: false, 20: false, 21: true} {
		r := minutes{}
		r.add(noon, 1000-bad, 1000) // 100 are allowed
		s := slo.Evaluate(objective(900_000_000, time.Hour), r, noon.Time())
		if got := slo.Attribute(s, r, nil, 0).Causes[0].NeedsPostmortem; got != want {
			t.Errorf("%d of 100: %v", bad, got)
		}
	}
}

// TestATrickleIsNoIncident: failures of a month that have nothing to do with each other demand no postmortem, however many they are.
func TestATrickleIsNoIncident(t *testing.T) {
	t.Parallel()
	o := objective(900_000_000, 100*time.Minute)
	r := minutes{}.steady(-100, 0, 10, 10).steady(-90, -89, -15, 0).steady(-10, -9, -15, 0)
	s := slo.Evaluate(o, r, noon.Time())
	for quiet, want := range map[int64]bool{10: false, 90: true} { // 30 of 100 allowed: in two spells, and in one
		if c := slo.Attribute(s, r, nil, quiet).Causes[0]; c.Bad != 30 || c.NeedsPostmortem != want {
			t.Errorf("pauses of %d minutes: %+v, want a postmortem: %t", quiet, c, want)
		}
	}
}

// TestCorrectionsHideNoOutage: of an hour that failed and of which a minute is excluded, the slice is bad still, and the incident's.
func TestCorrectionsHideNoOutage(t *testing.T) {
	t.Parallel()
	o := objective(900_000_000, 10*time.Hour)
	o.Method, o.Slice = slo.Timeslices, slo.Slice{Length: 10 * time.Minute, Target: 900_000_000}
	end := o.Slice.End(noon - 30)
	r := minutes{}.steady(-600, 0, 10, 10)
	for m := end - 9; m <= end; m++ {
		r[m] = slo.MinuteCounts{Minute: m, Observed: true, Counts: slo.Counts{Total: 10}}
	}
	correction := slo.Correction{ID: 1, Effect: slo.Exclude, From: end.Time(), To: (end + 1).Time()}
	view := slo.View(o, r, []slo.Correction{correction})
	s := slo.Evaluate(o, view, noon.Time())
	a := slo.Attribute(s, view, []slo.Cause{
		{Kind: slo.ByCorrection, Ref: "1", From: correction.From, To: correction.To},
		{Kind: slo.ByIncident, Ref: "INC-1", From: (end - 9).Time(), To: (end + 1).Time()},
	}, 0)
	if spell := a.Spells[0]; spell.From != end-9 || spell.To != end {
		t.Errorf("the spell is %d to %d, the slice %d to %d", spell.From, spell.To, end-9, end)
	}
	if len(a.Causes) != 1 || a.Causes[0].Ref != "INC-1" || a.Causes[0].Bad != 1 {
		t.Errorf("%+v", a.Causes)
	}
}

// TestSlicesInARowAreOneSpell: two bad hours, one after the other, are one spell although an hour lies between their ends.
func TestSlicesInARowAreOneSpell(t *testing.T) {
	t.Parallel()
	o := objective(500_000_000, 10*time.Hour)
	o.Method, o.Slice = slo.Timeslices, slo.Slice{Length: time.Hour, Target: 900_000_000}
	end := o.Slice.End(noon - 200)
	r := minutes{}.steady(-600, int(end-120-noon), 10, 10).steady(int(end-120-noon), int(end-noon), 0, 10).steady(int(end-noon), 0, 10, 10)
	view := slo.View(o, r, nil)
	s := slo.Evaluate(o, view, noon.Time())
	a := slo.Attribute(s, view, nil, slo.QuietMinutes)
	if len(a.Spells) != 1 || a.Bad != 2 || !a.Causes[0].NeedsPostmortem {
		t.Errorf("%+v", a)
	}
}
