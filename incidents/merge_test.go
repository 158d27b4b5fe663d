package incidents_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
)

// after returns what the commands make of a new incident, a minute apart.
func after(t *testing.T, ref incidents.Ref, cmds ...incidents.Command) incidents.Incident {
	t.Helper()
	i := incidents.Incident{Ref: ref}
	for n, cmd := range append([]incidents.Command{declare}, cmds...) {
		var err error
		if i, _, err = incidents.Apply(i, cmd, at(n), "ada"); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

func TestMerge(t *testing.T) {
	t.Parallel()
	part := after(t, 7, incidents.AddTask{Text: "drain", Owner: "cy"}, incidents.AddTask{Kind: incidents.TaskFollowUp, Text: "alert"},
		incidents.FinishTask{Number: 1}, incidents.Invite{Who: "dee"})
	whole := after(t, 3, incidents.AddTask{Text: "call"}, incidents.Note{Text: "later than the other"}, incidents.Note{Text: "x"},
		incidents.Note{Text: "y"}, incidents.Note{Text: "z"}, incidents.Note{Text: "last"})
	p, err := incidents.ApplyPair(part, whole, incidents.Merge{Into: 3}, at(5), "bob")
	if err != nil {
		t.Fatal(err)
	}
	if p.Incident.State != incidents.Merged || p.Incident.MergedInto != 3 || !p.Incident.Times.Merged.Equal(at(6)) || p.Incident.Tasks[1].Moved != 3 {
		t.Errorf("merged: %+v", p.Incident)
	}
	if d := cmp.Diff([]string{"12:06 bob: merged into INC-3"}, sentences(p.Entries)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"12:06 bob: INC-7 was merged into this one", "12:06 bob: follow-up 2: alert"}, sentences(p.PartnerEntries)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"ada", "dee"}, p.Partner.Members); d != "" {
		t.Error(d)
	}
	if len(part.Tasks) != 2 || part.Tasks[1].Moved != 0 || len(whole.Tasks) != 1 {
		t.Error("the incidents that were given changed")
	}
	reopened, entries, err := incidents.Apply(p.Incident, incidents.Reopen{Reason: "another cause"}, at(9), "bob")
	if err != nil || reopened.State != incidents.Declared || reopened.MergedInto != 0 || !reopened.Times.Merged.IsZero() {
		t.Errorf("%+v, %v, %v", reopened, sentences(entries), err)
	}
	if _, err := incidents.ApplyPair(p.Partner, reopened, incidents.Merge{Into: 7}, at(10), "bob"); err != nil {
		t.Errorf("the other way round: %v", err)
	}
}

func TestPairsThatAreRefused(t *testing.T) {
	t.Parallel()
	open, private := after(t, 1), after(t, 2, incidents.SetPrivate{Private: true})
	closed := after(t, 3, incidents.Resolve{}, incidents.Close{})
	cancelled := after(t, 4, incidents.Cancel{Reason: "none"})
	linked, drill := after(t, 5), after(t, 6)
	drill.Drill = true
	if _, err := incidents.ApplyPair(drill, open, incidents.Merge{Into: 1}, at(1), "ada"); err != nil {
		t.Errorf("a drill that turned out to be none: %v", err)
	}
	pair, err := incidents.ApplyPair(linked, open, incidents.Link{To: 1}, at(1), "ada")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name       string
		i, partner incidents.Incident
		cmd        incidents.Paired
		says       string
	}{
		{"into itself", open, open, incidents.Merge{Into: 1}, `incident "INC-1" is not valid: expected another one`},
		{"into a closed one", open, closed, incidents.Merge{Into: 3}, "it is closed"},
		{"into a cancelled one", open, cancelled, incidents.Merge{Into: 4}, "it is cancelled"},
		{"of a closed one", closed, open, incidents.Merge{Into: 1}, "INC-3 is closed, so it is not possible to merge"},
		{"a private one into one for everybody", private, open, incidents.Merge{Into: 1}, "as private as INC-2"},
		{"one for everybody into a private one", open, private, incidents.Merge{Into: 2}, "as private as INC-1"},
		{"into a drill", open, drill, incidents.Merge{Into: 6}, "an incident that is no drill"},
		{"a link that is there", pair.Incident, pair.Partner, incidents.Link{To: 1}, "not linked to yet"},
		{"a link that tells of a private one", open, private, incidents.Link{To: 2}, "link from INC-2 to this one instead"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := incidents.ApplyPair(tc.i, tc.partner, tc.cmd, at(9), "ada")
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v, want %q", err, tc.says)
			}
		})
	}
	if _, _, err := incidents.Apply(open, incidents.Merge{Into: 2}, at(9), "ada"); !errors.Is(err, incidents.ErrPaired) {
		t.Errorf("half a pair: %v", err)
	}
}

