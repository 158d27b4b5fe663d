package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents/api"
)

// incidentScript is one incident, as it is typed and as it is sent.
var incidentScript = []struct {
	token, typed string // words of the command line; "_" stands for a space
	method, path string
	body         string
}{
	{"t", "declare Playback_stalls --service video-api --started 2026-03-02T11:50:00Z", "POST", "", `{"title":"Playback stalls","services":["video-api"],"started":"2026-03-02T11:50:00Z"}`},
	{"t", "declare Stalls_too --severity sev3", "POST", "", `{"title":"Stalls too","severity":3}`},
	{"b", "command 1", "POST", "/1/command", ""},
	{"b", "severity 1 major many", "POST", "/1/severity", `{"severity":2,"reason":"many"}`},
	{"b", "assign 1 communications ada", "POST", "/1/roles", `{"role":"communications","to":"ada"}`},
	{"b", "note 1 origin is slow", "POST", "/1/notes", `{"text":"origin is slow"}`},
	{"t", "amend 1 6 origin was slow", "PUT", "/1/timeline/6", `{"text":"origin was slow"}`},
	{"t", "update 1 --in 20m We know the cause.", "POST", "/1/updates", `{"text":"We know the cause.","nextIn":"20m"}`},
	{"b", "impact 1 --objective search/freshness", "POST", "/1/impact", `{"objectives":["search/freshness"]}`},
	{"b", "event 1 deploy --on video-api 4f2a1c went out", "POST", "/1/events", `{"kind":"deploy","text":"4f2a1c went out","source":"video-api"}`},
	{"b", "pin 1 --author cy it is the pool", "POST", "/1/pins", `{"text":"it is the pool","author":"cy"}`},
	{"b", "task 2 drain --owner cy", "POST", "/2/tasks", `{"text":"drain","owner":"cy"}`},
	{"b", "followup 1 alert on it", "POST", "/1/tasks", `{"text":"alert on it","kind":"followup"}`},
	{"b", "merge 2 1", "POST", "/2/merge", `{"ref":"INC-1"}`},
	{"b", "done 1 2", "POST", "/1/tasks/2/done", ""},
	{"t", "message draft 1 customers", "POST", "/1/messages", `{"audience":"customers"}`},
	{"b", "message approve 1 1", "POST", "/1/messages/1/approve", ""},
	{"b", "message sent 1 1 list", "POST", "/1/messages/1/deliveries", `{"deliveries":[{"to":"list"}]}`},
	{"b", "private 1", "POST", "/1/privacy", `{"private":true}`},
	{"b", "invite 1 dee", "POST", "/1/members", `{"who":"dee"}`},
	{"b", "mitigate 1 drained", "POST", "/1/mitigate", `{"how":"drained"}`},
	{"b", "reopen 1 again", "POST", "/1/reopen", `{"reason":"again"}`},
	{"b", "at 1 started 2026-03-02T11:45:00Z", "POST", "/1/times", `{"event":"started","at":"2026-03-02T11:45:00Z"}`},
	{"b", "resolve 1", "POST", "/1/resolve", ""},
	{"t", "close 1", "POST", "/1/close", ""},
}

// TestSameScript: one incident that is typed and one that is sent end in the same record, word for word.
func TestSameScript(t *testing.T) {
	t.Parallel()
	typed, sent := incidentServer(t), incidentServer(t)
	for _, step := range incidentScript {
		args := []string{"--url", typed, "--token", step.token, "incident"}
		for word := range strings.FieldsSeq(step.typed) {
			args = append(args, strings.ReplaceAll(word, "_", " "))
		}
		var out bytes.Buffer
		if code := run(context.Background(), args, &out, &out); code != 0 {
			t.Fatalf("incident %s: exit %d\n%s", step.typed, code, out.String())
		}
		send(t, sent, step.token, step.method, step.path, step.body)
	}
	for _, ref := range []string{"1", "2"} {
		var byCommand, byRequest api.IncidentDetail
		var out bytes.Buffer
		if code := run(context.Background(), []string{"--url", typed, "--token", "b", "--output", "json", "incident", "show", ref}, &out, &out); code != 0 {
			t.Fatal(out.String())
		}
		if err := json.Unmarshal(out.Bytes(), &byCommand); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(send(t, sent, "b", "GET", "/"+ref, ""), &byRequest); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(byRequest, byCommand); d != "" {
			t.Errorf("INC-%s (-sent +typed):\n%s", ref, d)
		}
		if n := map[string]int{"1": 25, "2": 3}[ref]; len(byRequest.Timeline) != n {
			t.Errorf("INC-%s has %d entries, want %d", ref, len(byRequest.Timeline), n)
		}
	}
}

func send(t *testing.T, url, token, method, path, body string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url+"/v1/incidents"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s (%v)", method, path, answer.StatusCode, text, err)
	}
	return text
}
