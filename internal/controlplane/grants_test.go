package controlplane

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"plimsoll/internal/identity"
)

// changes are what each route that changes something is sent, about video-api. One that is not among them, nor among unbound, fails the test.
var changes = map[string]string{
	"POST /api/v1/write": "", "POST /api/v1/otlp/v1/metrics": "",
	"PUT /api/v1/write": "", "PUT /api/v1/otlp/v1/metrics": "", "PATCH /api/v1/write": "", "PATCH /api/v1/otlp/v1/metrics": "", "DELETE /api/v1/write": "", "DELETE /api/v1/otlp/v1/metrics": "",
	"POST /v1/action-items/{id}/close": `{"evidence":[{"kind":"commit","ref":"https://example.com/1","words":"x"}]}`, "POST /v1/action-items/{id}/reopen": `{"reason":"x"}`, "POST /v1/action-items/{id}/verify": `{}`,
	"PUT /v1/action-items/{id}":                `{"kind":"prevent","text":"x","owner":"eve","priority":1}`,
	"POST /v1/alertmanager/webhook":            `{"version":"4","status":"firing","groupKey":"g","alerts":[{"status":"firing","fingerprint":"f","startsAt":"2026-11-24T10:00:00Z","labels":{"alertname":"A","severity":"page","service":"video-api"},"annotations":{"summary":"s"}}]}`,
	"POST /v1/alerts/dead-letters/{id}/replay": "",
	"POST /v1/backfills":                       `{"from":"RECENT","url":"http://127.0.0.1:1","service":"video-api"}`,
	"POST /v1/backfills/{id}/cancel":           "",
	"POST /v1/corrections":                     `{"service":"video-api","from":"2026-11-24T02:00:00Z","to":"2026-11-24T03:00:00Z","effect":"exclude","reason":"x"}`,
	"POST /v1/corrections/{id}/undo":           "",
	"POST /v1/deploys":                         `{"event":"start",` + place + `,"commit":"4f2c1d9"}`,
	"POST /v1/gate/argo":                       `{` + place + `,"commit":"4f2c1d9"}`,
	"POST /v1/gate/checks":                     `{` + place + `,"commit":"4f2c1d9"}`,
	"POST /v1/gate/exemptions":                 `{` + place + `,"because":"out_of_scope","reason":"x","until":"SOON"}`,
	"POST /v1/gate/exemptions/{id}/end":        "",
	"POST /v1/gate/freezes":                    `{` + place + `,"reason":"x","until":"SOON"}`,
	"POST /v1/gate/keys":                       "",
	"POST /v1/gate/overrides":                  `{` + place + `,"commit":"4f2c1d9","reason":"x","until":"SOON"}`,
	"POST /v1/gate/overrides/{id}/approve":     "", "POST /v1/gate/overrides/{id}/follow-up": `{"evidence":"x"}`,
	"POST /v1/gate/plans": `{` + place + `,"text":"x"}`, "POST /v1/gate/thaws": `{` + place + `,"reason":"x","until":"SOON"}`, "POST /v1/gate/thaws/by-criteria": `{` + place + `,"reason":"x"}`,
	"POST /v1/incidents":                   `{"title":"x","services":["search","video-api"]}`,
	"POST /v1/incidents/{ref}/acknowledge": "", "POST /v1/incidents/{ref}/cancel": `{"reason":"x"}`, "POST /v1/incidents/{ref}/close": "",
	"POST /v1/incidents/{ref}/command": `{"to":"eve"}`, "POST /v1/incidents/{ref}/events": `{"kind":"alert","text":"x","source":"y"}`,
	"POST /v1/incidents/{ref}/impact": `{"services":["search"]}`, "POST /v1/incidents/{ref}/links": `{"ref":"INC-2"}`, "POST /v1/incidents/{ref}/members": `{"who":"eve"}`,
	"POST /v1/incidents/{ref}/merge": `{"ref":"INC-2"}`, "POST /v1/incidents/{ref}/messages": `{"audience":"support","text":"x"}`,
	"POST /v1/incidents/{ref}/messages/{number}/approve": "", "POST /v1/incidents/{ref}/messages/{number}/reject": `{"reason":"x"}`,
	"POST /v1/incidents/{ref}/messages/{number}/deliveries": `{"deliveries":[{"to":"mail"}]}`,
	"POST /v1/incidents/{ref}/mitigate":                     "", "POST /v1/incidents/{ref}/notes": `{"text":"x"}`, "POST /v1/incidents/{ref}/pins": `{"text":"x","author":"eve"}`,
	"POST /v1/incidents/{ref}/postmortem": "", "PUT /v1/incidents/{ref}/postmortem": `{"version":1,"content":{"summary":"x","impact":{},"trigger":{},"links":{}}}`,
	"POST /v1/incidents/{ref}/postmortem/close": "", "POST /v1/incidents/{ref}/postmortem/due": `{"due":"SOON"}`,
	"POST /v1/incidents/{ref}/postmortem/items": `{"kind":"prevent","text":"x","owner":"eve","priority":1}`,
	"POST /v1/incidents/{ref}/postmortem/owner": `{"owner":"eve"}`, "POST /v1/incidents/{ref}/postmortem/refresh": "", "POST /v1/incidents/{ref}/postmortem/return": `{"reason":"x"}`,
	"POST /v1/incidents/{ref}/postmortem/review": `{"approve":true}`, "POST /v1/incidents/{ref}/postmortem/reviewers": `{"reviewers":["eve"]}`, "POST /v1/incidents/{ref}/postmortem/submit": "",
	"POST /v1/incidents/{ref}/privacy": `{"private":true}`, "POST /v1/incidents/{ref}/reopen": `{"reason":"x"}`, "POST /v1/incidents/{ref}/resolve": "",
	"POST /v1/incidents/{ref}/roles": `{"role":"scribe"}`, "POST /v1/incidents/{ref}/severity": `{"severity":2}`, "POST /v1/incidents/{ref}/tasks": `{"text":"x"}`,
	"POST /v1/incidents/{ref}/tasks/{number}/done": "", "POST /v1/incidents/{ref}/times": `{"event":"started","at":"2026-11-24T10:00:00Z"}`, "POST /v1/incidents/{ref}/updates": `{"text":"x"}`,
	"PUT /v1/incidents/{ref}/timeline/{number}": `{"text":"x"}`,
	"POST /v1/ledger/import":                    "not one",
	"POST /v1/risks":                            `{"reason":"x","content":` + aRisk + `}`,
	"POST /v1/risks/import":                     `{"reason":"x","risks":[` + aRisk + `]}`,
	"POST /v1/risks/{ref}/state":                `{"version":1,"state":"accepted","reason":"x"}`,
	"PUT /v1/risks/{ref}":                       `{"version":1,"reason":"x","content":` + strings.Replace(aRisk, "video-api", "search", 1) + `}`,
	"POST /incidents/new":                       url.Values{"title": {"x"}, "affected": {"video-api"}}.Encode(),
	"POST /incidents/{ref}/amend":               url.Values{"number": {"1"}, "text": {"x"}}.Encode(),
	"POST /incidents/{ref}/{act}":               formFor("/note").Encode(),
}

