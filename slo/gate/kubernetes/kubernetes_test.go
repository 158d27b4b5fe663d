package kubernetes_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/dialect/dialecttest"
	"plimsoll/slo/gate/kubernetes"
)

// object is JSON to be changed by path.
type object map[string]any

func update(t *testing.T) object {
	t.Helper()
	text, err := os.ReadFile("testdata/update.json")
	if err != nil {
		t.Fatal(err)
	}
	var o object
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// set changes a member; a nil value removes it.
func (o object) set(path string, value any) object {
	steps := strings.Split(path, "/")
	at := map[string]any(o)
	for _, step := range steps[:len(steps)-1] {
		next, ok := at[step].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[step] = next
		}
		at = next
	}
	if last := steps[len(steps)-1]; value == nil {
		delete(at, last)
	} else {
		at[last] = value
	}
	return o
}

func (o object) get(path string) any {
	var at any = map[string]any(o)
	for step := range strings.SplitSeq(path, "/") {
		at = at.(map[string]any)[step]
	}
	return at
}

func (o object) text(t *testing.T) string {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const (
	was      = "request/oldObject/spec/template"
	is       = "request/object/spec/template"
	template = is + "/metadata/annotations"
	workload = "request/object/metadata/annotations"
)

// unchanged is the update with the template as it was.
func unchanged(t *testing.T) object {
	o := update(t)
	return o.set(is, update(t).get(was))
}

func answerOf(t *testing.T, status int, answer string) kubernetes.Review {
	t.Helper()
	var r kubernetes.Review
	if err := json.Unmarshal([]byte(answer), &r); err != nil || status != 200 {
		t.Fatalf("%d %v: %s", status, err, answer)
	}
	if r.APIVersion != "admission.k8s.io/v1" || r.Kind != "AdmissionReview" || r.Response.UID != "b1a7d2a0-5d1e-4b5c-9f43-0d2c0e1f9a11" {
		t.Errorf("%s", answer)
	}
	return r
}

func TestReview(t *testing.T) {
	t.Parallel()
	g := dialecttest.New(t)
	h := dialecttest.Handler(&kubernetes.Handlers{Gate: g, Namespace: "plimsoll", Environments: map[string]string{"quiet": "shadow"}})
	toSearch := func() object { return update(t).set(template, map[string]any{"plimsoll.dev/service": "search"}) }
	for _, tc := range []struct {
		name    string
		review  object
		allowed bool
		code    int
		says    string
		asked   bool
	}{
		{"allow", update(t), true, 0, "", true},
		{"deny", toSearch(), false, 403, "DENY feature template-", true},
		{"deny a new workload", toSearch().set("request/operation", "CREATE").set("request/oldObject", nil), false, 403, "an error budget is spent.\n", true},
		{"annotation of the workload", update(t).set(workload, map[string]any{"plimsoll.dev/service": "search"}), false, 403, "DENY", true},
		{"template before workload", toSearch().set(workload, map[string]any{"plimsoll.dev/service": "video-api"}), false, 403, "of search", true},
		{"rollback", toSearch().set(template, map[string]any{"plimsoll.dev/service": "search", "plimsoll.dev/class": "rollback"}), true, 0, "", true},
		{"hold: unknown service", update(t).set(template, map[string]any{"plimsoll.dev/service": "vidoe-api"}), false, 403, `did you mean "video-api"?`, true},
		{"hold: unknown environment", update(t).set(template, map[string]any{"plimsoll.dev/environment": "prodution"}), false, 403, `did you mean "production"?`, true},
		{"bad class", update(t).set(template, map[string]any{"plimsoll.dev/class": "feture"}), false, 422, `Deployment video-api.video: plimsoll.dev/class "feture": must be one of`, false},
		{"dry run", toSearch().set("request/dryRun", true), false, 403, "DENY", false},
		{"shadow", toSearch().set("request/namespace", "quiet"), true, 0, "ALLOW (shadow; enforced: DENY)", true},
		{"Rollout", toSearch().set("request/kind", map[string]any{"group": "argoproj.io", "version": "v1alpha1", "kind": "Rollout"}), false, 403, "DENY", true},
		{"StatefulSet", toSearch().set("request/kind/kind", "StatefulSet"), false, 403, "DENY", true},
		{"DaemonSet", toSearch().set("request/kind/kind", "DaemonSet"), false, 403, "DENY", true},
		{"resources count", unchanged(t).set(template, map[string]any{"plimsoll.dev/service": "search"}).set(is+"/spec/hostNetwork", true), false, 403, "DENY", true},

		{"same template", unchanged(t), true, 0, "", false},
		{"replicas only", unchanged(t).set("request/object/spec/replicas", 30), true, 0, "", false},
		{"metadata only", unchanged(t).set(workload, map[string]any{"plimsoll.dev/service": "search"}), true, 0, "", false},
		{"status in the object", unchanged(t).set("request/object/status/readyReplicas", 1), true, 0, "", false},
		{"null is absent", unchanged(t).set(is+"/metadata/creationTimestamp", nil), true, 0, "", false},
		{"restart", unchanged(t).set(template, map[string]any{"kubectl.kubernetes.io/restartedAt": "2026-11-24T12:00:00Z"}), true, 0, "", false},
		{"scale", toSearch().set("request/subResource", "scale"), true, 0, "", false},
		{"status", toSearch().set("request/subResource", "status"), true, 0, "", false},
		{"delete", toSearch().set("request/operation", "DELETE").set("request/object", nil), true, 0, "", false},
		{"own namespace", toSearch().set("request/namespace", "plimsoll"), true, 0, "", false},
		{"kube-system", toSearch().set("request/namespace", "kube-system"), true, 0, "", false},
		{"other kind", toSearch().set("request/kind", map[string]any{"group": "batch", "version": "v1", "kind": "Job"}), true, 0, "", false},
		{"Rollout of a Deployment", toSearch().set("request/kind/kind", "StatefulSet").set(is, nil).set(was, nil), true, 0, "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := len(g.Decisions(t))
			status, _, answer := dialecttest.Call(h, "POST", kubernetes.Path+"?timeout=5s", tc.review.text(t))
			r := answerOf(t, status, answer).Response
			says := strings.Join(r.Warnings, "\n")
			code := 0
			if r.Status != nil {
				says, code = r.Status.Message, r.Status.Code
			}
			if r.Allowed != tc.allowed || code != tc.code || !strings.Contains(says, tc.says) || tc.says == "" && says != "" {
				t.Errorf("%s", answer)
			}
			if asked := len(g.Decisions(t)) > before; asked != tc.asked {
				t.Errorf("recorded: %t", asked)
			}
			if tc.code == 403 && strings.Count(says, "\n") != 2 {
				t.Errorf("not three lines:\n%s", says)
			}
		})
	}
}

