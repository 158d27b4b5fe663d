package postmortem_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"plimsoll/incidents/postmortem"
)

var people = rapid.SampledFrom([]string{"ada", "bob", "cy"})

// anyCommand draws any command, sensible in the record's state or not.
func anyCommand(t *rapid.T, facts postmortem.Facts, next *postmortem.ItemRef) postmortem.Command {
	words := rapid.SampledFrom([]string{"", "words"})
	id := postmortem.ItemRef(rapid.IntRange(0, int(*next)).Draw(t, "item"))
	content := whole()
	content.Gap = words.Draw(t, "gap")
	if rapid.Bool().Draw(t, "incomplete") {
		content.Lessons = nil
	}
	shown := evidence[:rapid.IntRange(0, 1).Draw(t, "evidence")]
	*next++
	return rapid.SampledFrom([]postmortem.Command{
		postmortem.Refresh{Facts: facts}, postmortem.Edit{Content: content}, postmortem.Assign{Owner: words.Draw(t, "owner")},
		postmortem.Schedule{Due: at(rapid.IntRange(0, 9).Draw(t, "due"))}, postmortem.Invite{Reviewers: rapid.SliceOfN(people, 0, 2).Draw(t, "reviewers")},
		postmortem.Submit{}, postmortem.Approve{}, postmortem.Approve{}, postmortem.Return{Reason: words.Draw(t, "reason")}, postmortem.Close{}, postmortem.Close{},
		postmortem.AddItem{ID: *next, Kind: postmortem.Prevent, Text: words.Draw(t, "text"), Owner: "x", Priority: 1},
		postmortem.CloseItem{ID: id, Evidence: shown}, postmortem.CloseItem{ID: id, Evidence: shown}, postmortem.VerifyItem{ID: id},
		postmortem.ReopenItem{ID: id, Reason: words.Draw(t, "why")},
	}).Draw(t, "command")
}

// TestAnySequence: whatever is done in whatever order, by clocks that disagree, no item is closed without evidence or verified
// by who closed it, no postmortem is closed with an open item or reviewed by its only author alone, and no version is lost.
func TestAnySequence(t *testing.T) {
	t.Parallel()
	first := begun(t)
	rapid.Check(t, func(t *rapid.T) {
		r, versions, frozen := first, 1, [][]byte(nil)
		var kept []postmortem.Version
		next := postmortem.ItemRef(0)
		for n := range rapid.IntRange(0, 60).Draw(t, "steps") {
			cmd := anyCommand(t, first.Facts, &next)
			was := r
			got, v, err := postmortem.Apply(r, cmd, at(100+n-rapid.IntRange(0, 3).Draw(t, "late")), people.Draw(t, "by"))
			if err != nil || v.Number == 0 {
				if d := cmp.Diff(was, got); d != "" || v.Number != 0 {
					t.Fatalf("%s made no version (%v) and changed the record: %s", cmd.Verb(), err, d)
				}
				continue
			}
			versions++
			if v.Number != versions || got.Version != versions || v.Record.Changed.Before(was.Changed) || len(v.Fields) == 0 {
				t.Fatalf("%s made version %+v after %d", cmd.Verb(), v, versions-1)
			}
			b, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			r, kept, frozen = got, append(kept, v), append(frozen, b)
			checkRecord(t, r)
		}
		for n, v := range kept { // a later command has not reached back into an earlier version
			if b, _ := json.Marshal(v); string(b) != string(frozen[n]) {
				t.Fatalf("version %d changed from\n%s\nto\n%s", v.Number, frozen[n], b)
			}
			var back postmortem.Version
			if err := json.Unmarshal(frozen[n], &back); err != nil || cmp.Diff(v, back, cmpopts.EquateEmpty()) != "" {
				t.Fatalf("version %d does not survive JSON: %v", v.Number, err)
			}
		}
	})
}

