package chart_test

import (
	"strings"
	"testing"

	"plimsoll/dashboards/chart"
	"plimsoll/incidents/failure"
)

func TestFaultTree(t *testing.T) {
	t.Parallel()
	tree, err := failure.ReadTree("tree.yaml", []byte(`
title: Nobody can watch <a video>
top: down
gates:
  down:   {or: [edges, quorum, origin], description: playback fails everywhere}
  edges:  {and: [edge-a, edge-b]}
  quorum: {atLeast: 2, of: [db-1, db-2, db-3]}
  origin: {and: [store, edges]}
events:
  edge-a: {probability: 0.001}
  edge-b: {probability: 0.001, description: the edge of a zone with a very long name is away}
  db-1:   {probability: 0.00002}
  db-2:   {probability: 0.01}
  db-3:   {probability: 0.01}
  store:  {probability: 0.5}
`))
	if err != nil {
		t.Fatal(err)
	}
	svg := string(chart.FaultTree(tree))
	if err := wellFormed(svg); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Nobody can watch &lt;a video&gt;", ">OR</text>", ">AND</text>", ">2/3</text>", ">2.0·10⁻⁵</text>", ">0.001</text>", "edges is drawn elsewhere"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %q in\n%s", want, svg)
		}
	}
	if n := strings.Count(svg, "<circle"); n != 6 {
		t.Errorf("%d events are drawn, want 6", n)
	}
	if strings.Contains(svg, "NaN") {
		t.Error("a place is not a number")
	}
}
