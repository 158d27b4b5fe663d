package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/incidents/api"
	"plimsoll/slo"
)

func (s *server) detail(token, ref string) api.IncidentDetail {
	s.t.Helper()
	var d api.IncidentDetail
	if err := json.Unmarshal([]byte(s.must(token, "GET", "/"+ref, "")), &d); err != nil {
		s.t.Fatal(err)
	}
	return d
}

// TestResponse gives every command of a response once, and reads the record that comes of it.
func TestResponse(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.must("a", "POST", "", `{"title":"Playback stalls"}`)
	s.must("a", "POST", "", `{"title":"Stalls in Europe","severity":3}`)
	for _, step := range []struct{ token, path, body string }{
		{"a", "/1/severity", `{"severity":2}`},
		{"a", "/1/impact", `{"objectives":["video-api/availability"],"services":["web"]}`},
		{"a", "/1/impact", `{"services":["web"],"remove":true}`},
		{"a", "/1/tasks", `{"text":"drain","owner":"bob","due":"2026-03-03T12:00:00Z"}`},
		{"b", "/1/tasks/1/done", ""},
		{"a", "/2/tasks", `{"text":"alert on it","kind":"followup"}`},
		{"a", "/1/links", `{"ref":"INC-2"}`},
		{"a", "/2/merge", `{"ref":"1"}`},
		{"a", "/1/pins", `{"text":"it is the pool","author":"cy","link":"https://chat.example/1"}`},
		{"a", "/1/events", `{"kind":"deploy","text":"4f2a1c","source":"video-api","at":"2026-03-02T11:59:00Z"}`},
		{"a", "/1/messages", `{"audience":"customers"}`},
		{"b", "/1/messages/1/approve", ""},
		{"a", "/1/messages/1/deliveries", `{"deliveries":[{"to":"status page"}]}`},
		{"b", "/1/messages", `{"audience":"support","text":"all well"}`},
		{"a", "/1/messages/2/reject", `{"reason":"it is not"}`},
		{"a", "/1/members", `{"who":"dee"}`},
		{"a", "/1/mitigate", ""},
	} {
		s.must(step.token, "POST", step.path, step.body)
	}
	d := s.detail("", "1")
	var told []string
	for _, e := range d.Timeline {
		told = append(told, e.By+" "+strings.SplitN(e.Sentence(nil), "\n", 2)[0])
	}
	if diff := cmp.Diff([]string{
		"ada declared: Playback stalls", "ada severity set to sev2",
		"ada affected changed from nothing to video-api, web, video-api/availability",
		"ada affected changed from video-api, web, video-api/availability to video-api, video-api/availability",
		"ada task 1 for bob: drain", "bob task 1 done: drain", "ada linked to INC-2", "ada INC-2 was merged into this one",
		"ada follow-up 2: alert on it", "ada pinned what cy wrote: it is the pool",
		"ada deploy on video-api at 2026-03-02 11:59:00 UTC: 4f2a1c",
		"ada message 1 to customers drafted: What is affected: Playback stalls.", "bob message 1 to customers approved",
		"ada message 1 to customers sent: to status page", "bob message 2 to support drafted: all well",
		"ada message 2 to support rejected: it is not", "ada dee invited", "ada acknowledged", "ada mitigated",
	}, told); diff != "" {
		t.Errorf("timeline (-want +got):\n%s", diff)
	}
	if len(d.Tasks) != 2 || d.Tasks[0].Open() || !d.Tasks[1].Open() || len(d.Absorbed) != 1 || d.Absorbed[0].Title != "Stalls in Europe" {
		t.Errorf("tasks %+v, absorbed %+v", d.Tasks, d.Absorbed)
	}
	if diff := cmp.Diff([]string{"ada", "dee"}, d.Members); diff != "" {
		t.Error(diff)
	}
	if got := s.detail("", "2"); got.State != incidents.Merged || got.MergedInto != 1 || got.Tasks[0].Moved != 1 || len(got.Spent) != 0 {
		t.Errorf("the other: %+v", got)
	}
	if text := s.must("", "GET", "/1/template?audience=executives", ""); !strings.Contains(text, "INC-1, severity 2 (major).") {
		t.Error(text)
	}
	s.must("a", "PUT", "/1/timeline/10", `{"text":""}`)
	if versions := s.must("", "GET", "/1/timeline/10", ""); !strings.Contains(versions, "it is the pool") || !strings.Contains(versions, `"version":2`) {
		t.Error(versions)
	}
}

