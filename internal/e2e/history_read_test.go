package e2e

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// shownEvents are events in the API.
type shownEvents struct{ Good, Total float64 }

// shown is what the API shows of an objective.
type shown struct {
	Key, Target   string
	SLI           float64
	WindowSeconds int64
	Events        shownEvents
	Measured      shownEvents
	Corrections   []int64
	Budget        struct {
		Remaining float64
		Spent     bool
	}
	Burn     []struct{ Events shownEvents }
	Coverage struct{ ObservedMinutes, Minutes int64 }
}

// read returns all objectives and children by key.
func (v *voyage) read() (map[string]shown, time.Time, error) {
	var list struct {
		At         time.Time
		Objectives []shown
	}
	if err := getJSON(v.url+"/v1/objectives?children=true", &list); err != nil {
		return nil, time.Time{}, err
	}
	all := map[string]shown{}
	for _, o := range list.Objectives {
		all[o.Key] = o
	}
	return all, list.At, nil
}

// agree compares every figure with a replay of all that was acknowledged.
func (v *voyage) agree(when string) {
	v.t.Helper()
	all, at, err := v.read()
	if err != nil {
		v.t.Fatalf("%s: %v", when, err)
	}
	want := map[string]verdict{}
	for _, p := range v.promises {
		for group, b := range replay(v.sent, p.divided) {
			key := "shop/" + p.name + group
			want[key] = p.judge(b, key, v.corrections, at)
		}
	}
	got := map[string]verdict{}
	for key, o := range all {
		if strings.HasPrefix(key, "target/") {
			continue
		}
		g := verdict{
			Good: o.Events.Good, Total: o.Events.Total, MeasuredTotal: o.Measured.Total, Remaining: o.Budget.Remaining, SLI: o.SLI, Spent: o.Budget.Spent,
			Observed: o.Coverage.ObservedMinutes, Minutes: o.Coverage.Minutes, Corrections: o.Corrections,
		}
		for _, b := range o.Burn {
			g.LookbackGood, g.LookbackTotal = append(g.LookbackGood, b.Events.Good), append(g.LookbackTotal, b.Events.Total)
		}
		got[key] = g
	}
	close := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a)) })
	if diff := cmp.Diff(want, got, close, cmpopts.EquateEmpty()); diff != "" {
		v.t.Fatalf("%s, at %s (-replay +server):\n%s\n%d keys, %v", when, at, diff, len(got), slices.Sorted(maps.Keys(got)))
	}
}

// agreesWithTarget waits until all that the scraped target has counted is there.
func (v *voyage) agreesWithTarget() {
	v.t.Helper()
	want := v.target.counted()
	eventually(v.t, "the server agrees with the target", 30*time.Second, func() error {
		all, _, err := v.read()
		if got := all["target/availability"].Events; err == nil && (got.Good != float64(want.Good) || got.Total != float64(want.Total)) {
			err = fmt.Errorf("it shows %+v, the target counted %+v", got, want)
		}
		return err
	})
}
