package ledger_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// maintenance is a ledger in which half of the 20 events in the second minute are bad.
func maintenance(t *testing.T) *ledger.Ledger {
	t.Helper()
	l := ledger.New(ledger.Config{Now: func() time.Time { return base }})
	o := promise(900e6)
	o.Service = "video"
	l.SetObjectives([]*slo.Objective{o, {
		Key: "video/all", Service: "video", Target: 900e6, Window: o.Window, Method: slo.Composite,
		Components: []slo.Component{{Key: o.Key, Weight: slo.One}},
	}, objective("other/thing")})
	l.Commit(increment(base.Add(-2*time.Minute), base.Add(-2*time.Minute), 80, 80))
	l.Commit(increment(base.Add(-time.Minute), base.Add(-time.Minute), 10, 20))
	return l
}

func correction(effect slo.Effect) slo.Correction {
	return slo.Correction{
		ID: 1, Objective: "video/availability", From: base.Add(-time.Minute), To: base, Effect: effect, Reason: "maintenance", By: "ann", At: base,
	}
}

func TestPreviewSaysWhatMakingDoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		effect    slo.Effect
		counts    slo.Counts
		remaining float64
	}{
		{slo.Exclude, slo.Counts{Good: 80, Total: 80}, 1},
		{slo.CountGood, slo.Counts{Good: 100, Total: 100}, 1},
	} {
		l := maintenance(t)
		version := l.Version()
		preview := l.Preview(correction(c.effect), base)
		if l.Version() != version {
			t.Error("a preview changed the ledger")
		}
		if len(preview) != 2 || preview[0].After.Objective.Key != "video/all" || preview[0].Before.Budget.Remaining != 0 || preview[0].After.Budget.Remaining != c.remaining {
			t.Fatalf("%s: preview of the composite: %+v", c.effect, preview)
		}
		before, after := preview[1].Before, preview[1].After
		if before.Window.Counts != (slo.Counts{Good: 90, Total: 100}) || after.Window.Counts != c.counts || after.Raw != before.Window {
			t.Errorf("%s: preview %+v", c.effect, preview[1])
		}
		if c.effect == slo.Exclude && after.Window.Minutes != before.Window.Minutes-1 {
			t.Errorf("the excluded minute is still in the window: %+v", after.Window)
		}
		changed := l.Changed()
		l.SetCorrections([]slo.Correction{correction(c.effect)})
		select {
		case <-changed:
		default:
			t.Error("nobody is told")
		}
		made, _ := l.Status("video/availability", base)
		if made.Revision != before.Revision+1 {
			t.Errorf("%s: revision %d after %d", c.effect, made.Revision, before.Revision)
		}
		made.Revision = after.Revision
		if diff := cmp.Diff(after, made); diff != "" {
			t.Errorf("%s: (-previewed +made)\n%s", c.effect, diff)
		}
	}
}

func TestUndoneCorrectionIsAnotherRevision(t *testing.T) {
	t.Parallel()
	l := maintenance(t)
	before, _ := l.Status("video/availability", base)
	c := correction(slo.Exclude)
	l.SetCorrections([]slo.Correction{c})
	c.Undone, c.UndoneBy = base, "ben"
	l.SetCorrections([]slo.Correction{c})
	after, _ := l.Status("video/availability", base)
	if after.Revision != before.Revision+2 {
		t.Errorf("revision %d after %d", after.Revision, before.Revision)
	}
	after.Revision = before.Revision
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("taking a correction back leaves a trace (-before +after)\n%s", diff)
	}
}

func TestCheckCorrection(t *testing.T) {
	t.Parallel()
	l := maintenance(t)
	product := objective("product/all")
	product.Service, product.Method, product.Components = "product", slo.Composite, []slo.Component{{Key: "video/availability", Weight: slo.One}}
	l.SetObjectives(append(l.Objectives(), product))
	for _, c := range []struct {
		name   string
		change func(*slo.Correction)
		field  string // empty: it is fine
		says   string
	}{
		{"as it should be", func(*slo.Correction) {}, "", ""},
		{"of a service", func(c *slo.Correction) { c.Objective, c.Service = "", "video" }, "", ""},
		{"of all", func(c *slo.Correction) { c.Objective = "" }, "", ""},
		{"in the future", func(c *slo.Correction) { c.To = base.AddDate(0, 0, 3) }, "", ""},
		{"not a whole minute", func(c *slo.Correction) { c.From = c.From.Add(time.Second) }, "from", "whole minute"},
		{"before 1970", func(c *slo.Correction) { c.From = time.Unix(-60, 0) }, "from", "1970"},
		{"backwards", func(c *slo.Correction) { c.To = c.From }, "to", "later than from"},
		{"too long", func(c *slo.Correction) { c.From = c.To.AddDate(-2, 0, 0) }, "to", "400 days"},
		{"unknown effect", func(c *slo.Correction) { c.Effect = "exlude" }, "effect", `did you mean "exclude"`},
		{"no reason", func(c *slo.Correction) { c.Reason = " \n" }, "reason", "why"},
		{"a long reason", func(c *slo.Correction) { c.Reason = strings.Repeat("ä", 1001) }, "reason", "1000"},
		{"two scopes", func(c *slo.Correction) { c.Service = "video" }, "service", "together"},
		{"unknown objective", func(c *slo.Correction) { c.Objective = "video/avaliability" }, "objective", `did you mean "video/availability"`},
		{"a composite", func(c *slo.Correction) { c.Objective = "video/all" }, "objective", "a composite, which has no events of its own: correct video/availability"},
		{"composites only", func(c *slo.Correction) { c.Objective, c.Service = "", "product" }, "service", "correct video/availability"},
		{"unknown service", func(c *slo.Correction) { c.Objective, c.Service = "", "vidio" }, "service", `did you mean "video"`},
	} {
		k := correction(slo.Exclude)
		c.change(&k)
		err := l.CheckCorrection(k)
		var wrong *ledger.CorrectionError
		switch {
		case c.field == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.field != "" && (!errors.As(err, &wrong) || wrong.Field != c.field || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v, want one of %s that says %s", c.name, err, c.field, c.says)
		}
	}
}