// A link shows on both sides, but one for everybody says nothing of a private one.
func TestLink(t *testing.T) {
	t.Parallel()
	open, private := after(t, 1), after(t, 2, incidents.SetPrivate{Private: true})
	p, err := incidents.ApplyPair(open, after(t, 3), incidents.Link{To: 3}, at(5), "ada")
	if err != nil || !cmp.Equal(p.Incident.Links, []incidents.Ref{3}) || !cmp.Equal(p.Partner.Links, []incidents.Ref{1}) {
		t.Errorf("%v %v, %v", p.Incident.Links, p.Partner.Links, err)
	}
	p, err = incidents.ApplyPair(private, open, incidents.Link{To: 1}, at(5), "ada")
	if err != nil || !cmp.Equal(p.Incident.Links, []incidents.Ref{1}) || len(p.Partner.Links) != 0 || len(p.PartnerEntries) != 0 || !p.Partner.Changed.Equal(open.Changed) {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestVisibleTo(t *testing.T) {
	t.Parallel()
	i := after(t, 1, incidents.Assign{Role: incidents.Scribe, To: "bob"}, incidents.Assign{Role: incidents.Scribe, To: "cy"}, incidents.Invite{Who: "dee"})
	private := i
	private.Private = true
	for _, tc := range []struct {
		viewer         incidents.Viewer
		public, hidden bool
	}{
		{incidents.Viewer{Subject: "ada"}, true, true}, // declared it
		{incidents.Viewer{Subject: "bob"}, true, true}, // had a role
		{incidents.Viewer{Subject: "cy"}, true, true},
		{incidents.Viewer{Subject: "dee"}, true, true}, // was invited
		{incidents.Viewer{Subject: "operator"}, true, false},
		{incidents.Viewer{}, true, false},
		{incidents.Viewer{System: true}, true, true},
	} {
		if got := i.VisibleTo(tc.viewer); got != tc.public {
			t.Errorf("%+v sees one for everybody: %v", tc.viewer, got)
		}
		if got := private.VisibleTo(tc.viewer); got != tc.hidden {
			t.Errorf("%+v sees a private one: %v", tc.viewer, got)
		}
	}
}

// Who has no part in an incident neither hides it nor sees to it that they go on reading.
func TestOnlyForMembers(t *testing.T) {
	t.Parallel()
	i := after(t, 1)
	for _, cmd := range []incidents.Command{incidents.SetPrivate{Private: true}, incidents.Invite{Who: "eve"}, incidents.Invite{Who: "ada"}} {
		if _, _, err := incidents.Apply(i, cmd, at(9), "eve"); !errors.Is(err, incidents.ErrNoMember) {
			t.Errorf("%s: %v", cmd.Verb(), err)
		}
	}
	i, _, err := incidents.Apply(i, incidents.Assign{Role: incidents.Scribe}, at(9), "eve")
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range []incidents.Command{incidents.Invite{Who: "dee"}, incidents.SetPrivate{Private: true}, incidents.SetPrivate{}} {
		if i, _, err = incidents.Apply(i, cmd, at(10), "eve"); err != nil {
			t.Errorf("%s: %v", cmd.Verb(), err)
		}
	}
}
