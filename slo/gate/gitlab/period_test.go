package gitlab

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/robfig/cron/v3"
	"pgregory.net/rapid"

	"plimsoll/slo/gate"
)

// frozen tells whether GitLab holds a period to be in force: it began later than it last ended. Source: how GitLab
// computes CI_DEPLOY_FREEZE.
func frozen(t interface{ Fatal(...any) }, p Period, at time.Time) bool {
	last := func(expression string) time.Time {
		s, err := cron.ParseStandard("CRON_TZ=" + p.Zone + " " + expression)
		if err != nil {
			t.Fatal(err)
		}
		var last time.Time
		for next := s.Next(at.AddDate(-2, 0, 0)); !next.After(at); next = s.Next(next) {
			last = next
		}
		return last
	}
	return last(p.Start).After(last(p.End))
}

// TestInForce checks that a period holds for as long as its freeze does, whenever it is looked at.
func TestInForce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		since := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "since"), 0).UTC()
		at := since.Add(time.Duration(rapid.Int64Range(0, int64(300*24*time.Hour)).Draw(t, "after")))
		p := Project{Service: "a", Environment: "b"}
		codeRed := gate.State{Service: "a", Environment: "b", Phase: gate.CodeRed, Since: since}
		if since.Month() == time.February && since.Day() == 29 || at.Month() == time.February && at.Day() == 29 {
			return // a date that does not come again every year
		}
		for _, period := range Wanted(p, []gate.State{codeRed}, at) {
			if period.Start == "" || !frozen(t, period, at) || !frozen(t, period, at.Add(notice-2*time.Minute)) {
				t.Fatalf("since %s, at %s: %+v", since, at, period)
			}
			if period != Wanted(p, []gate.State{codeRed}, at.Add(time.Second))[0] && at.Add(notice).Sub(since)%stride < stride-time.Second {
				t.Fatalf("since %s, at %s: it changes within a second", since, at)
			}
		}
		length := time.Duration(rapid.Int64Range(int64(time.Minute), int64(31*24*time.Hour)).Draw(t, "length"))
		hand := gate.State{Service: "a", Environment: "b", Manual: &gate.Manual{Kind: gate.FreezeByHand, At: since, Until: since.Add(length)}}
		at = since.Add(time.Duration(rapid.Int64Range(0, int64(length)-1).Draw(t, "into")))
		period := Wanted(p, []gate.State{hand}, at)[0]
		if !frozen(t, period, at) || frozen(t, period, since.Add(length).Add(time.Minute)) || frozen(t, period, since.Add(-time.Minute)) {
			t.Fatalf("from %s for %s, at %s: %+v", since, length, at, period)
		}
	})
}

func TestWanted(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 24, 12, 0, 30, 0, time.UTC)
	hand := func(kind gate.CommandKind) *gate.Manual {
		return &gate.Manual{Kind: kind, At: noon, Until: noon.Add(2 * time.Hour)}
	}
	for _, tc := range []struct {
		name string
		s    gate.State
		at   time.Time
		want []Period
	}{
		{"open", gate.State{Phase: gate.Open}, noon, nil},
		{"thawing", gate.State{Phase: gate.Thawing, Since: noon}, noon, nil},
		{"code red", gate.State{Phase: gate.CodeRed, Since: noon}, noon, []Period{{"0 12 24 11 *", "0 12 22 12 *", zone}}},
		{"code red, a day before its end", gate.State{Phase: gate.CodeRed, Since: noon}, noon.Add(27 * 24 * time.Hour), []Period{{"0 12 21 12 *", "0 12 19 1 *", zone}}},
		{"frozen by hand", gate.State{Manual: hand(gate.FreezeByHand)}, noon, []Period{{"0 12 24 11 *", "1 14 24 11 *", zone}}},
		{"that is over", gate.State{Manual: hand(gate.FreezeByHand)}, noon.Add(2 * time.Hour), nil},
		{"code red, frozen by hand as well", gate.State{Phase: gate.CodeRed, Since: noon, Manual: hand(gate.FreezeByHand)}, noon, []Period{{"0 12 24 11 *", "0 12 22 12 *", zone}}},
		{"code red, thawed by hand", gate.State{Phase: gate.CodeRed, Since: noon, Manual: hand(gate.ThawByHand)}, noon, nil},
	} {
		tc.s.Service, tc.s.Environment = "a", "b"
		other := tc.s
		other.Environment = "c"
		if diff := cmp.Diff(tc.want, Wanted(Project{Service: "a", Environment: "b"}, []gate.State{other, tc.s}, tc.at)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// TestPlan applies plans to random projects: what is wanted is there, what is theirs stays, and a second plan does nothing.
func TestPlan(t *testing.T) {
	t.Parallel()
	period := rapid.Custom(func(t *rapid.T) Period {
		return Period{Start: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "start"), End: "e", Zone: zone}
	})
	rapid.Check(t, func(t *rapid.T) {
		set := rapid.SliceOfNDistinct(period, 0, 3, rapid.ID)
		wanted, ours := rapid.SliceOfN(period, 0, 4).Draw(t, "wanted"), set.Draw(t, "ours")
		var listed []Listed
		for i, p := range rapid.SliceOfN(period, 0, 5).Draw(t, "listed") {
			listed = append(listed, Listed{ID: int64(i), Period: p})
		}
		theirs := slices.DeleteFunc(slices.Clone(listed), func(l Listed) bool { return slices.Contains(ours, l.Period) })
		s := Plan(wanted, ours, listed)
		for _, p := range s.Create {
			if !slices.Contains(s.Note, p) && !slices.Contains(ours, p) {
				t.Fatalf("%v is created without a note", p)
			}
			listed = append(listed, Listed{ID: int64(len(listed)) + 100, Period: p})
		}
		listed = slices.DeleteFunc(listed, func(l Listed) bool { return slices.Contains(s.Delete, l) })
		ours = slices.DeleteFunc(append(ours, s.Note...), func(p Period) bool { return slices.Contains(s.Forget, p) })
		for _, l := range theirs {
			if !slices.Contains(listed, l) {
				t.Fatalf("%v is a person's", l)
			}
		}
		for i, p := range s.Create {
			if slices.Contains(s.Create[:i], p) {
				t.Fatalf("%v is created twice", p)
			}
		}
		for _, p := range wanted {
			if !slices.ContainsFunc(listed, func(l Listed) bool { return l.Period == p }) {
				t.Fatalf("%v is missing", p)
			}
		}
		if again := Plan(wanted, ours, listed); len(again.Note)+len(again.Create)+len(again.Delete)+len(again.Forget) > 0 {
			t.Fatalf("again: %+v", again)
		}
	})
}
