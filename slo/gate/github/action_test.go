package github_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/api"
	"plimsoll/slo/gate/dialect/dialecttest"
)

// action is the part of an action.yml that a runner reads.
type action struct {
	Inputs map[string]struct {
		Default  string
		Required bool
	}
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []struct {
			ID, Shell, Run string
			Env            map[string]string
		}
	}
}

var expression = regexp.MustCompile(`\$\{\{\s*([a-z.]+)\s*\}\}`)

// result is what a run of the action left behind.
type result struct {
	code                  int
	log, summary, outputs string
}

// runAction runs the steps of the shipped action as a runner does, with further variables of the environment.
func runAction(t *testing.T, inputs map[string]string, more ...string) result {
	t.Helper()
	dir, err := filepath.Abs("../../../deploy/github")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var a action
	if err := yaml.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"github.sha": "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c", "github.actor": "octocat"}
	evaluate := func(s string) string {
		return expression.ReplaceAllStringFunc(s, func(e string) string {
			name := expression.FindStringSubmatch(e)[1]
			v, ok := values[name]
			if !ok {
				t.Fatalf("%s is not known", e)
			}
			return v
		})
	}
	for name, in := range a.Inputs {
		v, given := inputs[name]
		if !given {
			v = evaluate(in.Default)
		}
		if in.Required && !given {
			t.Fatalf("the input %s is required", name)
		}
		values["inputs."+name] = v
	}
	scratch := t.TempDir()
	summary, outputs := filepath.Join(scratch, "summary"), filepath.Join(scratch, "outputs")
	var r result
	if a.Runs.Using != "composite" || len(a.Runs.Steps) != 1 || a.Runs.Steps[0].Shell != "bash" {
		t.Fatalf("%+v", a.Runs)
	}
	step := a.Runs.Steps[0]
	for name := range a.Outputs {
		if want := "${{ steps." + step.ID + ".outputs." + name + " }}"; a.Outputs[name].Value != want {
			t.Errorf("output %s is %s, want %s", name, a.Outputs[name].Value, want)
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.Run)
	cmd.Env = append(os.Environ(), "GITHUB_ACTION_PATH="+dir, "GITHUB_STEP_SUMMARY="+summary, "GITHUB_OUTPUT="+outputs, "GATE_EVERY=0")
	cmd.Env = append(cmd.Env, more...)
	for name, value := range step.Env {
		cmd.Env = append(cmd.Env, name+"="+evaluate(value))
	}
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		r.code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	r.log = string(out)
	for file, into := range map[string]*string{summary: &r.summary, outputs: &r.outputs} {
		b, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		*into = string(b)
	}
	return r
}

func TestAction(t *testing.T) {
	t.Parallel()
	g := dialecttest.New(t)
	url := dialecttest.Serve(t, &api.Handlers{Gate: g.Gate})
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
	t.Cleanup(elsewhere.Close)
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, tc := range []struct {
		name    string
		inputs  map[string]string
		code    int
		outputs string
		summary string
		log     string
	}{
		{"allow", map[string]string{"service": "video-api"}, 0, "\nreason=WITHIN_BUDGET\n",
			"### ✅ Plimsoll gate: allow\n\n    ALLOW feature 0d1a26e67d8f of video-api to production: the budget allows it.\n    API availability: budget 90.0 %",
			"::notice title=Plimsoll gate%3A allow::ALLOW feature 0d1a26e67d8f of video-api to production: the budget allows it.%0AAPI availability: budget 90.0 %25"},
		{"deny", map[string]string{"service": "search"}, 2, "\nreason=BUDGET_SPENT\n",
			"    Next: only rollbacks, security fixes", "::error title=Plimsoll gate%3A deny::DENY"},
		{"clauses", map[string]string{"service": "search", "token": "t"}, 2, "decision=deny\nseq=", "| budget | deny | Search availability: budget −38.2 %", ""},
		{"rollback", map[string]string{"service": "search", "class": "rollback"}, 0, "reason=EXEMPT_ROLLBACK", "", ""},
		{"references", map[string]string{"service": "search", "class": "reliability", "refs": " INC-7 ,, INC-8", "progressive": "true"}, 2, "decision=deny\nseq=", "INC-8 is not known", ""},
		{"hold", map[string]string{"service": "vidoe-api"}, 3, "decision=hold\nseq=", "### ✋ Plimsoll gate: hold", `did you mean "video-api"?`},
		{"bad class", map[string]string{"service": "search", "class": "feture"}, 1, "", "", `did you mean "feature"?`},
		{"expired token", map[string]string{"service": "search", "token": "old"}, 1, "", "", "the token is not valid"},
		{"bad wait", map[string]string{"service": "search", "wait": "30 minutes"}, 1, "", "", "such as 90s, 30m or 2h"},
		{"bad flag", map[string]string{"service": "search", "progressive": "yes"}, 1, "", "", "must be true or false"},
		{"no address", map[string]string{"service": "search", "url": ""}, 1, "", "", "address of Plimsoll"},
		{"nobody answers", map[string]string{"service": "search", "url": gone.URL}, 3, "decision=hold\nseq=0\nreason=NO_ANSWER\n", "never an allow", "status 000"},
		{"another server", map[string]string{"service": "search", "url": elsewhere.URL}, 3, "reason=NO_ANSWER", "never an allow", "not that of a gate"},
		{"shell in an input", map[string]string{"service": "video-api", "version": "$(touch /tmp/x); `id` \"quoted\""}, 0, "decision=allow", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inputs := map[string]string{"url": url, "environment": "production"}
			for k, v := range tc.inputs {
				inputs[k] = v
			}
			r := runAction(t, inputs)
			if r.code != tc.code || !strings.Contains(r.outputs, tc.outputs) || !strings.Contains(r.summary, tc.summary) || !strings.Contains(r.log, tc.log) {
				t.Errorf("exit %d\noutputs: %s\nsummary: %s\nlog: %s", r.code, r.outputs, r.summary, r.log)
			}
		})
	}
	ds := g.Decisions(t)
	if last := ds[0].Change; last.Version != "$(touch /tmp/x); `id` \"quoted\"" || last.Author != "octocat" {
		t.Errorf("%+v", last)
	}
	by := map[string]int{}
	for _, d := range ds {
		if c := d.Change; c.Class == gate.Reliability && (len(c.Refs) != 2 || c.Refs[0] != "INC-7" || !c.Progressive || d.By != "anonymous") {
			t.Errorf("%+v", d)
		}
		by[d.By]++
	}
	if by["ada"] != 1 || by["anonymous"] != 6 {
		t.Errorf("asked by %v", by)
	}
}

