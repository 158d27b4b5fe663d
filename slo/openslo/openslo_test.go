package openslo_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	yamlfile "plimsoll/internal/config"
	"plimsoll/slo"
	"plimsoll/slo/openslo"
)

var update = flag.Bool("update", false, "write the golden files anew")

var config = openslo.Config{
	CheckIndicator: func(ind slo.Indicator) error {
		if slices.ContainsFunc(ind.Queries(), func(q string) bool { return strings.HasPrefix(q, "max(") }) {
			return errors.New("max is not supported")
		}
		return nil
	},
	// Queries begin with their grouping, if they have one.
	Grouping: func(ind slo.Indicator) ([]string, error) {
		by, ok := strings.CutPrefix(ind.Total, "sum by (")
		if !ok {
			return nil, nil
		}
		names, _, _ := strings.Cut(by, ")")
		return strings.Split(names, ", "), nil
	},
	MaxWindow: 35 * 24 * time.Hour,
}

func read(t testing.TB, paths ...string) []openslo.File {
	t.Helper()
	files, err := yamlfile.Files(paths...)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestInvalidDocuments(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/invalid/*.yaml")
	if err != nil || len(paths) < 110 {
		t.Fatalf("found %d documents: %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			objs, err := openslo.Parse(config, openslo.File{Name: filepath.Base(path), Data: data})
			if err == nil || objs != nil {
				t.Fatalf("accepted as %v", objs)
			}
			golden(t, strings.TrimSuffix(path, ".yaml")+".txt", err.Error())
		})
	}
}

func TestInlineIndicator(t *testing.T) {
	t.Parallel()
	got, err := openslo.Load(config, "testdata/valid/inline.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := []*slo.Objective{{
		Key:         "video-api/api-availability",
		Service:     "video-api",
		Name:        "api-availability",
		DisplayName: "The API answers",
		Description: "Requests to the public API are answered.",
		Owner:       "video-team",
		Target:      999_000_000,
		Window:      slo.Window{Length: 30 * 24 * time.Hour},
		Method:      slo.Occurrences,
		Indicator: slo.Indicator{
			Good:  `sum(http_requests_total{code!~"5.."})`,
			Total: `sum(http_requests_total)`,
		},
		File: "testdata/valid/inline.yaml",
		Line: 32,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objectives (-want +got):\n%s", diff)
	}
}

func TestReferencesAndSeveralObjectives(t *testing.T) {
	t.Parallel()
	got, err := openslo.Load(config, "testdata/valid/multi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, o := range got {
		lines = append(lines, fmt.Sprintf("%s %q %s %s %s bad=%s total=%s",
			o.Key, o.DisplayName, o.Owner, o.Target, o.Window, o.Indicator.Bad, o.Indicator.Total))
	}
	want := []string{
		`video-api/latency/95-fast "latency: 95 % fast" video-team 0.95 28d bad=sum(slow_total) total=sum(all_total)`,
		`video-api/latency/99-9-fast "latency: 99.9 % fast" video-team 0.999 28d bad=sum(slow_total) total=sum(all_total)`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("objectives (-want +got):\n%s", diff)
	}
}

func TestMissingFile(t *testing.T) {
	t.Parallel()
	_, err := openslo.Load(config, "testdata/none.yaml")
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want os.ErrNotExist", err)
	}
}

// One problem anywhere rejects the whole set, and problems of all files are reported in order.
func TestSetIsTakenWhole(t *testing.T) {
	t.Parallel()
	valid, err := os.ReadFile("testdata/valid/inline.yaml")
	if err != nil {
		t.Fatal(err)
	}
	objs, err := openslo.Parse(config,
		openslo.File{Name: "c.yaml", Data: []byte("kind: [")},
		openslo.File{Name: "b.yaml", Data: valid},
		openslo.File{Name: "a.yaml", Data: valid},
	)
	var problems openslo.Problems
	if !errors.As(err, &problems) || objs != nil {
		t.Fatalf("got %v, %v", objs, err)
	}
	var at []string
	for _, p := range problems {
		at = append(at, p.File)
	}
	if diff := cmp.Diff([]string{"a.yaml", "c.yaml"}, at); diff != "" {
		t.Errorf("files with problems (-want +got):\n%s", diff)
	}
}

// What is accepted is sound, and written and read again it is the same. What is refused has a place.
func FuzzParse(f *testing.F) {
	for _, file := range read(f, "testdata/valid", "testdata/invalid", "testdata/spec") {
		f.Add(file.Data, false)
		f.Add(file.Data, true)
	}
	f.Fuzz(func(t *testing.T, data []byte, lenient bool) {
		c := config
		c.Lenient = lenient
		d, err := openslo.Read(c, openslo.File{Name: "f.yaml", Data: data})
		if err != nil {
			checkProblems(t, err)
			return
		}
		for _, o := range d.Objectives {
			if o.Target <= 0 || o.Target >= slo.One || o.Window.Length <= 0 || o.Service == "" || o.DisplayName == "" ||
				(len(o.Indicator.Queries()) == 0) != (o.Method == slo.Composite) {
				t.Fatalf("accepted %+v", o)
			}
		}
		slos := map[string]bool{}
		for _, o := range d.Objectives {
			first, _, _ := strings.Cut(o.Name, "/")
			slos[o.Service+"/"+first] = true
		}
		if written := countSLOs(data); !lenient && len(slos) != written {
			t.Fatalf("%d of %d SLOs were read: %v", len(slos), written, slos)
		}
		checkRoundTrip(t, c, d.Objectives)
	})
}

// countSLOs counts the documents of kind SLO, also those in lists.
func countSLOs(data []byte) (n int) {
	type document struct {
		Kind string `yaml:"kind"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		if dec.Decode(&doc) != nil {
			return n
		}
		var one document
		var many []document
		if doc.Decode(&one) == nil {
			many = []document{one}
		} else if doc.Decode(&many) != nil {
			continue
		}
		for _, d := range many {
			if d.Kind == "SLO" {
				n++
			}
		}
	}
}

func checkProblems(t *testing.T, err error) {
	t.Helper()
	var problems openslo.Problems
	if !errors.As(err, &problems) || len(problems) == 0 {
		t.Fatalf("got %v", err)
	}
	for _, p := range problems {
		if p.Line < 1 || p.Column < 1 || p.Message == "" || p.Severity == "" {
			t.Fatalf("got %+v", p)
		}
	}
}
