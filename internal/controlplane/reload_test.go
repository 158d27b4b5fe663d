package controlplane

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/slo"
)

// What happens to a folder while it is written changes nothing of what is counted.
func TestReloadOfAFolderInDisorder(t *testing.T) {
	t.Parallel()
	for name, disorder := range map[string]func(folder string) error{
		"gone":                 func(folder string) error { return os.Rename(folder, folder+".gone") },
		"a file half written":  func(folder string) error { return os.WriteFile(folder+"/b.yaml", []byte(other[:len(other)/2]), 0o600) },
		"a link to nothing":    func(folder string) error { return os.Symlink("nothing", folder+"/b.yaml") },
		"an alias without end": func(folder string) error { return os.WriteFile(folder+"/b.yaml", []byte("a: &a [*a]\n"), 0o600) },
		"nothing in the file":  func(folder string) error { return os.WriteFile(folder+"/availability.yaml", nil, 0o600) },
		"not a text":           func(folder string) error { return os.WriteFile(folder+"/b.yaml", []byte("\xff\x00"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app, dir := leading(t)
			if err := disorder(filepath.Join(dir, "slo")); err != nil {
				t.Fatal(err)
			}
			if err := app.Reload(); err == nil {
				t.Error("taken")
			}
			if diff := cmp.Diff([]slo.Key{"shop/availability"}, keys(app.ledger.Objectives())); diff != "" {
				t.Errorf("objectives (-want +got):\n%s", diff)
			}
		})
	}
}

// Files without an objective are a mistake; no files are not, if the configuration says so.
func TestReloadWithoutAnObjective(t *testing.T) {
	t.Parallel()
	files := valid()
	files["p.yaml"] = "data_dir: data\nobjectives: [slo]\npolicies: [gate]\n"
	dir := write(t, files)
	cfg, err := ReadConfig(filepath.Join(dir, "p.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	app, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		file, text, wrong string
		want              []slo.Key
	}{
		{"slo/availability.yaml", "", "the files define no objective", []slo.Key{"shop/availability"}},
		{"p.yaml", "data_dir: data\nobjectives: []\npolicies: [gate]\n", "", nil},
	} {
		if err := os.WriteFile(filepath.Join(dir, tc.file), []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := app.Reload(); (err != nil) != (tc.wrong != "") || err != nil && !strings.Contains(err.Error(), tc.wrong) {
			t.Errorf("%s: %v, want %q", tc.file, err, tc.wrong)
		}
		if diff := cmp.Diff(tc.want, keys(app.ledger.Objectives())); diff != "" {
			t.Errorf("%s: objectives (-want +got):\n%s", tc.file, diff)
		}
	}
	if _, err := New(configOf(dir)); !errors.Is(err, errNoObjective) {
		t.Errorf("started with %v", err)
	}
}