const (
	place = `"service":"video-api","environment":"production"`
	aRisk = `{"title":"Another","services":["video-api"],"owner":"ada","scores":{"compliance":1,"security":1,"blastRadius":1,"probability":1},"cost":{"personDays":1}}`
)

// unbound are routes that no grant bounds, each with the reason.
var unbound = map[string]string{
	"/login": "whose token it is, is what it finds out", "/logout": "takes one's own session away", "/metrics": "reads, whatever the method",
	"/v1/postmortems/check": "reads what it is sent, and keeps nothing",
	"/v1/gate/flagger":      "asks the gate, in a dialect of its own; tested there", "/v1/gate/kubernetes": "the same", "/v1/gate/kubernetes/{token}": "the same",
}

// TestGrants has somebody whose grants are of another service ask for every change that the router knows a way to, as a table. Each is refused, and
// the answer says which grant is missing; nothing has changed. The same is done for whom grants let.
func TestGrants(t *testing.T) {
	h := open(t, func(c *Config) {
		for n := range c.Tokens {
			if c.Tokens[n].Subject == "eve" {
				c.Tokens[n].Grants = []GrantConfig{{Services: []string{"search"}}}
			} else if c.Tokens[n].Subject == "agent" {
				c.Tokens[n].Roles = []string{identity.Pusher}
			}
		}
	}, "ada", "eve", "agent")
	of := func(method, path, body string) map[string]any {
		return h.give(t, "ada", method, path, json.RawMessage(soon(body)))
	}
	of("POST", "/v1/incidents", `{"title":"Playback stalls","severity":2,"services":["video-api"]}`)
	of("POST", "/v1/incidents", `{"title":"Search is slow","severity":2,"services":["search"]}`)
	of("POST", "/v1/incidents/INC-1/messages", `{"audience":"support","text":"x"}`)
	of("POST", "/v1/incidents/INC-1/notes", `{"text":"mine"}`)
	of("POST", "/v1/incidents/INC-1/postmortem", `{}`)
	item := of("POST", "/v1/incidents/INC-1/postmortem/items", `{"kind":"prevent","text":"x","owner":"ada","priority":1}`)["id"].(string)
	of("POST", "/v1/risks", strings.Replace(changes["POST /v1/risks"], "Another", "First", 1))
	for _, made := range []string{"POST /v1/corrections", "POST /v1/gate/exemptions", "POST /v1/gate/overrides", "POST /v1/backfills"} {
		_, path, _ := strings.Cut(made, " ")
		of("POST", path, changes[made])
	}
	known := pathsOf(h)
	known["/v1/action-items {id}"] = item
	before := h.give(t, "ada", http.MethodGet, "/v1/incidents/INC-1", nil)["changed"]
	asked := 0
	err := chi.Walk(h.router, func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if unbound[pattern] != "" || !strings.Contains("POST PUT PATCH DELETE", method) {
			return nil
		}
		body, ok := changes[method+" "+pattern]
		if !ok {
			t.Errorf("%s %s is not among the changes, nor among those that nothing bounds: say which", method, pattern)
			return nil
		}
		path, err := known.fill(pattern)
		if err != nil {
			t.Error(err)
			return nil
		}
		asked++
		path = strings.ReplaceAll(path, refHere, "INC-1")
		r := h.ask(t, "eve", method, path, typeOf(pattern, body), []byte(soon(body)))
		text := strings.NewReplacer(`\"`, `"`, "&#34;", `"`).Replace(r.body)
		if r.status != http.StatusForbidden || !strings.Contains(text, `a grant for "video-api"`) && !strings.Contains(text, "a grant for every service") {
			t.Errorf("%s %s: %d %.400s", method, path, r.status, r.body)
		}
		return nil
	})
	if err != nil || asked < 60 {
		t.Errorf("%d asked, %v", asked, err)
	}
	if after := h.give(t, "ada", http.MethodGet, "/v1/incidents/INC-1", nil)["changed"]; after != before {
		t.Error("what was refused has changed the incident")
	}
	for _, tc := range []struct{ method, path, body string }{
		{"POST", "/v1/incidents", `{"title":"x","services":["search"]}`}, {"POST", "/v1/incidents", `{"title":"nobody knows what"}`},
		{"POST", "/v1/incidents/INC-2/notes", `{"text":"x"}`}, {"POST", "/v1/incidents/INC-2/postmortem", `{}`},
		{"POST", "/v1/corrections?preview=true", changes["POST /v1/corrections"]},
		{"POST", "/v1/risks", strings.Replace(changes["POST /v1/risks"], "video-api", "search", 1)},
	} {
		h.give(t, "eve", tc.method, tc.path, json.RawMessage(soon(tc.body)))
	}
	t.Run("agents", func(t *testing.T) { agents(t, h) })
}