func checkRecord(t *rapid.T, r postmortem.Record) {
	for _, i := range r.Items {
		if i.Done() != (len(i.Evidence) > 0) || i.Done() != (i.ClosedBy != "") || i.Done() == i.Closed.IsZero() {
			t.Fatalf("%+v", i)
		}
		if i.State == postmortem.ItemVerified && (i.VerifiedBy == "" || i.VerifiedBy == i.ClosedBy || i.Verified.Before(i.Closed)) {
			t.Fatalf("%+v", i)
		}
		if r.State == postmortem.Closed && !i.Done() {
			t.Fatalf("closed with %+v", i)
		}
	}
	if !slices.IsSortedFunc(r.Items, func(a, b postmortem.ActionItem) int { return int(a.ID - b.ID) }) {
		t.Fatalf("items %v", r.Items)
	}
	if r.State != postmortem.Reviewed && r.State != postmortem.Closed {
		return
	}
	if len(r.Approvals) == 0 || len(r.Pending()) > 0 || len(r.Missing()) > 0 || r.Agreed.IsZero() {
		t.Fatalf("reviewed with approvals %v, pending %v, missing %v", r.Approvals, r.Pending(), r.Missing())
	}
	for _, a := range r.Approvals {
		if len(r.Authors) == 1 && a.By == r.Authors[0] {
			t.Fatalf("%s approved what only %v has written", a.By, r.Authors)
		}
	}
}

// anyContent draws a text of which each section is one of few.
func anyContent(t *rapid.T, name string) postmortem.Content {
	word := rapid.SampledFrom([]string{"", "a", "b"})
	line := rapid.SliceOfN(word, 0, 1)
	return postmortem.Content{
		Summary: word.Draw(t, name), Background: word.Draw(t, name), Gap: word.Draw(t, name), Lessons: line.Draw(t, name), FiveWhys: line.Draw(t, name),
		Trigger: postmortem.Trigger{Text: word.Draw(t, name)}, Links: postmortem.Links{FMEA: line.Draw(t, name)},
	}
}

// TestMergeLosesNothing: joining two changes does not depend on who came first, keeps every section that one of them changed, and
// changes nothing that neither did.
func TestMergeLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base, mine, theirs := anyContent(t, "base"), anyContent(t, "mine"), anyContent(t, "theirs")
		got, conflicts := postmortem.Merge(base, theirs, mine)
		back, same := postmortem.Merge(base, mine, theirs)
		if cmp.Diff(conflicts, same) != "" || len(conflicts) == 0 && cmp.Diff(got, back, cmpopts.EquateEmpty()) != "" {
			t.Fatalf("in the other order: %v and %v, %s", conflicts, same, cmp.Diff(got, back))
		}
		section := func(c postmortem.Content) map[string]string {
			join := func(l []string) string { b, _ := json.Marshal(append([]string{}, l...)); return string(b) }
			return map[string]string{"summary": c.Summary, "background": c.Background, "gap": c.Gap, "lessons": join(c.Lessons), "fiveWhys": join(c.FiveWhys),
				"trigger": c.Trigger.Text, "links": join(c.Links.FMEA)}
		}
		b, m, th, g := section(base), section(mine), section(theirs), section(got)
		for name := range g {
			want := th[name]
			if th[name] == b[name] {
				want = m[name]
			}
			if conflict := m[name] != b[name] && th[name] != b[name] && m[name] != th[name]; conflict != slices.Contains(conflicts, name) || g[name] != want {
				t.Fatalf("%s was %q, became %q and %q: joined to %q, conflicts %v", name, b[name], m[name], th[name], g[name], conflicts)
			}
		}
	})
}

// FuzzParseItemRef: what is read is written and read again as the same.
func FuzzParseItemRef(f *testing.F) {
	for _, s := range []string{"AI-7", "ai-7", "7", "", "AI-", "AI-+7", "AI-0", "-1", "AI-99999999999999999999", "INC-7"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := postmortem.ParseItemRef(s)
		if err != nil {
			return
		}
		if again, err := postmortem.ParseItemRef(ref.String()); err != nil || again != ref || ref < 1 {
			t.Errorf("%q is %v, and that is %v (%v)", s, ref, again, err)
		}
	})
}
