package controlplane

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"plimsoll/internal/identity"
	"plimsoll/slo/ledger"
)

const redPolicy = `
service: "*"
clauses: [{exempt: {classes: [reliability], reference: open}}, {freeze: {}}, {budget: {}}]
freeze: {thawing: {every: 1h, for: 6h}, exit: [{commander: named}, {plan: filed}]}
`

// webhookInbox is a webhook of stakeholders, which keeps what it is sent.
type webhookInbox struct {
	mu  sync.Mutex
	all []string
}

func (i *webhookInbox) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.all = append(i.all, string(body))
}

func (i *webhookInbox) count(says string) (n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, body := range i.all {
		if strings.Contains(body, says) {
			n++
		}
	}
	return n
}

// until asks again until a condition holds.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s did not come about", what)
		}
	}
}

// TestCodeRed is a Code Red in a whole control plane: an incident opens, stakeholders are told, an override leaves its follow-up on the incident,
// and a release manager ends it once a commander is named and a plan is filed.
func TestCodeRed(t *testing.T) {
	inbox := &webhookInbox{}
	hook := httptest.NewServer(inbox)
	t.Cleanup(hook.Close)
	t.Setenv("WEBHOOK_SECRET", "s3cret")
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(policy, []byte(redPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	h := open(t, func(cfg *Config) {
		cfg.Policies, cfg.GateEvery = []string{policy}, 100*time.Millisecond
		cfg.Incidents.WebhookSecretEnv = "WEBHOOK_SECRET"
		cfg.Gate.Tell = []TellConfig{
			{Services: []string{"video-api"}, AudienceConfig: AudienceConfig{Webhook: []string{hook.URL}}},
			{AudienceConfig: AudienceConfig{Webhook: []string{hook.URL}}}, // the same place, which is told once
			{Services: []string{"search"}, AudienceConfig: AudienceConfig{Webhook: []string{"http://127.0.0.1:1/never"}}},
		}
		cfg.Tokens[1].Roles = []string{identity.ReleaseManager}
	}, "ada", "grace")
	until(t, "leadership", func() bool { return h.ask(t, "", http.MethodGet, "/readyz/leader", "", nil).status == http.StatusOK })
	spend(t, h)
	until(t, "the incident", func() bool {
		return h.ask(t, "ada", http.MethodGet, "/v1/incidents/INC-1", "", nil).status == http.StatusOK
	})
	until(t, "word to stakeholders", func() bool { return inbox.count("are stopped") > 0 })

	status := func() (s struct {
		Status []struct {
			Incident, Commander string
			Duties              []struct{ Kind string }
			Criteria            []struct{ Met bool }
		}
	}) {
		r := h.ask(t, "", http.MethodGet, "/v1/gate/status?service=video-api", "", nil)
		if err := json.Unmarshal([]byte(r.body), &s); err != nil || len(s.Status) != 1 {
			t.Fatalf("%s: %v", r.body, err)
		}
		return s
	}
	if s := status().Status[0]; s.Incident != "INC-1" || s.Commander != "" || len(s.Duties) != 3 || len(s.Criteria) != 2 {
		t.Errorf("%+v", s)
	}
	place := map[string]any{"service": "video-api", "environment": "production"}
	with := func(more map[string]any) map[string]any {
		for k, v := range place {
			more[k] = v
		}
		return more
	}
	thaw := func(who string) reply {
		body, _ := json.Marshal(with(map[string]any{"reason": "the queue drains again"}))
		return h.ask(t, who, http.MethodPost, "/v1/gate/thaws/by-criteria", "application/json", body)
	}
	if r := thaw("grace"); r.status != http.StatusConflict || !strings.Contains(r.body, "INC-1 has no commander; no action plan is filed") {
		t.Errorf("%d %s", r.status, r.body)
	}

	h.give(t, "ada", http.MethodPost, "/v1/gate/overrides", with(map[string]any{"commit": "decade", "reason": "customers cannot pay",
		"until": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}))
	h.give(t, "grace", http.MethodPost, "/v1/gate/overrides/1/approve", nil)
	check := func(commit, class string, refs ...string) string {
		d := h.give(t, "ada", http.MethodPost, "/v1/gate/checks", with(map[string]any{"commit": commit, "class": class, "refs": refs}))
		return fmt.Sprintf("%s %s", d["outcome"], d["reason"])
	}
	if got := check("decade", "feature"); got != "allow OVERRIDE" {
		t.Error(got)
	}
	if got := check("facade", "reliability", "INC-1"); got != "allow EXEMPT_CLASS" {
		t.Error(got)
	}
	until(t, "the follow-up", func() bool {
		return strings.Contains(h.ask(t, "ada", http.MethodGet, "/v1/gate/overrides", "", nil).body, `"ref":"INC-1 task 1"`)
	})
	if r := h.ask(t, "ada", http.MethodGet, "/v1/incidents/INC-1", "", nil); strings.Count(r.body, "had to go to production by override 1: customers cannot pay") == 0 {
		t.Error(r.body)
	}

	h.give(t, "ada", http.MethodPost, "/v1/incidents/INC-1/roles", map[string]any{"role": "commander", "to": "ada"})
	h.give(t, "ada", http.MethodPost, "/v1/gate/plans", with(map[string]any{"text": "drain the queue sooner"}))
	if r := thaw("ada"); r.status != http.StatusForbidden {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := thaw("grace"); r.status != http.StatusOK {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if got := check("c0ffee", "feature"); got != "allow BUDGET_EXCUSED" {
		t.Error(got)
	}
	until(t, "word of the thaw", func() bool { return inbox.count("begin again, one at a time") > 0 })
	until(t, "the thaw on the timeline", func() bool {
		return strings.Contains(h.ask(t, "ada", http.MethodGet, "/v1/incidents/INC-1", "", nil).body, "begin again, one at a time")
	})
	for _, says := range []string{"are stopped", "There is an action plan", "begin again, one at a time"} {
		if n := inbox.count(says); n != 1 {
			t.Errorf("%q was told %d times", says, n)
		}
	}
	for after, want := range map[time.Duration]int{6 * 24 * time.Hour: 0, 8 * 24 * time.Hour: 1} {
		late, err := h.app.lateFollowUps(t.Context(), time.Now().Add(after))
		if err != nil || len(late) != want || want > 0 && late[0].Incident != 1 {
			t.Errorf("after %s: %+v, %v", after, late, err)
		}
	}
	if r := h.ask(t, "", http.MethodGet, "/v1/reports/current", "", nil); !strings.Contains(r.body, `"ref":"INC-1 task 1"`) {
		t.Error("the report does not tell of the override")
	}
}

// spend books more bad events than the budget of one objective has, and good ones of all others, so that none of them is without data.
func spend(t *testing.T, h *house) {
	t.Helper()
	now, batch := time.Now().UnixMilli(), ledger.Batch{}
	for _, o := range h.app.ledger.Objectives() {
		ref, ok := h.app.ledger.Ref(o.Key)
		if !ok {
			t.Fatalf("%s is gone", o.Key)
		}
		good := int64(1000)
		if o.Key == "video-api/availability" {
			good = 900
		}
		batch.Increments = append(batch.Increments, ledger.Increment{Objective: ref, From: now, To: now, Good: good, Total: 1000})
		batch.Observations = append(batch.Observations, ledger.Observation{Objective: ref, At: now})
	}
	h.app.ledger.Commit(&batch)
}
