package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// pipe runs a command on what the standard input holds.
func pipe(t *testing.T, in, output string, command interface{ Run(*cli) error }) (out, errs string, err error) {
	t.Helper()
	var o, e bytes.Buffer
	err = command.Run(&cli{In: strings.NewReader(in), Out: &o, Err: &e, Output: output})
	return o.String(), e.String(), err
}

func TestStandardInput(t *testing.T) {
	t.Parallel()
	out, _, err := pipe(t, goodObjective, "table", sloLintCmd{Paths: []string{"-"}})
	if err != nil || out != "1 objective, all valid.\n" {
		t.Errorf("%v: %s", err, out)
	}
	out, _, err = pipe(t, "kind: [", "table", sloLintCmd{Paths: []string{"-"}})
	if err == nil || !strings.HasPrefix(out, "<stdin>:1:1: not YAML") {
		t.Errorf("%v: %s", err, out)
	}
	out, notes, _ := pipe(t, slothFile, "table", sloImportCmd{From: "detected", Window: "28d", Paths: []string{"-"}})
	if !strings.Contains(out, "duration: 28d") || !strings.HasPrefix(notes, "<stdin>:") {
		t.Errorf("imported as %s%s", out, notes)
	}
}

// What is exported as JSON is a file of objectives, too.
func TestDocumentsAsJSON(t *testing.T) {
	t.Parallel()
	yaml, _, err := pipe(t, goodObjective, "yaml", sloExportCmd{Paths: []string{"-"}})
	if err != nil {
		t.Fatal(err)
	}
	text, _, err := pipe(t, goodObjective, "json", sloExportCmd{Paths: []string{"-"}})
	var docs []struct{ Kind string }
	if err != nil || json.Unmarshal([]byte(text), &docs) != nil || len(docs) != 1 || docs[0].Kind != "SLO" {
		t.Fatalf("%v: %s", err, text)
	}
	again, _, err := pipe(t, text, "table", sloExportCmd{Paths: []string{"-"}})
	if err != nil || again != yaml {
		t.Errorf("%v: read again as\n%s\nnot\n%s", err, again, yaml)
	}
}

// What cannot be counted here is exported all the same.
func TestExportOfWhatCannotBeCounted(t *testing.T) {
	t.Parallel()
	divided := strings.Replace(goodObjective, "sum(good_total)", "good_total / all_total", 1)
	out, errs, err := pipe(t, divided, "table", sloExportCmd{Paths: []string{"-"}})
	if err != nil || !strings.Contains(out, "query: good_total / all_total") {
		t.Errorf("%v: %s%s", err, out, errs)
	}
}
