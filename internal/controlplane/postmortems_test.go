package controlplane

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/slo/gate"
)

// TestActionItemsOfAnIncident goes from an incident to a verified action item: the draft comes by itself, an open item exempts the change
// that refers to it, and one that is verified counts for its service. A private one is unknown to the gate.
func TestActionItemsOfAnIncident(t *testing.T) {
	h := open(t, nil, "ada", "bob")
	for _, private := range []bool{false, true} {
		at := h.give(t, "ada", http.MethodPost, "/v1/incidents", map[string]any{"title": "Playback stalls", "severity": 2, "services": []string{"films"}, "private": private})["ref"].(string)
		h.give(t, "ada", http.MethodPost, "/v1/incidents/"+at+"/resolve", map[string]any{"how": "rolled back"})
	}
	if err := h.app.drafts.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	of := "/v1/incidents/INC-1/postmortem"
	for _, path := range []string{of, "/v1/incidents/INC-2/postmortem"} {
		deadline := time.Now().Add(30 * time.Second)
		for h.ask(t, "ada", http.MethodGet, path, "", nil).status != http.StatusOK {
			if time.Now().After(deadline) {
				t.Fatalf("no draft at %s", path)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	item := map[string]any{"kind": "prevent", "text": "Fill the cache", "owner": "video", "priority": 1}
	h.give(t, "ada", http.MethodPost, of+"/items", item)
	h.give(t, "ada", http.MethodPost, "/v1/incidents/INC-2/postmortem/items", item)

	known := gateIncidents{h.app.incidents, h.app.postmortems}
	refs := func() []gate.Reference {
		t.Helper()
		list, err := known.references(t.Context(), []string{"AI-1", "AI-2", "ai-9", "INC-1", "main"})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	want := []gate.Reference{{Ref: "AI-1", Known: true, Open: true, Services: []string{"films"}}, {Ref: "AI-2"}, {Ref: "ai-9"}, {Ref: "INC-1", Known: true, Services: []string{"films"}}, {Ref: "main"}}
	if d := cmp.Diff(want, refs()); d != "" {
		t.Errorf("references (-want +got):\n%s", d)
	}
	before := time.Now().Add(-time.Hour)
	h.give(t, "ada", http.MethodPost, "/v1/action-items/1/close", map[string]any{"evidence": []map[string]string{{"kind": "test", "ref": "TestColdCache", "words": "fails without it"}}})
	h.give(t, "ada", http.MethodPost, "/v1/action-items/2/close", map[string]any{"evidence": []map[string]string{{"kind": "test", "ref": "TestColdCache", "words": "fails without it"}}})
	h.give(t, "bob", http.MethodPost, "/v1/action-items/1/verify", map[string]any{})
	if got := refs()[0]; !got.Known || got.Open {
		t.Errorf("a verified item is %+v", got)
	}
	for service, want := range map[string]int{"films": 1, "other": 0} {
		if list, err := known.verifiedItems(t.Context(), service, before); err != nil || len(list) != want {
			t.Errorf("%s: %v %v", service, list, err)
		}
	}
	late, err := h.app.latePostmortems(t.Context(), time.Now().AddDate(0, 1, 0))
	if err != nil || len(late) != 2 {
		t.Fatalf("%v: %+v", err, late)
	}
	for _, r := range late {
		if !strings.Contains(r.Text, r.Incident.String()) || strings.Contains(r.Text, "Playback") || r.Kind != "postmortem_overdue" {
			t.Errorf("%+v", r)
		}
	}
	if _, err := h.app.postmortems.Get(t.Context(), incidents.Viewer{Subject: operator}, 2); err == nil {
		t.Error("the operator reads the postmortem of a private incident")
	}
}
