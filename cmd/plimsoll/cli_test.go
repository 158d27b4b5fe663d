package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain keeps the tests from the settings and the token of whoever runs them.
func TestMain(m *testing.M) { os.Exit(hermetic(m)) }

func hermetic(m *testing.M) int {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "PLIMSOLL_") {
			os.Unsetenv(name)
		}
	}
	dir, err := os.MkdirTemp("", "plimsoll")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	os.Setenv("PLIMSOLL_DATA", dir)
	return m.Run()
}

// What is typed wrongly is answered with what is wrong, what is right, and where help is, in one line.
func TestWrongUsage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "plimsoll.yaml")
	if err := os.WriteFile(config, []byte("listn: 127.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	check := []string{"gate", "check", "-s", "video-api", "-e", "production", "--sha", "c0ffee"}
	for _, tc := range []struct {
		name string
		args []string
		says string
	}{
		{"unknown command", []string{"sloo"}, `unexpected argument sloo, did you mean "slo"? (see "plimsoll --help")`},
		{"unknown subcommand", []string{"slo", "shwo"}, `did you mean "show"? (see "plimsoll slo --help")`},
		{"unknown flag", []string{"slo", "list", "--servce", "x"}, `did you mean "--service"? (see "plimsoll slo list --help")`},
		{"missing flag", []string{"gate", "check", "-e", "production", "--sha", "c0ffee"}, `missing flags: --service=STRING (see "plimsoll gate check --help")`},
		{"unknown class", append(check, "-c", "featur"), `must be one of feature, reliability, security, rollback, config (did you mean "feature"?)`},
		{"not an address", append(check, "--url", "127.0.0.1:8080"), `must be a URL such as http://127.0.0.1:8080, found "127.0.0.1:8080"`},
		{"not a reference", []string{"incident", "ack", "seven"}, `expected a reference such as INC-7 or 7 (see "plimsoll incident ack --help")`},
		{"not an instant", []string{"incident", "at", "7", "started", "noon"}, `<at>: expected an instant such as 2026-11-24T10:00:00Z but got "noon" (see "plimsoll incident at --help")`},
		{"not a week", []string{"report", "-w", "2026-48"}, "such as 2026-W48"},
		{"not a key", []string{"slo", "show", "availability"}, `"availability" is not the key of an objective: write service/slo`},
		{"no token file", []string{"--token-file", filepath.Join(dir, "none"), "slo", "list"}, "read token: open"},
		{"a folder of no policies", []string{"gate", "lint", dir}, `plimsoll.yaml:1: unknown key "listn"`},
		{"unknown key", []string{"serve", "--config.check", "--config", config}, `plimsoll.yaml:1: unknown key "listn" (did you mean "listen"?)`},
		{"not an address to listen on", []string{"serve", "--config.check", "--listen", "8080"}, `listen: "8080" is not host:port, such as 127.0.0.1:8080`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			code := run(context.Background(), tc.args, &out, &errs)
			if code != 1 || !strings.Contains(errs.String(), tc.says) || out.Len() > 0 {
				t.Errorf("exit code %d, said %q and %q; want 1 and %q", code, out.String(), errs.String(), tc.says)
			}
		})
	}
}

func TestServeChecksShippedDefinitions(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if code := run(context.Background(), []string{"serve", "--config.check"}, &out, &out); code != 0 || !strings.Contains(out.String(), "are valid") {
		t.Errorf("exit code %d: %s", code, out.String())
	}
}
