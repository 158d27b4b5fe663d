package controlplane

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"plimsoll/incidents"
	"plimsoll/incidents/stakeholders"
	"plimsoll/slo/gate"
	gatepg "plimsoll/slo/gate/postgres"
)

// TellConfig are places where owners and stakeholders read what happens to releases.
type TellConfig struct {
	// Services whose freezes are told there; all when empty.
	Services       []string `yaml:"services"`
	AudienceConfig `yaml:",inline"`
}

// told makes the places where the freezes of a service are told, each once.
func (c Config) told(service string) ([]stakeholders.Recipient, error) {
	var all []stakeholders.Recipient
	var problems []error
	for i, t := range c.Gate.Tell {
		if service != "" && len(t.Services) > 0 && !slices.Contains(t.Services, service) {
			continue
		}
		for _, kind := range []struct {
			name   string
			places []string
			make   func(string) (stakeholders.Recipient, error)
		}{{"slack", t.Slack, c.Slack.recipient}, {"email", t.Email, c.Incidents.letter}, {"webhook", t.Webhook, c.Incidents.webhook}} {
			for _, place := range kind.places {
				r, err := kind.make(place)
				if err != nil {
					problems = append(problems, fmt.Errorf("gate.tell[%d].%s: %w", i, kind.name, err))
				} else if _, twice := find(all, r.To); !twice {
					all = append(all, r)
				}
			}
		}
	}
	return all, errors.Join(problems...)
}

// checkTell says everything that is wrong with the places where freezes are told.
func (c Config) checkTell() error {
	_, err := c.told("")
	return err
}

// freezeNoticeWorker tells what happened to a freeze: on the timeline of the incident of its Code Red, and, by a job for each, in every place
// that the configuration names.
type freezeNoticeWorker struct {
	river.WorkerDefaults[gatepg.FreezeNotice]
	app *App
}

// Work does both once, however often the job runs.
func (w *freezeNoticeWorker) Work(ctx context.Context, job *river.Job[gatepg.FreezeNotice]) error {
	n := job.Args
	places, err := w.app.cfg.told(n.Service)
	if err != nil {
		return river.JobCancel(err) // the configuration is read at the start, and the next one is another job
	}
	var jobs []river.InsertManyParams
	for _, place := range places {
		jobs = append(jobs, river.InsertManyParams{Args: freezeWord{Notice: n, To: place.To, At: job.CreatedAt}, InsertOpts: &river.InsertOpts{
			UniqueOpts: river.UniqueOpts{ByArgs: true},
		}})
	}
	if len(jobs) == 0 {
		w.app.logger.InfoContext(ctx, "freeze notice", "title", n.Title, "text", n.Text)
	} else if err := pgx.BeginFunc(ctx, w.app.pool, func(tx pgx.Tx) error {
		_, err := w.app.jobs.InsertManyTx(ctx, tx, jobs)
		return err
	}); err != nil {
		return fmt.Errorf("insert jobs for notice: %w", err)
	}
	return cancelIfInput(w.note(ctx, n))
}

// note puts the notice on the timeline of the incident of the Code Red, if there is one; its own beginning is there already.
func (w *freezeNoticeWorker) note(ctx context.Context, n gatepg.FreezeNotice) error {
	if n.Event == gate.EnteredCodeRed {
		return nil
	}
	inc, ok, err := w.app.codeRedIncident(ctx, n.Service, n.Environment)
	if err != nil || !ok || !inc.State.Open() {
		return err
	}
	_, _, err = w.app.incidents.Do(ctx, inc.Ref, incidents.Happened{Kind: incidents.KindDecision, Text: n.Title + ". " + n.Text, Source: "gate"},
		incidents.Caller{Subject: "gate", System: true, RequestID: fmt.Sprintf("freeze-notice/%d", n.Seq)})
	if err != nil {
		return fmt.Errorf("note on %s what happened to the freeze: %w", inc.Ref, err)
	}
	return nil
}

// freezeWord is the job that tells of a freeze in one place.
type freezeWord struct {
	Notice gatepg.FreezeNotice `json:"notice"`
	To     string              `json:"to"` // names the place; it holds no secret
	At     time.Time           `json:"at"`
}

// Kind names the job.
func (freezeWord) Kind() string { return "freeze_word" }

// freezeWordWorker sends one notice to one place.
type freezeWordWorker struct {
	river.WorkerDefaults[freezeWord]
	cfg Config
}

// Work sends it, and tries again as the place asks for.
func (w *freezeWordWorker) Work(ctx context.Context, job *river.Job[freezeWord]) error {
	n := job.Args.Notice
	places, err := w.cfg.told(n.Service)
	if err != nil {
		return river.JobCancel(err)
	}
	place, ok := find(places, job.Args.To)
	if !ok {
		return river.JobCancel(fmt.Errorf("tell of a freeze: %q is no longer in the configuration", job.Args.To))
	}
	text := n.Title + ". " + n.Text
	if len(n.Owners) > 0 {
		text += " Owners: " + strings.Join(n.Owners, ", ") + "."
	}
	err = place.Send(ctx, stakeholders.Word{ID: fmt.Sprintf("freeze-%d", n.Seq), Subject: n.Title, Text: text, At: job.Args.At})
	if err == nil {
		return nil
	}
	err = fmt.Errorf("tell %s of a freeze: %w", place.To, err)
	switch after, again := deliveries(err); {
	case !again:
		return river.JobCancel(err)
	case after > 0:
		return river.JobSnooze(after)
	}
	return err
}
