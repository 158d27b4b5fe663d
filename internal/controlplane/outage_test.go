package controlplane

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"plimsoll/alerts"
	alertspg "plimsoll/alerts/postgres"
	"plimsoll/incidents"
	incidentspg "plimsoll/incidents/postgres"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
	gatepg "plimsoll/slo/gate/postgres"
)

func TestKinOfAnOutage(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name   string
		change func(*incidents.Incident)
		want   kin
	}{
		{"open", func(*incidents.Incident) {}, sameOutage},
		{"mitigated", func(i *incidents.Incident) { i.State = incidents.Mitigated }, sameOutage},
		{"declared by a person", func(i *incidents.Incident) { i.Source = incidents.SourceSlack }, sameOutage},
		{"about a part of the objective", func(i *incidents.Incident) { i.Objectives = []slo.Key{"video-api/latency/fast"} }, sameOutage},
		{"about the whole of it", func(i *incidents.Incident) { i.Objectives = []slo.Key{"video-api"} }, sameOutage},
		{"about another objective", func(i *incidents.Incident) { i.Objectives = []slo.Key{"video-api/latency-p99"} }, stranger},
		{"about no objective", func(i *incidents.Incident) { i.Objectives = nil }, stranger},
		{"private", func(i *incidents.Incident) { i.Private = true }, stranger},
		{"a drill", func(i *incidents.Incident) { i.Drill = true }, stranger},
		{"of a Code Red that has just begun", func(i *incidents.Incident) { i.Source = incidents.SourceCodeRed }, sameOutage},
		{"of a Code Red of last week", func(i *incidents.Incident) {
			i.Source, i.Times.Declared = incidents.SourceCodeRed, at.AddDate(0, 0, -7)
		}, related},
		{"resolved within the hour", func(i *incidents.Incident) { i.State, i.Times.Resolved = incidents.Resolved, at.Add(-time.Hour) }, justEnded},
		{"resolved since", func(i *incidents.Incident) { i.State, i.Times.Resolved = incidents.Resolved, at.Add(time.Minute) }, sameOutage},
		{"resolved long ago", func(i *incidents.Incident) { i.State, i.Times.Resolved = incidents.Resolved, at.Add(-61*time.Minute) }, stranger},
		{"closed within the hour", func(i *incidents.Incident) { i.State, i.Times.Resolved = incidents.Closed, at.Add(-time.Minute) }, related},
		{"cancelled", func(i *incidents.Incident) { i.State = incidents.Cancelled }, stranger},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			i := incidents.Incident{State: incidents.Declared, Source: incidents.SourceAlert, Objectives: []slo.Key{"video-api/latency"}, Times: incidents.Times{Declared: at.Add(-30 * time.Minute)}}
			tc.change(&i)
			if got := kinOf(i, []slo.Key{"other/one", "video-api/latency"}, at); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// oncall plays what alerts, the gate and people do, and keeps what comes of it.
type oncall struct {
	t     *testing.T
	pool  *pgxpool.Pool
	store *incidentspg.Store
	now   time.Time
	count int
}

func newOncall(t *testing.T) *oncall {
	c := &oncall{t: t, pool: pgtest.New(t, alertspg.Migrations, incidentspg.Migrations), now: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)}
	var err error
	if c.store, err = incidentspg.New(incidentspg.Config{Pool: c.pool, Now: func() time.Time { return c.now }}); err != nil {
		t.Fatal(err)
	}
	return c
}

// notice writes a notice down and returns its job.
func (c *oncall) notice(group, episode string, cause alerts.Cause) *river.Job[alertspg.IncidentArgs] {
	c.t.Helper()
	c.count++
	e := alerts.Entry{Objective: "video-api/availability", Tier: "page-fast", Severity: alerts.Page, Fired: c.now, Factor: 14.4, Summary: "burns at 20×"}
	n := alerts.Notice{ID: fmt.Sprint("n", c.count), Group: group, Service: "video-api", Episode: episode, At: c.now, Cause: cause, Severity: alerts.Page}
	if cause == alerts.AllOver {
		n.Ended = []alerts.Entry{e}
	} else {
		n.Firing = []alerts.Entry{e}
	}
	return &river.Job[alertspg.IncidentArgs]{Args: alertspg.IncidentArgs{Seq: storeNotice(c.t, c.pool, n)}}
}