// TestBudget measures what the incident spent of each objective, and again when the ledger is corrected.
func TestBudget(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.must("a", "POST", "", declaration)
	s.at = noon.Add(9 * time.Minute)
	s.must("a", "POST", "/1/mitigate", "")
	// 20 minutes, both ends included, of 1000 events with 10 bad ones; the window up to then allows 1 in 100 of 70,000.
	share := 200.0 / 700
	want := []api.Spent{{Objective: "video-api/availability", Name: "API availability", From: noon.Add(-10 * time.Minute), To: noon.Add(9 * time.Minute),
		Total: 20_000, Bad: 200, Allowed: 700, Share: &share}}
	if diff := cmp.Diff(want, s.detail("", "1").Spent); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.ledger.Correct(slo.Correction{Objective: "video-api/availability", From: noon.Add(-10 * time.Minute), To: noon, Effect: slo.CountGood})
	var got struct{ Spent []api.Spent }
	if err := json.Unmarshal([]byte(s.must("", "GET", "/1/budget", "")), &got); err != nil || got.Spent[0].Bad != 100 {
		t.Errorf("after half of it was corrected: %+v, %v", got.Spent, err)
	}
	s.must("a", "POST", "", `{"title":"A drill","drill":true,"services":["video-api"]}`)
	if spent := s.detail("", "2").Spent; len(spent) != 0 {
		t.Errorf("a drill spent %+v", spent)
	}
}

// TestIdempotencyKey: a change that is sent again changes nothing, for the same person only.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	send := func(token, path, body string) string {
		r := httptest.NewRequest("POST", "/v1/incidents"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Idempotency-Key", "once")
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	if first, again := send("a", "", declaration), send("a", "", declaration); first != again {
		t.Errorf("declared %s and %s", first, again)
	}
	if other := send("b", "", declaration); !strings.Contains(other, "INC-2") {
		t.Errorf("another person's key: %s", other)
	}
	for range 2 {
		send("a", "/1/acknowledge", "{}")
		send("a", "/1/notes", `{"text":"x"}`)
		send("a", "/1/merge", `{"ref":"INC-2"}`)
	}
	if d := s.detail("", "1"); len(d.Timeline) != 4 {
		t.Errorf("%d entries", len(d.Timeline))
	}
}

func TestStatistics(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, body := range []string{declaration, declaration, `{"title":"A drill","severity":1,"drill":true}`, `{"title":"Leak","severity":1,"private":true}`} {
		s.must("a", "POST", "", body)
	}
	s.must("a", "POST", "/1/resolve", "")
	var got api.Statistics
	if err := json.Unmarshal([]byte(s.must("a", "GET", "/statistics", "")), &got); err != nil {
		t.Fatal(err)
	}
	if got.Incidents != 2 || got.Open != 1 || got.Resolve != (incidents.Spread{Count: 1, Mean: 840, Median: 840, P90: 840}) || len(got.BySeverity) != 1 {
		t.Errorf("%+v", got)
	}
	for query, says := range map[string]string{
		"?service=none":              `"incidents":0`,
		"?to=2026-03-02T12:00:30Z":   `"incidents":1`,
		"?from=2026-03-02T12:00:30Z": `"incidents":1`,
	} {
		if answer := s.must("", "GET", "/statistics"+query, ""); !strings.Contains(answer, says) {
			t.Errorf("%s: no %s in %s", query, says, answer)
		}
	}
	if code, answer := s.call("", "GET", "/statistics?from=2026-05-01T00:00:00Z", ""); code != 422 || !strings.Contains(answer, "from must be earlier than to") {
		t.Errorf("%d %s", code, answer)
	}
	if answer := s.must("", "GET", "/severities", ""); !strings.Contains(answer, "Most customers cannot use the service") {
		t.Error(answer)
	}
}

