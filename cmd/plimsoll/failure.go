package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"plimsoll/dashboards/chart"
	"plimsoll/incidents/failure"
)

// failureCmd is "plimsoll failure".
type failureCmd struct {
	Tree failureTreeCmd `cmd:"" help:"Analyse a fault tree: cut sets, probability, importances. A server is asked only for the objectives of events that are linked to one."`
	FMEA failureFMEACmd `cmd:"" name:"fmea" help:"Rank failure modes and effects. A server is asked only with --observed."`
}

type failureTreeCmd struct {
	File string `arg:"" type:"existingfile" help:"Fault tree in YAML."`
	SVG  string `name:"svg" placeholder:"FILE" help:"Also draw the tree."`
}

// treeAnalysis is what is printed of a tree.
type treeAnalysis struct {
	Title        string           `json:"title,omitempty"`
	Top          string           `json:"top"`
	Probability  float64          `json:"probability"`
	RareEvents   float64          `json:"rareEventBound"`
	SinglePoints []string         `json:"singlePointsOfFailure"`
	CutSets      []failure.CutSet `json:"minimalCutSets"`
	Events       []eventAnalysis  `json:"events"`
}

type eventAnalysis struct {
	Event         string  `json:"event"`
	Probability   float64 `json:"probability"`
	Source        string  `json:"source,omitempty"`
	Birnbaum      float64 `json:"birnbaum"`
	FussellVesely float64 `json:"fussellVesely"`
}

// Run analyses a tree.
func (cmd failureTreeCmd) Run(c *cli) error {
	data, err := os.ReadFile(cmd.File)
	if err != nil {
		return fmt.Errorf("read fault tree: %w", err)
	}
	tree, err := failure.ReadTree(cmd.File, data)
	if err != nil {
		return err
	}
	if tree, err = measure(c, tree); err != nil {
		return fmt.Errorf("%s: %w", cmd.File, err)
	}
	a, err := tree.Analyse()
	if err != nil {
		return fmt.Errorf("%s: %w", cmd.File, err)
	}
	if cmd.SVG != "" {
		if err := writeFile(cmd.SVG, func(w io.Writer) error { _, err := io.WriteString(w, string(chart.FaultTree(tree))); return err }); err != nil {
			return err
		}
	}
	out := treeAnalysis{Title: tree.Title, Top: tree.Top, Probability: a.Probability, RareEvents: a.RareEvents,
		SinglePoints: append([]string{}, a.SinglePoints...), CutSets: a.CutSets}
	for _, e := range a.Events {
		out.Events = append(out.Events, eventAnalysis{e.Event, e.Probability, tree.Events[e.Event].Source, e.Birnbaum, e.FussellVesely})
	}
	return c.Print(out, func(w io.Writer) { writeTree(w, out) })
}

// mostCutSets are printed for people; all of them are in the other forms of output.
const mostCutSets = 20

func writeTree(out io.Writer, a treeAnalysis) {
	if a.Title != "" {
		fmt.Fprintln(out, a.Title)
	}
	fmt.Fprintf(out, "P(%s) = %.4g exactly; at most %.4g by the sum over cut sets\n", a.Top, a.Probability, a.RareEvents)
	single := "none"
	if len(a.SinglePoints) > 0 {
		single = strings.Join(a.SinglePoints, ", ")
	}
	fmt.Fprintf(out, "Single points of failure: %s\n\nMINIMAL CUT SETS (%d)\n", single, len(a.CutSets))
	for _, s := range a.CutSets[:min(len(a.CutSets), mostCutSets)] {
		fmt.Fprintln(out, "  "+strings.Join(s, " + "))
	}
	if more := len(a.CutSets) - mostCutSets; more > 0 {
		fmt.Fprintf(out, "  and %d more (--output json)\n", more)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nEVENT\tPROBABILITY\tFUSSELL–VESELY\tBIRNBAUM\tSOURCE")
	for _, e := range a.Events {
		fmt.Fprintf(w, "%s\t%.3g\t%.1f %%\t%.3g\t%s\n", e.Event, e.Probability, 100*e.FussellVesely, e.Birnbaum, e.Source)
	}
	w.Flush()
}
