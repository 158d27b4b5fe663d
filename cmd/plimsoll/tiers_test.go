package main

import (
	"strings"
	"testing"
)

// A file of tiers holds for lint and for the rules of Prometheus as it does for a server.
func TestTiersOfAFile(t *testing.T) {
	t.Parallel()
	const objectives = "../../deploy/objectives"
	tiers := fileOf(t, "tiers.yaml", "tiers: [{name: page-fast, factor: 12.5, for: 3m}]\n")
	code, out, errs := runCommand("rules", "prometheus", "--tiers", tiers, objectives)
	if code != 0 || !strings.Contains(out, ">= 12.5") || !strings.Contains(out, "for: 3m") || strings.Contains(out, "page-slow") {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
	high := fileOf(t, "high.yaml", "tiers: [{name: page-fast, factor: 1000}]\n")
	if code, out, _ := runCommand("slo", "lint", "--tiers", high, objectives); code != 0 || !strings.Contains(out, "page-fast of video-api/availability can never fire: it begins at a burn rate of 1000") {
		t.Errorf("exit code %d: %s", code, out)
	}
	bad := fileOf(t, "bad.yaml", "tiers: [{name: page-fast, shar: 3%}]\n")
	for _, command := range [][]string{{"slo", "lint"}, {"rules", "prometheus"}} {
		if code, out, errs := runCommand(append(command, "--tiers", bad, objectives)...); code == 0 || !strings.Contains(out+errs, `did you mean "share"?`) {
			t.Errorf("%v: exit code %d: %s%s", command, code, out, errs)
		}
	}
}
