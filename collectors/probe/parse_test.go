package probe_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plimsoll/collectors/probe"
	"plimsoll/internal/config"
)

const minimal = `probes:
- name: home
  service: shop
  steps:
  - name: get
    request: {url: 'https://shop.example.com/'}
`

// environment of the tests.
func environment(name string) (string, bool) {
	values := map[string]string{"API_KEY": "s3cr3t-key", "EMPTY": ""}
	value, ok := values[name]
	return value, ok
}

func parse(text string) ([]probe.Probe, error) {
	return probe.Parse(environment, config.File{Name: "p.yaml", Data: []byte(text)})
}

func TestParseDefaults(t *testing.T) {
	t.Parallel()
	got, err := parse(minimal + strings.Replace(minimal[len("probes:\n"):], "name: home", "name: other\n  every: 5m\n  timeout: 2m", 1))
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	if p := got[0]; p.Name != "home" || p.Service != "shop" || p.Every != time.Minute || p.Timeout != 30*time.Second {
		t.Errorf("%+v", p)
	}
	if p := got[1]; p.Every != 5*time.Minute || p.Timeout != 2*time.Minute {
		t.Errorf("%+v", p)
	}
}

func TestParseProblems(t *testing.T) {
	t.Parallel()
	with := func(line string) string { return minimal + "    " + line + "\n" }
	probeWith := func(line string) string { return strings.Replace(minimal, "  steps:", "  "+line+"\n  steps:", 1) }
	url := func(u string) string { return strings.Replace(minimal, "'https://shop.example.com/'", u, 1) }
	for _, test := range []struct{ name, text, want string }{
		{"unknown key", with("expct: {}"), `p.yaml:7: unknown key "probes[0].steps[0].expct" (did you mean "expect"?)`},
		{"unknown key in a list", with("expect: {body_contain: x}"), `p.yaml:7: unknown key "probes[0].steps[0].expect.body_contain" (did you mean "body_contains"?)`},
		{"no name", strings.Replace(minimal, "home", "''", 1), `p.yaml:2: probes[0].name: must be 1 to 63 of`},
		{"no service", strings.Replace(minimal, "  service: shop\n", "", 1), `p.yaml:2: probes[0].service: must be`},
		{"no steps", minimal[:strings.Index(minimal, "  steps")], `p.yaml:2: probes[0].steps: must list at least one step`},
		{"step without a name", strings.Replace(minimal, "name: get", "name: Get It", 1), `p.yaml:5: probes[0].steps[0].name: must be`},
		{"one step twice", minimal + "  - name: get\n    request: {url: /a}\n", `p.yaml:7: probes[0].steps[1].name: "get" is the name of an earlier step`},
		{"one probe twice", minimal + minimal[len("probes:\n"):], `p.yaml:7: probes[1].name: "home" is the name of another probe, at p.yaml:2`},
		{"too often", probeWith("every: 10ms"), `p.yaml:4: probes[0].every: must be between 1s and 24h0m0s, found 10ms`},
		{"a timeout beyond the interval", probeWith("timeout: 2m"), `p.yaml:4: probes[0].timeout: must be between 1ms and 1m0s, found 2m0s`},
		{"redirects", probeWith("redirects: folow"), `p.yaml:4: probes[0].redirects: must be follow or none, found "folow" (did you mean "follow"?)`},
		{"a step timeout beyond the run's", with("timeout: 31s"), `p.yaml:7: probes[0].steps[0].timeout: must be between 1ms and 30s`},
		{"size of bodies", with("max_body_bytes: -1"), `p.yaml:7: probes[0].steps[0].max_body_bytes: must be between 0 and`},
		{"no address", url("''"), `p.yaml:6: probes[0].steps[0].request.url: must be an address`},
		{"an address without a scheme", url("shop.example.com/"), `p.yaml:6: probes[0].steps[0].request.url: must be an address`},
		{"another scheme", url("'ftp://a/b'"), `p.yaml:6: probes[0].steps[0].request.url: must be an address`},
		{"relative to nothing", url("/a"), `p.yaml:6: probes[0].steps[0].request.url: must be an address`},
		{"method", strings.Replace(minimal, "{url", "{method: PSOT, url", 1), `p.yaml:6: probes[0].steps[0].request.method: must be one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, found "PSOT" (did you mean "POST"?)`},
		{"method in small letters", strings.Replace(minimal, "{url", "{method: post, url", 1), `found "post" (did you mean "POST"?)`},
		{"name of a header", strings.Replace(minimal, "{url", "{headers: {'a b': c}, url", 1), `request.headers.a b: "a b" is not the name of a header`},
		{"body and file", strings.Replace(minimal, "{url", "{body: a, body_file: b, url", 1), `request.body_file: must not stand beside body`},
		{"no such file", strings.Replace(minimal, "{url", "{body_file: none.bin, url", 1), `request.body_file: there is no file none.bin`},
		{"a folder", strings.Replace(minimal, "{url", "{body_file: ., url", 1), `request.body_file: . is not a file of at most`},
		{"undefined variable", url("'https://a/${idd}'"), `p.yaml:6: probes[0].steps[0].request.url: ${idd} is not defined here; defined are run.id`},
		{"misspelt variable", strings.Replace(url("'https://a/${bse}'"), "  steps:", "  variables: {base: x}\n  steps:", 1), `${bse} is not defined here (did you mean "base"?)`},
		{"captured too late", strings.Replace(with("capture: {id: {json: id}}"), "shop.example.com", "${id}", 1), `${id} is not defined here`},
		{"open brace", url("'https://a/${id'"), `"${id" has no closing brace`},
		{"function", url("'https://a/${evn:API_KEY}'"), `${evn:API_KEY} names no function (did you mean "env"?)`},
		{"no such variable of the environment", url("'https://a/${env:NONE}'"), `p.yaml:6: probes[0].steps[0].request.url: ${env:NONE}: the environment variable NONE is not set`},
		{"an empty one", probeWith("variables: {a: '${env:EMPTY}'}"), `p.yaml:4: probes[0].variables.a: ${env:EMPTY}: the environment variable EMPTY is not set`},
		{"variable that looks like a function", probeWith("variables: {'a:b': c}"), `the name of a variable must be letters, digits and _`},
		{"status", with("expect: {status: 99}"), `p.yaml:7: probes[0].steps[0].expect.status: must be a status such as 200 or a class such as 2xx, found "99"`},
		{"status class", with("expect: {status: [200, 6xx]}"), `found "6xx"`},
		{"status in a mapping", with("expect: {status: {a: b}}"), `p.yaml:7: must be one text or a list of texts`},
		{"pattern of a header", with("expect: {headers: {ETag: '('}}"), `expect.headers.ETag: must be a regular expression (RE2)`},
		{"pattern of the body", with("expect: {body_matches: '('}"), `expect.body_matches: must be a regular expression (RE2)`},
		{"JSON path", with("expect: {json: {'a[x]': 1}}"), `expect.json.a[x]: must be a path such as status, parts[0].url`},
		{"JSON object", with("expect: {json: {a: {b: c}}}"), `expect.json.a: must be a text, a number, true, false or null`},
		{"within", with("expect: {within: fast}"), `expect.within: must be a duration`},
		{"capture from nowhere", with("capture: {id: {}}"), `p.yaml:7: probes[0].steps[0].capture.id: must have one of json, header, cookie, regex, found 0`},
		{"capture from two", with("capture: {id: {json: a, header: b}}"), `found 2`},
		{"until without an end", with("until: {every: 1s}"), `p.yaml:7: probes[0].steps[0].until.within: must say for how long`},
		{"until beyond the run", with("until: {within: 1h}"), `until.within: must be between 1ms and 30s`},
		{"no such authority", probeWith("tls: {ca_file: none.pem}"), `p.yaml:4: probes[0].tls.ca_file: there is no file none.pem`},
		{"certificate without a key", probeWith("tls: {cert_file: a.pem}"), `p.yaml:4: probes[0].tls: must have both of cert_file and key_file`},
		{"all at once", strings.Replace(with("expect: {status: 99}"), "home", "''", 1), `p.yaml:7: probes[0].steps[0].expect.status`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(test.text)
			if !errors.Is(err, config.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("the secret is in %v", err)
			}
		})
	}
}

// Names of files are relative to the definition's; every file of a folder is read.
func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	withFile := strings.Replace(minimal, "{url", "{method: PUT, body_file: clip.bin, headers: {X-Size: '${size:clip.bin}'}, url", 1)
	for name, text := range map[string]string{"a.yaml": withFile, "b.yml": strings.Replace(minimal, "home", "other", 1), "clip.bin": "abc"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := probe.Load(dir)
	if err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := probe.Load(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(minimal)
	f.Add(minimal + "    expect: {json: {a.b: 1}, status: [2xx]}\n    capture: {a: {regex: x}}\n    until: {within: 1s}\n")
	f.Add("probes: [&a {name: *a}]")
	f.Add("probes: [{variables: {a: '${env:API_KEY}'}, steps: [{request: {url: '${a}', body: '$${'}}]}]")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = parse(text) // does not panic
	})
}
