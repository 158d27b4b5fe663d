package gitlab_test

import (
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/api"
	"plimsoll/slo/gate/deploys"
	deploysapi "plimsoll/slo/gate/deploys/api"
	"plimsoll/slo/gate/deploys/postgres"
	"plimsoll/slo/gate/dialect/dialecttest"
)

// template is the part of the shipped job that a runner reads.
type template struct {
	Job struct {
		Variables map[string]string
		Script    []string
		Retry     struct {
			Max       int
			ExitCodes []int `yaml:"exit_codes"`
		}
	} `yaml:".plimsoll-gate"`
	Deploy struct {
		Variables    map[string]string
		BeforeScript []string `yaml:"before_script"`
		AfterScript  []string `yaml:"after_script"`
	} `yaml:".plimsoll-deploy"`
}

// TestTemplate runs the script of the shipped job, with the command line that it calls, against a gate.
func TestTemplate(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../deploy/gitlab/gate.yml")
	if err != nil {
		t.Fatal(err)
	}
	var job template
	if err := yaml.Unmarshal(text, &job); err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", filepath.Join(bin, "plimsoll"), "plimsoll/cmd/plimsoll").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	g := dialecttest.New(t, postgres.Migrations)
	store, err := postgres.New(postgres.Config{Pool: g.Pool, Services: func() []string { return []string{"video-api"} }})
	if err != nil {
		t.Fatal(err)
	}
	url := dialecttest.Serve(t, &api.Handlers{Gate: g.Gate, RequireIdentity: true}, &deploysapi.Handlers{Store: store, Now: time.Now})
	script := func(lines []string, variables map[string]string) (code int, log string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "sh", "-c", "set -eu\n"+strings.Join(lines, "\n"))
		cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + bin, "PLIMSOLL_URL=" + url, "PLIMSOLL_TOKEN=t", "PLIMSOLL_ENVIRONMENT=production",
			"CI_COMMIT_SHA=0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c", "GITLAB_USER_LOGIN=grace", "CI_COMMIT_TAG=", "PLIMSOLL_WAIT=",
			"CI_PROJECT_PATH=octo-group/video-api", "CI_COMMIT_TIMESTAMP=" + time.Now().Add(-time.Hour).Format(time.RFC3339)}
		for _, set := range []map[string]string{job.Job.Variables, variables} {
			for k, v := range set {
				cmd.Env = append(cmd.Env, k+"="+v)
			}
		}
		out, err := cmd.CombinedOutput()
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			code = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		return code, string(out)
	}
	run := func(variables map[string]string) (code int, log string) {
		t.Helper()
		return script(job.Job.Script, variables)
	}
	for _, tc := range []struct {
		name      string
		variables map[string]string
		code      int
		says      string
	}{
		{"allow", map[string]string{"PLIMSOLL_SERVICE": "video-api", "CI_COMMIT_TAG": "v1.5.0", "PLIMSOLL_WAIT": "30m"}, 0, "ALLOW feature 0d1a26e67d8f of video-api to production"},
		{"deny", map[string]string{"PLIMSOLL_SERVICE": "search"}, 2, "DENY feature 0d1a26e67d8f of search to production: an error budget is spent.\n"},
		{"rollback", map[string]string{"PLIMSOLL_SERVICE": "search", "PLIMSOLL_CLASS": "rollback"}, 0, "a rollback always goes out"},
		{"reference", map[string]string{"PLIMSOLL_SERVICE": "search", "PLIMSOLL_CLASS": "reliability", "PLIMSOLL_REF": "INC-7"}, 2, "INC-7 is not known"},
		{"hold", map[string]string{"PLIMSOLL_SERVICE": "vidoe-api"}, 3, `did you mean "video-api"?`},
		{"bad class", map[string]string{"PLIMSOLL_SERVICE": "search", "PLIMSOLL_CLASS": "feture"}, 1, `did you mean "feature"?`},
		{"expired token", map[string]string{"PLIMSOLL_SERVICE": "search", "PLIMSOLL_TOKEN": "old"}, 1, "the token is not valid"},
		{"nobody answers", map[string]string{"PLIMSOLL_SERVICE": "search", "PLIMSOLL_URL": "http://127.0.0.1:1"}, 3, "never an allow"},
	} {
		if code, log := run(tc.variables); code != tc.code || !strings.Contains(log, tc.says) {
			t.Errorf("%s: exit %d\n%s", tc.name, code, log)
		}
	}
	for _, d := range g.Decisions(t) {
		if d.By != "ada" || d.Change.Author != "grace" || (d.Change.Version == "v1.5.0") != (d.Outcome == gate.Allow && d.Change.Class == gate.Feature) {
			t.Errorf("%+v", d)
		}
	}
	if r := job.Job.Retry; r.Max == 0 || len(r.ExitCodes) != 1 || r.ExitCodes[0] != 3 {
		t.Errorf("%+v: only a hold is worth another try", r)
	}
	for _, tc := range []struct {
		name, id, status string
		variables        map[string]string
		state            string // none if it was not recorded
	}{
		{"went out", "1", "success", nil, "finished"},
		{"failed", "2", "failed", nil, "failed"},
		{"was cancelled", "3", "canceled", nil, "failed"},
		{"unknown service", "4", "success", map[string]string{"PLIMSOLL_SERVICE": "vidoe-api"}, ""},
		{"nobody answers", "5", "success", map[string]string{"PLIMSOLL_URL": "http://127.0.0.1:1"}, ""},
	} {
		variables := map[string]string{"CI_JOB_ID": tc.id, "CI_JOB_STATUS": tc.status, "PLIMSOLL_SERVICE": "video-api", "CI_COMMIT_TAG": "v1.5.0"}
		for _, set := range []map[string]string{job.Deploy.Variables, tc.variables} {
			maps.Copy(variables, set)
		}
		for _, lines := range [][]string{job.Deploy.BeforeScript, job.Deploy.AfterScript} {
			if code, log := script(lines, variables); code != 0 {
				t.Errorf("%s: exit %d: what cannot be told must not stop a deployment\n%s", tc.name, code, log)
			}
		}
		list, err := store.List(t.Context(), deploys.Filter{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		key := "gitlab:octo-group/video-api:" + tc.id
		recorded := len(list) == 1 && list[0].Key == key
		if recorded != (tc.state != "") || recorded && (string(list[0].State) != tc.state || list[0].Version != "v1.5.0" || list[0].Source != "gitlab" || list[0].Committed.IsZero()) {
			t.Errorf("%s: %+v", tc.name, list)
		}
	}
}
