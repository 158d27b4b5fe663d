// Package architecture holds the test that keeps the house in shape: which package may import which, and why.
package architecture

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"strings"
	"testing"
)

const module = "plimsoll/"

type pkg struct {
	ImportPath string
	Imports    []string
}

// rule forbids imports. Patterns are paths in the module; "x/..." also matches x itself.
type rule struct {
	from   []string
	except []string // packages that the rule does not bind
	never  []string
	unless []string // imports that are allowed all the same
	why    string
}

var domains = []string{"slo", "alerts", "incidents"}

var rules = []rule{
	{
		from: domains, never: []string{"plimsoll/..."}, unless: domains,
		why: "a domain core imports nothing of ours but other domains' pure types, so that it can be read and tested alone",
	},
	{
		from:  domains,
		never: []string{"net/http", "database/sql", "github.com/jackc/...", "os", "github.com/riverqueue/...", "github.com/danielgtaylor/..."},
		why:   "a domain core does no I/O: it is given instants and values and gives decisions back",
	},
	{
		from: []string{"slo/gate", "slo/report", "slo/backtest", "incidents/postmortem", "incidents/postmortem/blameless"}, never: []string{"net/http", "github.com/jackc/...", "github.com/riverqueue/...", "internal/pg/...", "internal/httpapi"},
		why: "a decision is a pure function of its inputs; I/O wraps it",
	},
	{
		from: []string{"platform/...", "cmd/platform"}, never: []string{"slo/...", "collectors/...", "alerts/...", "incidents/...", "dashboards/...", "internal/controlplane/...", "internal/demo/..."},
		why: "the platform knows nothing of the control plane; it only exposes metrics, traces and a database, as any service would",
	},
	{
		from: []string{"slo/...", "collectors/...", "alerts/...", "incidents/...", "dashboards/...", "internal/...", "cmd/plimsoll"}, never: []string{"platform/..."},
		why: "the control plane watches the platform from outside; the demo starts it as a child process",
	},
	{
		from: []string{"slo/...", "collectors/...", "alerts/...", "incidents/...", "dashboards/...", "platform/..."}, never: []string{"internal/controlplane/...", "internal/demo/...", "cmd/..."},
		why: "imports point one way: cmd, then the wiring, then adapters, then domains",
	},
	{
		from: []string{"internal/..."}, except: []string{"internal/controlplane/...", "internal/demo/..."},
		never: []string{"slo/...", "collectors/...", "alerts/...", "incidents/...", "dashboards/...", "cmd/..."},
		why:   "plumbing has no domain",
	},
	{
		from: []string{"slo/ledger/postgres", "slo/gate/postgres", "incidents/postgres", "incidents/postmortem/postgres"}, never: []string{"slo/ledger/postgres", "slo/gate/postgres", "incidents/postgres", "incidents/postmortem/postgres"},
		why: "adapters never import one another: what crosses rooms is wired in one place",
	},
	{
		from: []string{"..."}, except: []string{"cmd/...", "internal/bench"}, never: []string{"github.com/alecthomas/kong"},
		why: "flags are read in cmd and nowhere else",
	},
	{
		from: []string{"..."}, never: []string{"github.com/prometheus/prometheus/discovery/install"},
		why: "it brings the SDK of every cloud into each build",
	},
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, p := range list(t) {
		from := strings.TrimPrefix(p.ImportPath, module)
		for _, r := range rules {
			if !matches(r.from, from) || matches(r.except, from) {
				continue
			}
			for _, imp := range p.Imports {
				to := strings.TrimPrefix(imp, module)
				if to != from && forbidden(r, imp, to) && !matches(r.unless, to) {
					t.Errorf("%s imports %s: %s", from, to, r.why)
				}
			}
		}
	}
}

// TestTestPackages keeps helpers of tests out of what ships. A backtest is no test.
func TestTestPackages(t *testing.T) {
	t.Parallel()
	for _, p := range list(t) {
		for _, imp := range p.Imports {
			if base := path.Base(imp); strings.HasPrefix(imp, module) && strings.HasSuffix(base, "test") && base != "backtest" && !strings.HasSuffix(p.ImportPath, "test") {
				t.Errorf("%s imports %s, which is for tests only", p.ImportPath, imp)
			}
		}
	}
}

// TestRulesBind fails when a rule no longer speaks of any package.
func TestRulesBind(t *testing.T) {
	t.Parallel()
	for _, r := range rules {
		bound := false
		for _, p := range list(t) {
			bound = bound || matches(r.from, strings.TrimPrefix(p.ImportPath, module))
		}
		if !bound {
			t.Errorf("no package is bound by the rule %q", r.why)
		}
	}
}

func forbidden(r rule, imp, to string) bool {
	for _, pattern := range r.never {
		if match(pattern, to) || match(pattern, imp) {
			return true
		}
	}
	return false
}

func matches(patterns []string, p string) bool {
	for _, pattern := range patterns {
		if match(pattern, p) {
			return true
		}
	}
	return false
}

func match(pattern, p string) bool {
	prefix, open := strings.CutSuffix(pattern, "...")
	if !open {
		return pattern == p
	}
	return strings.HasPrefix(p, prefix) || p == strings.TrimSuffix(prefix, "/")
}

func list(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "plimsoll/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}
