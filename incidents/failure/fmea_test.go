package failure_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents/failure"
)

const analysis = `
title: Upload
priorities: # of our own, for the test
- {severity: 9-10, occurrence: 4-10, detection: 1-10, priority: high}
- {severity: 5-8,  occurrence: 4-10, detection: 5-10, priority: medium}
- {severity: 1-10, occurrence: 1-10, detection: 1-10, priority: low}
modes:
- item: transcoder
  function: makes renditions
  mode: stops half way
  effect: the video never gets ready
  cause: the worker runs out of memory
  detected: heartbeat
  rated: {severity: 7, occurrence: 6, detection: 5}
  action: bound the memory of a worker
  after: {severity: 7, occurrence: 2, detection: 5}
- item: object store
  function: keeps segments
  mode: loses an object
  effect: playback stops for good
  cause: a lifecycle rule matches too much
  rated: {severity: 9, occurrence: 4, detection: 4}
- item: search
  mode: is an hour behind
  effect: a new video is not found
  cause: the index queue is full
  rated: {severity: 3, occurrence: 8, detection: 8}
`

func TestFMEA(t *testing.T) {
	t.Parallel()
	f, err := failure.ReadFMEA("fmea.yaml", []byte(analysis))
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		Item          string
		RPN           int
		Priority      failure.Priority
		AfterRPN      int
		AfterPriority failure.Priority
	}
	var got []row
	for _, r := range f.Rows() {
		got = append(got, row{r.Item, r.RPN, r.Priority, r.AfterRPN, r.AfterPriority})
	}
	want := []row{
		{"object store", 144, failure.High, 0, failure.Unranked},
		{"transcoder", 210, failure.Medium, 70, failure.Low},
		{"search", 192, failure.Low, 0, failure.Unranked},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Without a table nothing is ranked, and the gravest comes first.
func TestFMEAWithoutTable(t *testing.T) {
	t.Parallel()
	before, after, _ := strings.Cut(analysis, "priorities:")
	_, modes, _ := strings.Cut(after, "modes:")
	f, err := failure.ReadFMEA("fmea.yaml", []byte(before+"modes:"+modes))
	if err != nil {
		t.Fatal(err)
	}
	rows := f.Rows()
	if rows[0].Priority != failure.Unranked || rows[0].Item != "object store" || rows[2].Item != "search" {
		t.Errorf("got %+v", rows)
	}
}

func TestInvalidFMEA(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, old, new, says string }{
		{"rating", "severity: 7, occurrence: 6", "severity: 11, occurrence: 0", "modes[0].rated.severity: must be 1 to 10, found 11"},
		{"no effect", "  effect: playback stops for good\n", "", "modes[1].effect: must say something"},
		{"range", "severity: 9-10", "severity: 10-9", `priorities[0].severity: must be ratings such as "9-10" or "4", found "10-9"`},
		{"priority", "priority: medium", "priority: middle", `priorities[1].priority: must be one of high, medium, low, found "middle"`},
		{"no action", "  action: bound the memory of a worker\n", "", "modes[0].after: rates an action, but there is none"},
		{"unknown key", "  cause: the index", "  reason: the index", `unknown key`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := failure.ReadFMEA("fmea.yaml", []byte(strings.Replace(analysis, tc.old, tc.new, 1)))
			if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), "fmea.yaml") {
				t.Errorf("got %v\nwant %s", err, tc.says)
			}
		})
	}
}