// TestOutsiderFindsNothing walks every route that takes an incident, and every list, as somebody who is no member.
func TestOutsiderFindsNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.must("a", "POST", "", `{"title":"Passwords leaked","severity":1,"private":true,"objectives":["video-api/availability"]}`)
	s.must("a", "POST", "", declaration)
	for _, body := range []string{`{"text":"zyzzyva"}`} {
		s.must("a", "POST", "/1/notes", body)
	}
	s.must("a", "POST", "/1/messages", `{"audience":"support"}`)
	never := func(what, answer string) {
		for _, secret := range []string{"Passwords", "zyzzyva"} {
			if strings.Contains(answer, secret) {
				t.Errorf("%s tells of %q: %s", what, secret, answer)
			}
		}
	}
	for _, token := range []string{"", "b"} {
		for _, path := range []string{"/1", "/1/timeline/1", "/1/budget", "/1/template?audience=support", "/1/postmortem"} {
			code, answer := s.call(token, "GET", path, "")
			if code != http.StatusNotFound {
				t.Errorf("GET %s: %d %s", path, code, answer)
			}
			never(path, answer)
		}
		for _, path := range []string{"", "?state=open", "?service=video-api", "/search?q=passwords", "/search?q=zyzzyva", "/statistics"} {
			never(path, s.must(token, "GET", path, ""))
		}
	}
	for path, body := range map[string]string{
		"/1/acknowledge": "", "/1/command": "", "/1/roles": `{"role":"scribe"}`, "/1/severity": `{"severity":3}`,
		"/1/times": `{"event":"started","at":"2026-03-02T11:00:00Z"}`, "/1/mitigate": "", "/1/resolve": "", "/1/reopen": `{"reason":"x"}`,
		"/1/cancel": `{"reason":"x"}`, "/1/close": "", "/1/merge": `{"ref":"INC-2"}`, "/2/merge": `{"ref":"INC-1"}`, "/1/notes": `{"text":"x"}`,
		"/1/updates": `{"text":"x"}`, "/1/pins": `{"text":"x"}`, "/1/events": `{"kind":"alert","text":"x"}`, "/1/impact": `{"services":["x"]}`,
		"/1/tasks": `{"text":"x"}`, "/1/tasks/1/done": "", "/1/links": `{"ref":"INC-2"}`, "/2/links": `{"ref":"INC-1"}`,
		"/1/messages": `{"audience":"support"}`, "/1/messages/1/approve": "", "/1/messages/1/reject": `{"reason":"x"}`,
		"/1/messages/1/deliveries": `{"deliveries":[{"to":"x"}]}`, "/1/members": `{"who":"bob"}`, "/1/privacy": `{"private":false}`,
	} {
		code, answer := s.call("b", "POST", path, body)
		if code != http.StatusNotFound || !strings.Contains(answer, "there is no such incident: INC-1") {
			t.Errorf("POST %s: %d %s", path, code, answer)
		}
		never(path, answer)
	}
	if code, _ := s.call("b", "PUT", "/1/timeline/3", `{"text":"x"}`); code != http.StatusNotFound {
		t.Errorf("PUT: %d", code)
	}
	if d := s.detail("a", "1"); len(d.Timeline) != 3 || len(d.Spent) != 1 {
		t.Errorf("a member sees %d entries and %d objectives", len(d.Timeline), len(d.Spent))
	}
}

// TestNotForWhoHasNoPart: what everybody sees is not hidden by somebody who only sees it.
func TestNotForWhoHasNoPart(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.must("a", "POST", "", declaration)
	for path, body := range map[string]string{"/1/privacy": `{"private":true}`, "/1/members": `{"who":"bob"}`} {
		if code, answer := s.call("b", "POST", path, body); code != http.StatusForbidden || !strings.Contains(answer, "for members of the incident") {
			t.Errorf("%s: %d %s", path, code, answer)
		}
	}
}
