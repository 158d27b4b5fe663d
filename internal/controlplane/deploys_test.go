package controlplane

import (
	"strings"
	"testing"
)

// TestDeploysAreKnownEverywhere lets a change out, tells of it, and finds it wherever it belongs: with its decision, on the timeline of the open
// incident, in the measures and in the report.
func TestDeploysAreKnownEverywhere(t *testing.T) {
	h := open(t, nil, "ada")
	h.give(t, "ada", "POST", "/v1/incidents", map[string]any{"title": "Playback stalls", "severity": 2, "services": []string{"video-api"}})
	of := map[string]any{"service": "video-api", "environment": "production", "commit": "c0ffee", "class": "rollback"} // which goes out without data, too
	decision := h.give(t, "ada", "POST", "/v1/gate/checks", of)
	if decision["outcome"] != "allow" {
		t.Fatal(decision)
	}
	tell := func(event, commit, class, reason string) map[string]any {
		t.Helper()
		body := map[string]any{"event": event, "service": "video-api", "environment": "production", "commit": commit, "class": class, "reason": reason}
		return h.give(t, "ada", "POST", "/v1/deploys", body)["deploy"].(map[string]any)
	}
	tell("finish", "decade", "feature", "")
	tell("fail", "decade", "feature", "errors")
	if d := tell("finish", "c0ffee", "rollback", ""); d["decision"] != decision["seq"] || d["state"] != "finished" {
		t.Errorf("%v, decided by %v", d, decision["seq"])
	}
	until(t, "the deploys are on the timeline of the incident", func() bool {
		timeline := h.ask(t, "ada", "GET", "/v1/incidents/INC-1", "", nil).body
		return strings.Contains(timeline, "DEP-1 failed: feature decade of video-api to production (errors).") &&
			strings.Contains(timeline, "DEP-1 was rolled back: feature decade of video-api to production (DEP-2 brought c0ffee back).") &&
			strings.Contains(timeline, "DEP-2 finished: rollback c0ffee of video-api to production.")
	})
	for path, says := range map[string]string{
		"/v1/deploys?service=video-api": `"ref":"DEP-2"`,
		"/v1/dora":                      `"deployments":1,`,
		"/v1/reports/current":           "One change was deployed; 1 of 1 had to be put right; one went out without the gate's leave.",
		"/metrics":                      `plimsoll_dora_change_failure_ratio{environment="production",service="video-api"} 1`,
	} {
		if r := h.ask(t, "ada", "GET", path, "", nil); r.status != 200 || !strings.Contains(r.body, says) {
			t.Errorf("%s: %d %s\nwant %s", path, r.status, r.body, says)
		}
	}
}