// TestChange looks at what is recorded of a release.
func TestChange(t *testing.T) {
	t.Parallel()
	g := dialecttest.New(t)
	h := dialecttest.Handler(&kubernetes.Handlers{Gate: g})
	ask := func(o object) gate.Decision {
		t.Helper()
		status, _, answer := dialecttest.Call(h, "POST", kubernetes.Path, o.text(t))
		answerOf(t, status, answer)
		return g.Decisions(t)[0]
	}
	d := ask(update(t))
	again := ask(update(t))
	c := d.Change
	if c.Service != "video-api" || c.Environment != "production" || c.Version != "1.5.0" || c.Class != gate.Feature || c.Progressive ||
		!strings.HasPrefix(c.Commit, "template-") || again.Change.Commit != c.Commit ||
		d.By != "kubernetes:system:serviceaccount:argocd:argocd-application-controller" {
		t.Errorf("%+v by %s", c, d.By)
	}
	c = ask(update(t).set(template, map[string]any{"plimsoll.dev/commit": "c0ffee", "plimsoll.dev/class": "reliability", "plimsoll.dev/refs": "INC-7, INC-8",
		"plimsoll.dev/author": "grace", "plimsoll.dev/version": "1.5", "plimsoll.dev/progressive": "true"})).Change
	if c.Commit != "c0ffee" || c.Class != gate.Reliability || len(c.Refs) != 2 || c.Author != "grace" || c.Version != "1.5" || !c.Progressive {
		t.Errorf("%+v", c)
	}
}

