// Command bench runs the benchmarks that stand behind the project's performance claims and prints one table: the measure, ours,
// the peer's in the same run where there is one, the ratio, and the target. The same rows are written as JSON.
//
// A row is added in measures.go; the benchmark stands beside the code that it measures.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"text/tabwriter"

	"golang.org/x/perf/benchfmt"
)

// result is one row of the table.
type result struct {
	Measure string  `json:"measure"`
	Unit    string  `json:"unit"`
	Ours    float64 `json:"ours"`
	Peer    string  `json:"peer,omitempty"`
	Peers   float64 `json:"peerValue,omitempty"`
	Ratio   float64 `json:"ratio,omitempty"` // peer / ours: above 1, ours is better
	Target  string  `json:"target,omitempty"`
	Holds   bool    `json:"holds"`
}

func main() {
	out := flag.String("o", "bin/bench.json", "write the table as JSON to this `file`")
	benchtime := flag.String("benchtime", "1s", "how long each benchmark runs, as for go test")
	flag.Parse()
	if err := run(*out, *benchtime); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(out, benchtime string) error {
	values := map[key]float64{}
	var busy float64
	for _, pkg := range packages() {
		share, err := taken()
		if err != nil {
			return err
		}
		busy = max(busy, share)
		if err := measurePackage(pkg, benchtime, values); err != nil {
			return err
		}
	}
	results, err := tabulate(values)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	if err := table(os.Stdout, results); err != nil {
		return err
	}
	if busy > quiet {
		fmt.Printf("\nThe machine was busy with something else, for up to %.0f %% of the time: what is not CPU time is slower here than it would be on a quiet one.\n", busy*100)
	}
	return nil
}

// key names one number of one benchmark.
type key struct{ pkg, name, unit string }

// packages returns the packages with measures, each once, in order.
func packages() []string {
	var pkgs []string
	seen := map[string]bool{}
	for _, m := range measures {
		if !seen[m.pkg] {
			seen[m.pkg] = true
			pkgs = append(pkgs, m.pkg)
		}
	}
	return pkgs
}

// measurePackage runs the benchmarks of one package alone and keeps the last value of each number.
func measurePackage(pkg, benchtime string, values map[key]float64) error {
	fmt.Fprintln(os.Stderr, "measuring", pkg)
	cmd := exec.Command("go", "test", "-run", "^$", "-bench", pattern(pkg), "-benchtime", benchtime, "-benchmem", pkg)
	cmd.Stderr = os.Stderr
	output, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("run benchmarks of %s: %w\n%s", pkg, err, output)
	}
	for r := benchfmt.NewReader(bytes.NewReader(output), pkg); r.Scan(); {
		if rec, ok := r.Result().(*benchfmt.Result); ok {
			for _, v := range rec.Values {
				values[key{pkg, baseName(rec), v.Unit}] = v.Value
			}
		}
	}
	return nil
}

// tabulate fills the table and fails if a measure has no number: a renamed benchmark must not vanish from it.
func tabulate(values map[key]float64) ([]result, error) {
	var results []result
	var missing []error
	for _, m := range measures {
		ours, ok := values[key{m.pkg, m.bench, m.from}]
		if !ok {
			missing = append(missing, fmt.Errorf("no number for %q: %s of %s in %s", m.measure, m.from, m.bench, m.pkg))
			continue
		}
		r := result{Measure: m.measure, Unit: m.unit, Ours: ours * m.scale, Target: m.target()}
		r.Holds = m.most == 0 || r.Ours <= m.most
		if peer, ok := values[key{m.pkg, m.peerBench, m.from}]; ok && m.peerBench != "" {
			r.Peer, r.Peers, r.Ratio = m.peer, peer*m.scale, peer/ours
			r.Holds = r.Holds && r.Ratio >= m.leastRatio
		}
		results = append(results, r)
	}
	return results, errors.Join(missing...)
}

func table(w io.Writer, results []result) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "MEASURE\tOURS\tPEER\tRATIO\tTARGET\tVERDICT")
	for _, r := range results {
		peer, ratio, target, verdict := "-", "-", "-", "-"
		if r.Peer != "" {
			peer, ratio = fmt.Sprintf("%.4g %s (%s)", r.Peers, r.Unit, r.Peer), fmt.Sprintf("%.2f", r.Ratio)
		}
		switch {
		case r.Target != "" && r.Holds:
			target, verdict = r.Target, "holds"
		case r.Target != "":
			target, verdict = r.Target, "missed"
		}
		fmt.Fprintf(tw, "%s\t%.4g %s\t%s\t%s\t%s\t%s\n", r.Measure, r.Ours, r.Unit, peer, ratio, target, verdict)
	}
	return tw.Flush()
}
