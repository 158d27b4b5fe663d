package deploys_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func after(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

func report(kind deploys.Kind, minutes int) deploys.Report {
	return deploys.Report{Kind: kind, At: after(minutes), By: "ci", Source: "api", Reason: string(kind),
		Change: gate.Change{Service: "video-api", Environment: "production", Commit: "c0ffee", Class: gate.Feature}}
}

// TestTransitions tells of each kind in each state that a deploy can be brought to.
func TestTransitions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		told string // minute by minute
		want string // the state then, or what is wrong with the last
	}{
		{"start", "started"},
		{"start start", "started"},
		{"start finish", "finished"},
		{"start finish finish", "finished"},
		{"start finish start", "finished"},
		{"start fail", "failed"},
		{"start fail fail", "failed"},
		{"start finish fail", "failed"},
		{"start rollback", "rolled_back"},
		{"start finish rollback", "rolled_back"},
		{"start finish fail rollback", "rolled_back"},
		{"start rollback rollback", "rolled_back"},
		{"start fail finish", "finished"},
		{"start fail finish fail finish", "DEP-1 is failed, so it is not possible to finish it: roll it back, or start another deploy"},
		{"start finish fail finish", "DEP-1 is failed, so it is not possible to finish it: roll it back, or start another deploy"},
		{"start rollback finish", "DEP-1 is rolled_back, so it is not possible to finish it: start another deploy"},
		{"start rollback fail", "DEP-1 is rolled_back, so it is not possible to fail it: start another deploy"},
		{"start finsh", `event "finsh": must be one of start, finish, fail, rollback (did you mean "finish"?)`},
	} {
		t.Run(tc.told, func(t *testing.T) {
			t.Parallel()
			d := deploys.New(report(deploys.Start, 0))
			d.Ref = 1
			got := ""
			for minute, kind := range strings.Fields(tc.told) {
				next, _, err := deploys.Apply(d, report(deploys.Kind(kind), minute).Event())
				if err != nil {
					got = err.Error()
					if diff := cmp.Diff(d, next); diff != "" {
						t.Errorf("what was refused changed it: %s", diff)
					}
					break
				}
				d, got = next, string(next.State)
			}
			if got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestNothingHappensBeforeWhatIsKnown(t *testing.T) {
	t.Parallel()
	d, _, err := deploys.Apply(deploys.New(report(deploys.Start, 5)), report(deploys.Finish, 10).Event())
	if err != nil {
		t.Fatal(err)
	}
	_, changed, err := deploys.Apply(d, report(deploys.Fail, 9).Event())
	var input *gate.InputError
	if !errors.As(err, &input) || input.Field != "at" || changed {
		t.Errorf("%v, changed %v", err, changed)
	}
}

// TestApplyProperties tells at random and holds what every history must hold.
func TestApplyProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, minute := deploys.New(report(deploys.Start, 0)), 0
		for range rapid.IntRange(0, 12).Draw(t, "events") {
			minute += rapid.IntRange(0, 3).Draw(t, "wait")
			e := report(rapid.SampledFrom(deploys.Kinds()).Draw(t, "kind"), minute).Event()
			next, changed, err := deploys.Apply(d, e)
			if same := cmp.Equal(d, next); same == changed || err != nil && changed {
				t.Fatalf("%s: changed %v, error %v\n%s", e.Kind, changed, err, cmp.Diff(d, next))
			}
			if again, twice, err := deploys.Apply(next, e); twice || !cmp.Equal(next, again) || changed && err != nil {
				t.Fatalf("%s told twice changes it again: %v", e.Kind, err)
			}
			for _, at := range []time.Time{next.Finished, next.Failed, next.RolledBack} {
				if !at.IsZero() && at.Before(next.Started) {
					t.Fatalf("%+v", next)
				}
			}
			ended := next.State != deploys.Started
			if ended == next.Ended().IsZero() || (next.State == deploys.Failed || next.State == deploys.RolledBack) && !next.Bad() {
				t.Fatalf("%+v", next)
			}
			d = next
		}
	})
}

func TestValidate(t *testing.T) {
	t.Parallel()
	services := []string{"search", "video-api"}
	for name, tc := range map[string]struct {
		change func(*deploys.Report)
		says   string
	}{
		"right":                   {func(*deploys.Report) {}, ""},
		"kind":                    {func(r *deploys.Report) { r.Kind = "strt" }, `event "strt": must be one of start, finish, fail, rollback (did you mean "start"?)`},
		"service":                 {func(r *deploys.Report) { r.Change.Service = "vidoe-api" }, `service "vidoe-api": no objective of such a service is defined (did you mean "video-api"?)`},
		"no service":              {func(r *deploys.Report) { r.Change.Service = "" }, `service "": must not be empty`},
		"only a reference":        {func(r *deploys.Report) { r.Ref, r.Change = 7, gate.Change{} }, ""},
		"only a key":              {func(r *deploys.Report) { r.Key, r.Change = "run 7", gate.Change{} }, ""},
		"key":                     {func(r *deploys.Report) { r.Key = "a\nb" }, "none of them a control character"},
		"reason":                  {func(r *deploys.Report) { r.Reason = strings.Repeat("x", 501) }, "at most 500 characters"},
		"reason of other letters": {func(r *deploys.Report) { r.Reason = strings.Repeat("ж", 500) }, ""},
		"commit":                  {func(r *deploys.Report) { r.Change.Commit = "a b" }, `commit "a b"`},
		"class":                   {func(r *deploys.Report) { r.Change.Class = "feture" }, `did you mean "feature"?`},
		"future":                  {func(r *deploys.Report) { r.At = after(2) }, `at "2026-11-24T12:02:00Z": must be within the last 90 days and not in the future`},
		"long ago":                {func(r *deploys.Report) { r.At = noon.AddDate(0, 0, -91) }, "within the last 90 days"},
		"a little ahead":          {func(r *deploys.Report) { r.At = noon.Add(30 * time.Second) }, ""},
		"committed after it went": {func(r *deploys.Report) { r.Committed = after(10) }, `committed "2026-11-24T12:10:00Z": must not be after what is told of`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := report(deploys.Start, 0)
			tc.change(&r)
			err := r.Validate(noon, services)
			if tc.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var input *gate.InputError
			if !errors.As(err, &input) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want %q", err, tc.says)
			}
		})
	}
}

func FuzzParseRef(f *testing.F) {
	for _, s := range []string{"DEP-7", "7", "dep-9", "DEP-", "-1", "+1", "DEP-+1", "９", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := deploys.ParseRef(s)
		if err != nil {
			return
		}
		if again, err := deploys.ParseRef(r.String()); err != nil || again != r || r < 1 {
			t.Errorf("%q is %s, which is %s, %v", s, r, again, err)
		}
	})
}