func (c *oncall) alert(group, episode string, cause alerts.Cause) {
	c.t.Helper()
	job := c.notice(group, episode, cause)
	for range 2 { // a job may run twice
		if err := (&alertIncidentWorker{outages: outages{c.pool, c.store}}).Work(c.t.Context(), job); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *oncall) codeRed(freeze int64) {
	c.t.Helper()
	w := &codeRedWorker{outages: outages{c.pool, c.store}, now: func() time.Time { return c.now }}
	job := &river.Job[gatepg.CodeRedIncident]{Args: gatepg.CodeRedIncident{Service: "video-api", Environment: "production", Freeze: freeze,
		Title: "Code Red: video-api has spent the error budget of availability", Summary: "Releases are frozen.", Objectives: []string{"video-api/availability"}}}
	for range 2 {
		if err := w.Work(c.t.Context(), job); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *oncall) people(ref incidents.Ref, cmds ...incidents.Command) {
	c.t.Helper()
	for _, cmd := range cmds {
		if _, _, err := c.store.Do(c.t.Context(), ref, cmd, incidents.Caller{Subject: "ada"}); err != nil {
			c.t.Fatal(err)
		}
	}
}

// An outage is one incident, whoever tells of it and however often it comes back; what is another outage has a link.
func TestOneOutageIsOneIncident(t *testing.T) {
	t.Parallel()
	const group, policy = "video-api", "video-api/availability policy-fast"
	for _, tc := range []struct {
		name string
		play func(*oncall)
		want []string // reference, state, links
	}{
		{"a page, and a policy", func(c *oncall) { c.alert(group, "n1", alerts.First); c.alert(policy, "n2", alerts.First) }, []string{"INC-1 declared []"}},
		{"another episode while it is open", func(c *oncall) {
			c.alert(group, "n1", alerts.First)
			c.alert(group, "n1", alerts.AllOver)
			c.now = c.now.Add(5 * time.Hour)
			c.alert(group, "n3", alerts.First)
			c.alert(group, "n3", alerts.AllOver)
		}, []string{"INC-1 declared []"}},
		{"back after people resolved it", func(c *oncall) {
			c.alert(group, "n1", alerts.First)
			c.alert(group, "n1", alerts.AllOver)
			c.people(1, incidents.Resolve{})
			c.now = c.now.Add(30 * time.Minute)
			c.alert(group, "n1", alerts.Back)
			c.alert(group, "n1", alerts.AllOver)
		}, []string{"INC-1 acknowledged []"}},
		{"still going on when people resolve it", func(c *oncall) {
			c.alert(group, "n1", alerts.First)
			c.people(1, incidents.Resolve{})
			c.alert(group, "n1", alerts.Changed)
			c.alert(group, "n1", alerts.Again)
		}, []string{"INC-1 resolved []"}},
		{"back after people closed it", func(c *oncall) {
			c.alert(group, "n1", alerts.First)
			c.people(1, incidents.Resolve{}, incidents.Close{})
			c.now = c.now.Add(30 * time.Minute)
			c.alert(group, "n1", alerts.Back)
			c.alert(group, "n1", alerts.AllOver)
			c.alert(group, "n1", alerts.Back)
		}, []string{"INC-1 closed [INC-2]", "INC-2 declared [INC-1]"}},
		{"another one the next day", func(c *oncall) {
			c.alert(group, "n1", alerts.First)
			c.people(1, incidents.Resolve{})
			c.now = c.now.Add(24 * time.Hour)
			c.alert(group, "n2", alerts.First)
		}, []string{"INC-1 resolved []", "INC-2 declared []"}},
		{"a Code Red after the page", func(c *oncall) { c.alert(group, "n1", alerts.First); c.codeRed(7) }, []string{"INC-1 declared []"}},
		{"a page after the Code Red", func(c *oncall) { c.codeRed(7); c.alert(group, "n1", alerts.First) }, []string{"INC-1 declared []"}},
		{"another outage in a Code Red", func(c *oncall) {
			c.codeRed(7)
			c.now = c.now.Add(48 * time.Hour)
			c.alert(group, "n1", alerts.First)
			c.alert(group, "n1", alerts.AllOver)
		}, []string{"INC-1 declared [INC-2]", "INC-2 declared [INC-1]"}},
		{"a Code Red after people resolved it", func(c *oncall) {
			c.alert(group, "n1", alerts.First)
			c.people(1, incidents.Resolve{})
			c.codeRed(7)
		}, []string{"INC-1 resolved [INC-2]", "INC-2 declared [INC-1]"}},
		{"merged by people", func(c *oncall) {
			if _, _, err := c.store.Declare(c.t.Context(), incidents.Declare{Title: "Everything is down", Severity: 1, Source: incidents.SourceSlack}, incidents.Caller{Subject: "ada"}); err != nil {
				c.t.Fatal(err)
			}
			c.alert(group, "n1", alerts.First)
			c.people(2, incidents.Merge{Into: 1})
			c.alert(group, "n1", alerts.AllOver)
		}, []string{"INC-1 declared []", "INC-2 merged []"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := newOncall(t)
			tc.play(c)
			list, err := c.store.List(t.Context(), incidents.Viewer{System: true}, incidents.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, i := range slices.Backward(list) {
				got = append(got, fmt.Sprintf("%s %s %v", i.Ref, i.State, i.Links))
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// Alerts, policies and a Code Red that tell of an outage at the same moment make one incident, and none of them is lost.
func TestOutageThatIsToldOfAtOnce(t *testing.T) {
	t.Parallel()
	c := newOncall(t)
	var wg sync.WaitGroup
	for i := range 6 {
		job := c.notice(fmt.Sprint("video-api/availability policy-", i), fmt.Sprint("n", i+1), alerts.First)
		wg.Go(func() {
			w := &alertIncidentWorker{outages: outages{c.pool, c.store}}
			err := w.Work(t.Context(), job)
			for snooze := (*river.JobSnoozeError)(nil); errors.As(err, &snooze); {
				err = w.Work(t.Context(), job)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	list, err := c.store.List(t.Context(), incidents.Viewer{System: true}, incidents.Filter{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d incidents, %v", len(list), err)
	}
	timeline, err := c.store.Timeline(t.Context(), incidents.Viewer{System: true}, 1)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, e := range timeline {
		if e.Kind == incidents.KindAlert && e.Text != "" && e.Field != "" {
			told++
		}
	}
	if told != 11 { // six notices, five of which say why they are there
		t.Errorf("%d entries about alerts, want 11", told)
	}
}

// Each time that people say it is over what fires next is news; while they are at it, it is not.
func TestPeopleSayThatAnOutageIsOver(t *testing.T) {
	t.Parallel()
	c := newOncall(t)
	var told time.Time
	over := func(when string, want bool) {
		t.Helper()
		got, err := outages{c.pool, c.store}.over(t.Context(), "video-api", "n1", told)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v", when, got, err)
		}
	}
	tell := func(cause alerts.Cause) {
		t.Helper()
		c.now = c.now.Add(time.Minute)
		told = c.now
		c.alert("video-api", "n1", cause)
	}
	people := func(cmd incidents.Command) {
		t.Helper()
		c.now = c.now.Add(time.Minute)
		c.people(1, cmd)
	}
	over("before anybody is told", false)
	tell(alerts.First)
	over("nobody has come yet", false)
	people(incidents.Acknowledge{})
	over("people are at it", false)
	people(incidents.Mitigate{})
	over("they have mitigated it", true)
	tell(alerts.Back)
	over("it is back since", false)
	people(incidents.Resolve{})
	over("they have resolved it", true)
	tell(alerts.Back)
	over("it is reopened", false)
}
