package incidents_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/incidents"
)

// due writes what is overdue as kind@minutes after noon.
func due(i incidents.Incident, now time.Time) []string {
	var out []string
	for _, r := range incidents.Reminders(i, now) {
		out = append(out, string(r.Kind)+"@"+r.Due.Format("15:04"))
	}
	return out
}

func TestReminders(t *testing.T) {
	t.Parallel()
	fresh := incidents.Incident{Ref: 7, State: incidents.Declared, Times: incidents.Times{Declared: noon, Detected: noon}}
	with := func(edit func(*incidents.Incident)) incidents.Incident {
		i := fresh
		edit(&i)
		return i
	}
	led := func(i *incidents.Incident) {
		i.Roles = map[incidents.Role]string{incidents.Commander: "ada"}
	}
	for _, tc := range []struct {
		name   string
		i      incidents.Incident
		minute int
		want   []string
	}{
		{"the first two minutes are for getting there", fresh, 1, nil},
		{"a commander after two", fresh, 2, []string{"no_commander@12:02"}},
		{"a severity after five", fresh, 5, []string{"no_commander@12:02", "no_severity@12:05"}},
		{"with a commander only the severity", with(led), 5, []string{"no_severity@12:05"}},
		{"no cadence without a severity", with(led), 600, []string{"no_severity@12:05"}},
		{"an update by the cadence", with(func(i *incidents.Incident) { led(i); i.Severity = 1 }), 30, []string{"update_overdue@12:30"}},
		{"not before it is due", with(func(i *incidents.Incident) { led(i); i.Severity = 1 }), 29, nil},
		{"and again when the cadence has passed once more", with(func(i *incidents.Incident) { led(i); i.Severity = 1 }), 95, []string{"update_overdue@13:30"}},
		{"as promised", with(func(i *incidents.Incident) { led(i); i.Severity = 1; i.PromisedUpdate = at(10) }), 11, []string{"update_overdue@12:10"}},
		{"a promise holds where the severity has no cadence", with(func(i *incidents.Incident) { led(i); i.Severity = 5; i.PromisedUpdate = at(10) }), 600,
			[]string{"update_overdue@12:10"}},
		{"nothing when it is over", with(func(i *incidents.Incident) { i.State = incidents.Resolved }), 600, nil},
		{"nothing when it was none", with(func(i *incidents.Incident) { i.State = incidents.Cancelled }), 600, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(tc.want, due(tc.i, at(tc.minute))); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestRemindersAreOccasions: however often one looks, each occasion is one, is never before it is due, and once it has
// come it stays until something is done or the next of its kind comes.
func TestRemindersAreOccasions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		i, _, err := incidents.Apply(incidents.Incident{Ref: 1}, declare, noon, "ada")
		if err != nil {
			t.Fatal(err)
		}
		now, seen := noon, map[string]time.Time{}
		for range rapid.IntRange(1, 30).Draw(t, "looks") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "minutes")) * time.Minute)
			if next, _, err := incidents.Apply(i, anyCommand(t), now, "ada"); err == nil && rapid.Bool().Draw(t, "act") {
				i = next
			}
			reminders := incidents.Reminders(i, now)
			if !i.State.Open() && len(reminders) > 0 {
				t.Fatalf("%s is %s and reminds of %v", i.Ref, i.State, reminders)
			}
			for _, r := range reminders {
				key := string(r.Kind) + "/" + r.Occasion
				if r.Due.After(now) {
					t.Fatalf("%s reminds at %s of what is due at %s", key, now, r.Due)
				}
				if first, again := seen[key]; again && r.Kind == incidents.UpdateOverdue && !first.Equal(r.Due) {
					t.Fatalf("%s is due at %s and at %s", key, first, r.Due)
				}
				seen[key] = r.Due
			}
			if again := incidents.Reminders(i, now); !slices.Equal(reminders, again) {
				t.Fatalf("the same look gives %v and %v", reminders, again)
			}
		}
	})
}
