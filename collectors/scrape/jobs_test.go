package scrape_test

import (
	"net"
	"strings"
	"testing"

	"plimsoll/collectors/scrape"
)

func TestParseJobs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, jobs, want string }{
		{"none", "[]", ""},
		{"static", job("a", "x:1"), ""},
		{"file", "- job_name: a\n  file_sd_configs: [{files: [a.yaml]}]\n", ""},
		{"HTTP", "- job_name: a\n  http_sd_configs: [{url: 'http://localhost/targets'}]\n", ""},
		{"DNS", "- job_name: a\n  dns_sd_configs: [{names: [_web._tcp.example.com]}]\n", ""},
		{"not a list", "job_name: a", "line 1: scrape jobs must be a list"},
		{"unknown key", job("a", "x:1") + "- job_name: b\n  scrape_intervall: 5s\n", `line 8: scrape job "b": unknown key "scrape_intervall" (did you mean "scrape_interval"?)`},
		{"unknown key of a client", "- job_name: b\n  basic_aut: {}\n", `line 2: scrape job "b": unknown key "basic_aut" (did you mean "basic_auth"?)`},
		{"unknown key below", "- job_name: b\n  static_configs:\n  - target: [a]\n", `line 3: scrape job "b": unknown key "target" (did you mean "targets"?)`},
		{"unknown key of relabelling", "- job_name: b\n  relabel_configs:\n  # why\n  - action: drop\n    regexp: a\n", `line 5: scrape job "b": unknown key "regexp" (did you mean "regex"?)`},
		{"unknown key of DNS", "- job_name: b\n  dns_sd_configs:\n  - names: [a]\n    prot: 1\n", `line 4: scrape job "b": unknown key "prot" (did you mean "port"?)`},
		{"wrong type", "- job_name: b\n\n  # a comment\n  sample_limit: many\n", `line 4: scrape job "b": cannot unmarshal`},
		{"two problems in one job", "- job_name: b\n  sample_limit: many\n  label_limit: few\n", "line 3: scrape job \"b\": cannot unmarshal"},
		{"two jobs with problems", "- job_name: a\n  sample_limit: many\n- job_name: b\n  x: 1\n", `line 4: scrape job "b": unknown key "x"`},
		{"no name", "- scrape_interval: 5s\n", "line 1: scrape job 1: job_name is empty"},
		{"one name twice", job("a", "x:1") + job("a", "y:1"), `line 7: scrape job "a": the job on line 1 has that name, too`},
		{"timeout", "- job_name: a\n  scrape_interval: 5s\n  scrape_timeout: 6s\n", "timeout greater than scrape interval"},
		{"DNS type that needs a port", "- job_name: a\n  dns_sd_configs: [{names: [a], type: A}]\n", `scrape job "a": a port is required in DNS-SD configs`},
		{"discovery that is not built in", "- job_name: a\n  consul_sd_configs: [{}]\n",
			`line 2: scrape job "a": consul_sd_configs is not built in; targets are found by static_configs, file_sd_configs, http_sd_configs, dns_sd_configs`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := scrape.ParseJobs([]byte(test.jobs))
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func FuzzParseJobs(f *testing.F) {
	f.Add(job("a", net.JoinHostPort("127.0.0.1", "1")))
	f.Add("- job_name: a\n  metric_relabel_configs: [{action: drop, regex: x}]\n")
	f.Add("- job_name: a\n  dns_sd_configs: [{names: [b], type: A, port: 1}, {nams: []}]\n  consul_sd_configs: [{}]\n")
	f.Add("- &a {job_name: *a}")
	f.Add("- &a {job_name: x}\n- *a\n- null\n- []\n")
	f.Fuzz(func(_ *testing.T, jobs string) {
		_, _ = scrape.ParseJobs([]byte(jobs)) // does not panic
	})
}
