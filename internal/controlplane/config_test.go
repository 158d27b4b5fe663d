package controlplane

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/config"
)

// write puts files into a new folder and returns the folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadConfigProblems(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, says string }{
		{"unknown key", "listn: 127.0.0.1:1", `p.yaml:1: unknown key "listn" (did you mean "listen"?)`},
		{"unknown key below", "slack:\n  subject: {}", `p.yaml:2: unknown key "slack.subject" (did you mean "subjects"?)`},
		{"listen without a port", "listen: 127.0.0.1", `listen: "127.0.0.1" is not host:port`},
		{"duration without a unit", "gate_every: 5", `p.yaml:1: gate_every: must be a duration such as 30s, 5m or 24h, found "5"`},
		{"checkpoints too often", "checkpoint_every: 1ms", "checkpoint_every: 1ms is not between 100ms and 1h"},
		{"freezes too seldom", "gate_every: 2h", "gate_every: 2h0m0s is not between 100ms and 1h"},
		{"retention in minutes", "retention: 90m", "retention: 1h30m0s is not a whole number of hours"},
		{"no retention", "retention: 0s", "retention: 0s is not a whole number of hours"},
		{"retention of years", "retention: 20000h", "retention: 20000h0m0s is not a whole number of hours from 1h to 9600h0m0s"},
		{"late by days", "late_horizon: 48h", "late_horizon: 48h0m0s is not between 1m and 24h"},
		{"a leader that may be silent for ever", "leader_timeout: 1h", "leader_timeout: 1h0m0s is not between 1s and 5m"},
		{"another replica without a scheme", "advertise_url: 10.0.0.7:8080", `advertise_url: "10.0.0.7:8080" is not a URL`},
		{"a server without an address", "promql: [{name: main}]", `promql[0].url: "" is not a URL`},
		{"a server twice", "promql: [{name: a, url: 'http://b'}, {name: a, url: 'http://c'}]", `promql[1].name: there are two servers "a"`},
		{"a key of a server", "promql: [{name: a, ulr: 'http://b'}]", `unknown key "promql[0].ulr" (did you mean "url"?)`},
		{"identity by another name", "gate: {require_id: true}", `unknown key "gate.require_id"`},
		{"links without a scheme", "public_url: plimsoll.example.com", `public_url: "plimsoll.example.com" is not a URL`},
		{"answers to nowhere", "slack: {response_url: hooks}", `slack.response_url: "hooks" is not a URL`},
		{"a third way to Slack", "slack: {mode: rtm}", `slack.mode: "rtm" is neither http nor socket`},
		{"Socket Mode without its tokens", "slack: {mode: socket}", "slack.mode: socket needs PLIMSOLL_SLACK_BOT_TOKEN and PLIMSOLL_SLACK_APP_TOKEN"},
		{"a grant of nobody", "slack: {subjects: {U1: ada}, grants: {adda: [{services: [search]}]}}", `slack.grants: "adda" is nobody in slack.subjects (did you mean "ada"?)`},
		{"a grant of a holder", "tokens: [{subject: ada, env: PATH}]\nslack: {subjects: {U1: ada}, grants: {ada: [{services: [search]}]}}", `slack.grants: "ada" has a token, and what tokens says of its holder holds in Slack, too`},
		{"a role in Slack of another name", "slack: {subjects: {U1: ada}, roles: {ada: [boss]}}", `slack.roles.ada[0]: "boss" is not one of member, deployer, pusher, release_manager`},
		{"a command without a slash", "slack: {gate_command: gate}", `slack.gate_command: "gate" is no command: it begins with a slash, such as /gate`},
		{"cards without a token", "slack: {announce: C1}", "slack.announce: cards need PLIMSOLL_SLACK_BOT_TOKEN"},
		{"no address of a database", "database_url: mysql://localhost", "database_url: not as postgres://"},
		{"a receiver of nothing", "alerts: {receivers: [{name: sre}]}", "alerts.receivers[0]: must have one of slack, alertmanager, webhook, email; found 0"},
		{"a receiver without a name", "alerts: {receivers: [{alertmanager: {url: 'http://am'}}]}", "alerts.receivers[0].name"},
		{"two receivers of one name", "alerts: {receivers: [{name: a, alertmanager: {url: 'http://am'}}, {name: a, alertmanager: {url: 'http://am'}}]}", "alerts.receivers[1].name"},
		{"a secret that is nowhere", "alerts: {receivers: [{name: a, webhook: {url: 'http://b', secret_env: PLIMSOLL_NO_SUCH}}]}", "webhook.secret_env: the environment variable PLIMSOLL_NO_SUCH is empty"},
		{"a severity of no tier", "alerts: {receivers: [{name: a, severities: [warn], alertmanager: {url: 'http://am'}}]}", `alerts.receivers[0].severities: "warn" is not page or ticket`},
		{"a secret in the file", "alerts: {receivers: [{name: a, slack: {channel: x, token: xoxb}}]}", `unknown key "alerts.receivers[0].slack.token"; allowed here: channel, token_env, base_url`},
		{"a repository without its owner", "gate: {github: {targets: [{repository: api, environment: p, service: a}]}}", `gate.github: targets[0].repository: must be an owner and a name`},
		{"GitHub without its secret", "gate: {github: {targets: [{repository: o/api, environment: p, service: a}]}}", "gate.github: the environment variable PLIMSOLL_GITHUB_WEBHOOK_SECRET is empty"},
		{"GitLab without a service", "gate: {gitlab: {projects: [{project: a/b, environment: p}]}}", "gate.gitlab.projects[0].service: is empty; it must be a service"},
		{"GitLab without its token", "gate: {gitlab: {projects: [{project: a/b, service: a, environment: p}]}}", "gate.gitlab: the environment variable PLIMSOLL_GITLAB_TOKEN is empty"},
		{"a heart that beats nowhere", "alerts: {heartbeat_url: deadman}", `alerts.heartbeat_url: "deadman" is not a URL`},
		{"alerts too often", "alerts: {every: 1ms}", "alerts.every: 1ms is not between 100ms and 1h"},
		{"a token of the operator", "tokens: [{subject: operator, env: HOME}]", "tokens[0].subject"},
		{"a token of nobody", "tokens: [{subject: anonymous, env: HOME}]", `tokens[0].subject: "anonymous" is empty or stands for somebody else: operator, anonymous`},
		{"a token that is nowhere", "tokens: [{subject: ada, env: PLIMSOLL_NO_SUCH}]", "tokens[0].env: the environment variable PLIMSOLL_NO_SUCH is empty"},
		{"one token for two", "tokens: [{subject: ada, env: PATH}, {subject: grace, env: PATH}]", "tokens[1]: PATH holds the token of somebody else"},
		{"a role of nobody", "tokens: [{subject: ada, env: PATH, roles: [release-manager]}]", `tokens[0].roles[0]: "release-manager" is not one of member, deployer, pusher, release_manager (did you mean "release_manager"?)`},
		{"freezes told in Slack without its token", "gate: {tell: [{slack: [C012]}]}", "gate.tell[0].slack: needs PLIMSOLL_SLACK_BOT_TOKEN"},
		{"a key of a place where freezes are told", "gate: {tell: [{slak: [C012]}]}", `unknown key "gate.tell[0].slak" (did you mean "slack"?)`},
		{"an issuer without TLS", "identity: {oidc: [{name: a, issuer: 'http://example.com', audience: b, allow: [{claims: {sub: x}}]}]}", `identity.oidc[0].issuer: "http://example.com" is not an https URL`},
		{"an issuer that opens to everybody", "identity: {oidc: [{name: a, issuer: 'https://example.com', audience: b, allow: [{services: [x]}]}]}", "identity.oidc[0].allow[0].claims: must name a claim"},
		{"readers of another name", "identity: {reads: identifed}", `identity.reads: "identifed" is neither anonymous nor identified (did you mean "identified"?)`},
		{"closed metrics of open pages", "identity: {metrics: identified}", "identity.metrics: identified hides nothing while everybody reads the same on the pages"},
		{"a key of an issuer", "identity: {oidc: [{isuer: x}]}", `unknown key "identity.oidc[0].isuer" (did you mean "issuer"?)`},
		{"all values at once", "gate_every: 2h\nretention: 1m", "retention: 1m0s"},
		{"scrape jobs", "scrape_configs:\n- job_nam: x", `p.yaml:2: scrape job 1: unknown key "job_nam" (did you mean "job_name"?)`},
		{"not YAML", "listen: [", "p.yaml"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := write(t, map[string]string{"p.yaml": tc.text})
			_, err := ReadConfig(filepath.Join(dir, "p.yaml"))
			if !errors.Is(err, config.ErrInvalid) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v, want %q", err, tc.says)
			}
		})
	}
	if _, err := ReadConfig(filepath.Join(t.TempDir(), "none.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v, want %v", err, os.ErrNotExist)
	}
}

// Names in a configuration file are relative to its folder; what it does not say is as by default.
func TestReadConfig(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"p.yaml": "data_dir: data\nobjectives: [slo, /etc/slo]\npolicies: [gate.yaml]\n"})
	got, err := ReadConfig(filepath.Join(dir, "p.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Dir, want.DataDir = dir, filepath.Join(dir, "data")
	want.Objectives, want.Policies = []string{filepath.Join(dir, "slo"), "/etc/slo"}, []string{filepath.Join(dir, "gate.yaml")}
	type paths struct{ Dir, DataDir, Objectives, Policies any }
	of := func(c Config) paths { return paths{c.Dir, c.DataDir, c.Objectives, c.Policies} }
	if diff := cmp.Diff(of(want), of(got)); diff != "" {
		t.Error(diff)
	}
	if got.Listen != want.Listen || got.CheckpointEvery != want.CheckpointEvery || got.GateEvery != want.GateEvery || got.Retention != want.Retention {
		t.Errorf("%+v, want the defaults", got)
	}
}
