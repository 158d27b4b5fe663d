package imports_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"plimsoll/collectors"
	"plimsoll/internal/config"
	"plimsoll/slo"
	"plimsoll/slo/openslo"
	"plimsoll/slo/openslo/imports"
)

var update = flag.Bool("update", false, "write the golden files anew")

// What each example becomes, and with which notes, is in the golden files beside it. Strict reading accepts all of it.
func TestExamples(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/[a-hj-z]*/*.yaml")
	if err != nil || len(paths) < 5 {
		t.Fatalf("found %d documents: %v", len(paths), err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, ".out.yaml") {
			continue
		}
		t.Run(strings.TrimPrefix(strings.TrimSuffix(path, ".yaml"), "testdata/"), func(t *testing.T) {
			t.Parallel()
			r, err := imports.Convert(imports.Config{}, file(t, path))
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := openslo.Write(&out, r.Documents...); err != nil {
				t.Fatal(err)
			}
			stem := strings.TrimSuffix(path, ".yaml")
			golden(t, stem+".out.yaml", out.String())
			golden(t, stem+".txt", r.Notes.Error()+"\n")
			checkRead(t, out.Bytes())
		})
	}
}

func checkRead(t *testing.T, text []byte) *openslo.Definitions {
	t.Helper()
	d, err := openslo.Read(openslo.Config{}, openslo.File{Name: "out.yaml", Data: text})
	var problems openslo.Problems
	if errors.As(err, &problems) {
		if wrong := problems.Of(openslo.Error); len(wrong) > 0 {
			t.Fatalf("%v\nin\n%s", wrong, text)
		}
	}
	if d != nil {
		checkExport(t, d)
	}
	return d
}

// checkExport checks that what was imported is exported as it is: the same objectives, and the same text each time.
func checkExport(t *testing.T, d *openslo.Definitions) {
	t.Helper()
	text := export(t, d)
	again, err := openslo.Read(openslo.Config{}, openslo.File{Name: "again.yaml", Data: text})
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, text)
	}
	sameZone := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location().String() == b.Location().String() })
	if diff := cmp.Diff(d.Objectives, again.Objectives, sameZone, cmpopts.IgnoreFields(slo.Objective{}, "File", "Line")); diff != "" {
		t.Fatalf("exported objectives (-want +got):\n%s\nin\n%s", diff, text)
	}
	if diff := cmp.Diff(string(text), string(export(t, again))); diff != "" {
		t.Fatalf("exported again (-want +got):\n%s", diff)
	}
}

func export(t *testing.T, d *openslo.Definitions) []byte {
	t.Helper()
	docs, err := openslo.Documents(d.Objectives, d.Sources...)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := openslo.Write(&text, docs...); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

// What Sloth and Pyrra count, Plimsoll can count.
func TestImportedQueriesAreCountable(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		path      string
		unlike    string // what no counter is behind
		countable int
	}{
		{"testdata/sloth/shop.yaml", "", 5},
		{"testdata/pyrra/indicators.yaml", "", 4},
		{"testdata/sloth/kubernetes.yaml", "sum_over_time", 0},
	} {
		r, err := imports.Convert(imports.Config{}, file(t, tc.path))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := openslo.Write(&out, r.Documents...); err != nil {
			t.Fatal(err)
		}
		d, err := openslo.Read(openslo.Config{CheckIndicator: collectors.CheckIndicator, Grouping: collectors.Grouping},
			openslo.File{Name: "out.yaml", Data: out.Bytes()})
		switch {
		case tc.unlike != "":
			if err == nil || !strings.Contains(err.Error(), tc.unlike) {
				t.Errorf("%s: got %v, want %s refused", tc.path, err, tc.unlike)
			}
		case err != nil:
			t.Errorf("%s: %v", tc.path, err)
		case len(d.Objectives) != tc.countable:
			t.Errorf("%s: %d objectives, want %d", tc.path, len(d.Objectives), tc.countable)
		}
	}
}

func TestGroupingMakesChildren(t *testing.T) {
	t.Parallel()
	r, err := imports.Convert(imports.Config{Service: "front"}, file(t, "testdata/pyrra/indicators.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := openslo.Write(&out, r.Documents...); err != nil {
		t.Fatal(err)
	}
	objs, err := openslo.Parse(openslo.Config{Grouping: collectors.Grouping}, openslo.File{Name: "out.yaml", Data: out.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	if o := objs[0]; o.Key != "front/api-errors" || o.Owner != "red-team" || o.MaxChildren != 100 {
		t.Errorf("got %+v", o)
	}
	if diff := cmp.Diff([]string{"handler", "job"}, objs[0].Indicator.GroupBy); diff != "" {
		t.Errorf("grouping (-want +got):\n%s", diff)
	}
}

func TestInvalidFiles(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/invalid/*.yaml")
	if err != nil || len(paths) < 30 {
		t.Fatalf("found %d documents: %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			t.Parallel()
			r, err := imports.Convert(imports.Config{}, file(t, path))
			if err == nil || r != nil {
				t.Fatalf("converted to %+v", r)
			}
			golden(t, strings.TrimSuffix(path, ".yaml")+".txt", err.Error()+"\n")
		})
	}
}

// The files of an import are of one format if one is asked for.
func TestOneFormat(t *testing.T) {
	t.Parallel()
	for from, accepted := range map[imports.Format]bool{imports.Pyrra: true, imports.Sloth: false, "": true} {
		_, err := imports.Convert(imports.Config{From: from}, file(t, "testdata/pyrra/indicators.yaml"))
		if (err == nil) != accepted {
			t.Errorf("from %q: %v", from, err)
		}
	}
	want := []string{"sloth", "pyrra", "openslo/v1alpha", "openslo/v2alpha"}
	if diff := cmp.Diff(want, imports.Formats()); diff != "" {
		t.Error(diff)
	}
}

func file(t testing.TB, path string) openslo.File {
	t.Helper()
	files, err := config.Files(path)
	if err != nil {
		t.Fatal(err)
	}
	return openslo.File{Name: filepath.Base(path), Data: files[0].Data}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
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
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// Whatever is converted can be read; whatever is not has a place.
func fuzz(f *testing.F, folder string, format imports.Format) {
	for _, pattern := range []string{"testdata/" + folder + "/*.yaml", "testdata/invalid/" + folder + "*.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			f.Add(file(f, path).Data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, lenient := range []bool{false, true} {
			r, err := imports.Convert(imports.Config{From: format, Lenient: lenient}, openslo.File{Name: "f.yaml", Data: data})
			if err != nil {
				var problems openslo.Problems
				if !errors.As(err, &problems) || len(problems) == 0 || problems[0].Line < 1 || r != nil {
					t.Fatalf("got %v, %v", r, err)
				}
				continue
			}
			var out bytes.Buffer
			if err := openslo.Write(&out, r.Documents...); err != nil {
				t.Fatal(err)
			}
			checkRead(t, out.Bytes())
		}
	})
}

func FuzzSloth(f *testing.F)   { fuzz(f, "sloth", imports.Sloth) }
func FuzzPyrra(f *testing.F)   { fuzz(f, "pyrra", imports.Pyrra) }
func FuzzV1Alpha(f *testing.F) { fuzz(f, "v1alpha", imports.V1Alpha) }
func FuzzV2Alpha(f *testing.F) { fuzz(f, "v2alpha", imports.V2Alpha) }
