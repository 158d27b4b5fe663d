// Package recordtest writes down everything that is kept of an incident, so that tests can say that two roads lead to the same record.
package recordtest

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/incidents/postgres"
	"plimsoll/incidents/postmortem"
	postmortempg "plimsoll/incidents/postmortem/postgres"
)

// record is an incident with every version of its timeline, and its postmortem with its action items and its history.
type record struct {
	Incident   incidents.Incident
	Timeline   [][]incidents.TimelineEntry // every version of each entry
	Postmortem postmortem.Record
	History    []postmortem.Version // without the record of each
}

// Read returns the record of an incident as JSON.
func Read(t testing.TB, kept *postgres.Store, postmortems *postmortempg.Store, ref incidents.Ref) []byte {
	t.Helper()
	ctx, all := context.Background(), incidents.Viewer{System: true}
	var r record
	var err error
	check := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	r.Incident, err = kept.Get(ctx, all, ref)
	check()
	for n := range r.Incident.Entries {
		versions, failed := kept.Versions(ctx, all, ref, n+1)
		err = failed
		check()
		r.Timeline = append(r.Timeline, versions)
	}
	r.Postmortem, err = postmortems.Get(ctx, all, ref)
	check()
	r.History, err = postmortems.Versions(ctx, all, ref)
	check()
	for i := range r.History {
		r.History[i].Record = postmortem.Record{}
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err = enc.Encode(r)
	check()
	return text.Bytes()
}

// Matches compares a record with the one in a file, which it writes first where rewrite is set.
func Matches(t testing.TB, file string, got []byte, rewrite bool) {
	t.Helper()
	if rewrite {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the record differs from %s (-want +got):\n%s", file, diff)
	}
}