// agents asks as an agent that may push, and nothing else.
func agents(t *testing.T, h *house) {
	for _, path := range []string{"/api/v1/write", "/api/v1/otlp/v1/metrics"} {
		if r := h.ask(t, "agent", http.MethodPost, path, "application/x-protobuf", nil); r.status == http.StatusUnauthorized || r.status == http.StatusForbidden {
			t.Errorf("an agent at %s: %d %s", path, r.status, r.body)
		}
	}
	for _, pattern := range []string{"/v1/incidents", "/v1/gate/freezes", "/v1/corrections", "/v1/deploys", "/incidents/new"} {
		body := changes["POST "+pattern]
		if r := h.ask(t, "agent", http.MethodPost, pattern, typeOf(pattern, body), []byte(soon(body))); r.status != http.StatusForbidden || !strings.Contains(r.body, "let in as a pusher") {
			t.Errorf("an agent at %s: %d %.300s", pattern, r.status, r.body)
		}
	}
}

func typeOf(pattern, body string) string {
	switch {
	case !strings.HasPrefix(pattern, "/v1/"):
		return "application/x-www-form-urlencoded"
	case body == "":
		return ""
	}
	return "application/json"
}

// soon puts instants into a body.
func soon(body string) string {
	return strings.NewReplacer("SOON", time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "RECENT", time.Now().Add(-24*time.Hour).UTC().Format(time.RFC3339)).Replace(body)
}
