package controlplane

import (
	"log/slog"
	"strings"
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
)

// store writes a notice down and returns its number.
func storeNotice(t *testing.T, pool *pgxpool.Pool, n alerts.Notice) (seq int64) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), `INSERT INTO alerts_notices (name, at, body) VALUES ($1, $2, $3) RETURNING seq`, n.Group, n.At, n).Scan(&seq); err != nil {
		t.Fatal(err)
	}
	return seq
}

// An episode is one incident, whichever of its notices comes first and however often each does; what follows is on the timeline, and only people
// resolve it.
func TestAlertsDeclareIncidents(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, alertspg.Migrations, incidentspg.Migrations)
	store, err := incidentspg.New(incidentspg.Config{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	entry := alerts.Entry{Objective: "video-api/availability", Tier: "page-fast", Severity: alerts.Page, Fired: at.Add(-time.Minute), Factor: 14.4, Summary: "burns at 20×"}
	notice := func(id, episode string, firing, ended []alerts.Entry) alerts.Notice {
		return alerts.Notice{ID: id, Episode: episode, Group: "video-api", Service: "video-api", At: at, Severity: alerts.Page, Firing: firing, Ended: ended}
	}
	first := storeNotice(t, pool, notice("n1", "n1", []alerts.Entry{entry}, nil))
	second := storeNotice(t, pool, notice("n2", "n1", []alerts.Entry{entry}, nil))
	over := storeNotice(t, pool, notice("n3", "n1", nil, []alerts.Entry{entry}))
	again := storeNotice(t, pool, notice("n4", "n4", []alerts.Entry{entry}, nil))
	w := &alertIncidentWorker{outages: outages{pool, store}}
	for _, seq := range []int64{second, first, first, over, over, again} {
		if err := w.Work(t.Context(), &river.Job[alertspg.IncidentArgs]{Args: alertspg.IncidentArgs{Seq: seq}}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := store.List(t.Context(), incidents.Viewer{}, incidents.Filter{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d incidents, %v", len(list), err)
	}
	inc := list[0]
	if inc.Title != "video-api: the error budget burns fast" || inc.Severity != 2 || inc.State != incidents.Declared || inc.Source != incidents.SourceAlert ||
		len(inc.Objectives) != 1 || !inc.Times.Started.Equal(entry.Fired) {
		t.Errorf("%+v", inc)
	}
	timeline, err := store.Timeline(t.Context(), incidents.Viewer{}, inc.Ref)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range timeline {
		if e.Kind == incidents.KindAlert {
			told = append(told, e.Text)
		}
	}
	if len(told) != 5 || !strings.Contains(told[2], "no longer burns") || !strings.Contains(told[3], "are a part of this") {
		t.Errorf("timeline tells %q", told)
	}
	if err := w.Work(t.Context(), &river.Job[alertspg.IncidentArgs]{Args: alertspg.IncidentArgs{Seq: 99}}); err == nil {
		t.Error("a notice that was purged is not given up")
	}
}

// A page that joins tickets makes their incident one of severity 2; what is told again leaves the severity to people.
func TestPagesRaiseTheSeverity(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, alertspg.Migrations, incidentspg.Migrations)
	store, err := incidentspg.New(incidentspg.Config{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	w := &alertIncidentWorker{outages: outages{pool, store}}
	take := func(id string, cause alerts.Cause, severity alerts.Severity) incidents.Severity {
		t.Helper()
		entry := alerts.Entry{Objective: "video-api/availability", Tier: "any", Severity: severity, Fired: at, Factor: 3, Summary: "burns"}
		seq := storeNotice(t, pool, alerts.Notice{ID: id, Episode: "n1", Group: "video-api", Service: "video-api", At: at, Cause: cause, Severity: severity, Firing: []alerts.Entry{entry}})
		for range 2 { // a job may run twice
			if err := w.Work(t.Context(), &river.Job[alertspg.IncidentArgs]{Args: alertspg.IncidentArgs{Seq: seq}}); err != nil {
				t.Fatal(err)
			}
		}
		list, err := store.List(t.Context(), incidents.Viewer{}, incidents.Filter{})
		if err != nil || len(list) != 1 {
			t.Fatalf("%d incidents, %v", len(list), err)
		}
		return list[0].Severity
	}
	if got := take("n1", alerts.First, alerts.Ticket); got != 4 {
		t.Errorf("a ticket: %s", got)
	}
	if got := take("n2", alerts.Urgent, alerts.Page); got != 2 {
		t.Errorf("a page that joins: %s", got)
	}
	if _, _, err := store.Do(t.Context(), 1, incidents.SetSeverity{Severity: 3}, incidents.Caller{Subject: "ada", RequestID: "1"}); err != nil {
		t.Fatal(err)
	}
	if got := take("n3", alerts.Again, alerts.Page); got != 3 {
		t.Errorf("what people said is overruled: %s", got)
	}
}

func TestWhichAlertsDeclare(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]alerts.Severity{"": alerts.Page, "page": alerts.Page, "ticket": alerts.Ticket, "off": ""} {
		if got, err := (AlertsConfig{Declare: value}).declares(); err != nil || got != want {
			t.Errorf("%q: %q, %v", value, got, err)
		}
	}
	if err := (AlertsConfig{Declare: "pages"}).check(); err == nil || !strings.Contains(err.Error(), `alerts.declare: "pages"`) {
		t.Errorf("got %v", err)
	}
}

// The targets of alert policies are receivers, by their own name or by what they say they are; another one is refused with the nearest.
func TestNotificationTargets(t *testing.T) {
	t.Parallel()
	with := func(target string) string {
		return objective + `  alertPolicies:
    - kind: AlertPolicy
      metadata: {name: fast}
      spec:
        alertWhenBreaching: true
        conditions:
          - kind: AlertCondition
            metadata: {name: fast}
            spec: {severity: page, condition: {kind: burnrate, op: gt, threshold: 2, lookbackWindow: 45m}}
        notificationTargets:
          - kind: AlertNotificationTarget
            metadata: {name: somebody}
            spec: {target: ` + target + `}
`
	}
	for _, tc := range []struct {
		name, target, says string
		receivers          []ReceiverConfig
	}{
		{"a receiver", "on-call", "", []ReceiverConfig{{Name: "on-call"}}},
		{"by its name", "email", "", []ReceiverConfig{{Name: "somebody"}}},
		{"misspelt", "on-cal", `alert policy fast: the notification target "somebody" (target: on-cal) is no receiver (did you mean "on-call"?); alerts.receivers are: on-call`, []ReceiverConfig{{Name: "on-call"}}},
		{"nobody is told of anything", "on-call", "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			files := valid()
			files["slo/availability.yaml"] = with(tc.target)
			cfg := configOf(write(t, files))
			cfg.Alerts.Receivers = tc.receivers
			_, err := cfg.readDefinitions()
			if (err != nil) != (tc.says != "") || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want %q", err, tc.says)
			}
		})
	}
}

// A receiver of a service that nobody has heard of is told nothing, which the log says.
func TestReceiversOfUnknownServices(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	d := definitions{objectives: []*slo.Objective{{Key: "video-api/availability", Service: "video-api"}}}
	c := Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}
	c.Alerts.Receivers = []ReceiverConfig{{Name: "all"}, {Name: "on-call", Services: []string{"video-api", "vidoe-api"}}}
	d.checkRoutes(c)
	if got := log.String(); strings.Count(got, "level=WARN") != 1 || !strings.Contains(got, "alerts.receivers[1].services") || !strings.Contains(got, `did you mean \"video-api\"?`) {
		t.Errorf("got %s", got)
	}
}