func TestCallers(t *testing.T) {
	t.Parallel()
	g := dialecttest.New(t)
	secret := dialecttest.Handler(&kubernetes.Handlers{Gate: g, Token: "s3cret", RequireIdentity: true})
	none := dialecttest.Handler(&kubernetes.Handlers{Gate: g, RequireIdentity: true})
	open := dialecttest.Handler(&kubernetes.Handlers{Gate: g})
	body := update(t).text(t)
	for _, tc := range []struct {
		name    string
		handler int
		path    string
		header  string
		status  int
	}{
		{"secret", 0, "/s3cret", "", 200},
		{"wrong secret", 0, "/guess", "", 401},
		{"nobody", 0, "", "", 401},
		{"bearer", 0, "", "Bearer t", 200},
		{"expired bearer", 0, "", "Bearer old", 401},
		{"no secret is configured", 1, "/x", "", 401},
		{"anybody, where the gate takes anybody", 2, "", "", 200},
		{"but no wrong secret", 2, "/guess", "", 401},
	} {
		var headers []string
		if tc.header != "" {
			headers = []string{"Authorization", tc.header}
		}
		status, _, answer := dialecttest.Call([]http.Handler{secret, none, open}[tc.handler], "POST", kubernetes.Path+tc.path+"?timeout=5s", body, headers...)
		if status != tc.status || strings.Contains(answer, "s3cret") {
			t.Errorf("%s: %d %s", tc.name, status, answer)
		}
	}
}

// A bearer token that may ask about another service only is refused in the words of an AdmissionReview.
func TestGrants(t *testing.T) {
	t.Parallel()
	g := dialecttest.New(t)
	h := dialecttest.Handler(&kubernetes.Handlers{Gate: g, RequireIdentity: true})
	status, _, answer := dialecttest.Call(h, "POST", kubernetes.Path, update(t).text(t), "Authorization", "Bearer search")
	if status != 200 || !strings.Contains(answer, `"allowed":false`) || !strings.Contains(answer, `"code":403`) || !strings.Contains(answer, "search-ci may ask the gate about search") {
		t.Errorf("%d %s", status, answer)
	}
	if ds := g.Decisions(t); len(ds) != 0 {
		t.Errorf("%+v", ds)
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	h := dialecttest.Handler(&kubernetes.Handlers{Gate: dialecttest.New(t)})
	for _, tc := range []struct {
		name, body string
		status     int
		says       string
	}{
		{"not JSON", `{`, 422, "must be an AdmissionReview"},
		{"another kind", `{"apiVersion":"v1","kind":"Pod"}`, 422, `found kind \"Pod\"`},
		{"an older version", update(t).set("apiVersion", "admission.k8s.io/v1beta1").text(t), 422, "admissionReviewVersions"},
		{"no request", `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}`, 422, "request with a uid"},
		{"no uid", update(t).set("request/uid", nil).text(t), 422, "request with a uid"},
		{"no object", update(t).set("request/object", []any{}).text(t), 422, "read workload"},
		{"no template", update(t).set(is, "x").text(t), 422, "read pod template"},
		{"too long", `"` + strings.Repeat("a", 8<<20) + `"`, 413, ""},
	} {
		status, _, answer := dialecttest.Call(h, "POST", kubernetes.Path, tc.body)
		if status != tc.status || !strings.Contains(answer, tc.says) {
			t.Errorf("%s: %d %s", tc.name, status, answer)
		}
	}
}

// stuck answers when the caller's time is over.
type stuck struct{}

func (stuck) Check(ctx context.Context, _ string, _ gate.Change) (gate.Decision, error) {
	<-ctx.Done()
	return gate.Decision{}, ctx.Err()
}

func (stuck) Preview(context.Context, gate.Change) (gate.Decision, error) {
	return gate.Decision{}, errors.New("dial tcp: connection refused")
}

// TestUndecidable proves that the API server is answered within its own time, and never with an admission.
func TestUndecidable(t *testing.T) {
	t.Parallel()
	h := dialecttest.Handler(&kubernetes.Handlers{Gate: stuck{}, Logger: slog.New(slog.DiscardHandler)})
	for _, o := range []object{update(t), update(t).set("request/dryRun", true)} {
		status, _, answer := dialecttest.Call(h, "POST", kubernetes.Path+"?timeout=20ms", o.text(t))
		r := answerOf(t, status, answer).Response
		if r.Allowed || r.Status.Code != 503 || !strings.Contains(r.Status.Message, "never an allow") {
			t.Errorf("%s", answer)
		}
	}
}