// TestActionWaits is told to wait, and goes on when the freeze is lifted.
func TestActionWaits(t *testing.T) {
	t.Parallel()
	g := dialecttest.New(t)
	g.Freeze(t)
	handler, asked := dialecttest.Handler(&api.Handlers{Gate: g.Gate}), 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked == 3 {
			g.Thaw(t)
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	r := runAction(t, map[string]string{"url": server.URL, "service": "video-api", "environment": "production", "wait": "2m"})
	if r.code != 0 || asked != 3 || strings.Count(r.outputs, "decision=") != 1 || !strings.Contains(r.log, "releases are frozen by hand") {
		t.Errorf("exit %d after %d questions\n%s%s", r.code, asked, r.outputs, r.log)
	}
}

// TestActionWithoutSecret has GitHub sign who the job is, anew for each question, and says what is missing where GitHub does not.
func TestActionWithoutSecret(t *testing.T) {
	t.Parallel()
	g := dialecttest.New(t)
	url := dialecttest.Serve(t, &api.Handlers{Gate: g.Gate, RequireIdentity: true})
	signed := 0
	github := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "bearer request-token" || r.URL.Query().Get("audience") != "https://plimsoll.example.com/?a=b&c" || r.URL.Query().Get("api-version") != "2.0" {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		signed++
		_, _ = w.Write([]byte(`{"count":1,"value":"t"}`))
	}))
	t.Cleanup(github.Close)
	inputs := map[string]string{"url": url, "service": "video-api", "environment": "production", "audience": "https://plimsoll.example.com/?a=b&c"}
	signs := []string{"ACTIONS_ID_TOKEN_REQUEST_URL=" + github.URL + "/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=request-token"}
	if r := runAction(t, inputs, signs...); r.code != 0 || !strings.Contains(r.outputs, "decision=allow") || !strings.Contains(r.log, "::add-mask::t\n") || signed != 1 {
		t.Errorf("exit %d, signed %d times\n%s", r.code, signed, r.log)
	}
	if ds := g.Decisions(t); len(ds) != 1 || ds[0].By != "ada" {
		t.Errorf("%+v", ds)
	}
	if r := runAction(t, inputs, "ACTIONS_ID_TOKEN_REQUEST_URL="); r.code != 1 || !strings.Contains(r.log, "needs the permission id-token: write") {
		t.Errorf("without the permission: exit %d\n%s", r.code, r.log)
	}
	signs[1] = "ACTIONS_ID_TOKEN_REQUEST_TOKEN=other"
	if r := runAction(t, inputs, signs...); r.code != 1 || !strings.Contains(r.log, "GitHub signed no token") {
		t.Errorf("refused by GitHub: exit %d\n%s", r.code, r.log)
	}
}

var seqs = regexp.MustCompile(`(seq=|Decision )\d+`)

// TestActionAgrees runs the action on a runner that has plimsoll, which says the same as one that has none, to the letter.
func TestActionAgrees(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", filepath.Join(bin, "plimsoll"), "plimsoll/cmd/plimsoll").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	g := dialecttest.New(t)
	url := dialecttest.Serve(t, &api.Handlers{Gate: g.Gate})
	for name, inputs := range map[string]map[string]string{
		"allow":         {"service": "video-api", "version": "v1 $(id)", "token": "t"},
		"deny":          {"service": "search", "class": "reliability", "refs": " INC-7 ,, INC-8", "progressive": "true"},
		"hold":          {"service": "vidoe-api"},
		"hostile":       {"service": "<!channel> @all #1 #64; **b** [x](https://a.example/b) `c` a|b & \\ ~ _u_ </details>::error::"},
		"wrong usage":   {"service": "search", "class": "feture"},
		"expired token": {"service": "search", "token": "old"},
	} {
		inputs["url"], inputs["environment"] = url, "production"
		without := runAction(t, inputs)
		with := runAction(t, inputs, "PATH="+bin+":"+os.Getenv("PATH"), "PLIMSOLL_TOKEN=another")
		for _, r := range []*result{&without, &with} {
			r.outputs, r.summary = seqs.ReplaceAllString(r.outputs, "${1}N"), seqs.ReplaceAllString(r.summary, "${1}N")
		}
		if with.code == 1 { // wrong usage is told in the words of each
			with.log, without.log = "", ""
		}
		if diff := cmp.Diff(without, with, cmp.AllowUnexported(result{})); diff != "" {
			t.Errorf("%s: without plimsoll and with it: %s", name, diff)
		}
	}
}
