package openslo_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/slo/openslo"
)

// The shapes of all examples of the specification, in its README and beside it, are read; the golden file says with which warnings, and
// what of them cannot be counted.
func TestExamplesOfTheSpecification(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		folder  string
		lenient bool
		atLeast int
	}{{"strict", false, 5}, {"lenient", true, 5}} {
		paths, err := filepath.Glob("testdata/spec/" + tc.folder + "/*.yaml")
		if err != nil || len(paths) < tc.atLeast {
			t.Fatalf("found %d documents: %v", len(paths), err)
		}
		for _, path := range paths {
			t.Run(tc.folder+"/"+strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
				t.Parallel()
				c := config
				c.Lenient = tc.lenient
				file := openslo.File{Name: filepath.Base(path), Data: read(t, path)[0].Data}
				definitions, err := openslo.Read(c, file)
				problems, _ := err.(openslo.Problems)
				if definitions != nil {
					problems = definitions.Warnings
					checkRoundTrip(t, c, definitions.Objectives)
				}
				if wrong := problems.Of(openslo.Error); len(wrong) > 0 {
					t.Errorf("not accepted: %v", wrong)
				}
				if tc.lenient {
					if _, err := openslo.Read(config, file); err == nil {
						t.Error("strict reading accepts it, too")
					}
				}
				golden(t, strings.TrimSuffix(path, ".yaml")+".txt", problems.Error())
			})
		}
	}
}

// golden compares with a golden file, which is empty if nothing is said.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if got != "" {
		got += "\n"
	}
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
