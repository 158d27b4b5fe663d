package controlplane

import (
	"os"
	"path/filepath"
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
