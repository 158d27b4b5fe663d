package controlplane

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"plimsoll/alerts/notify"
	"plimsoll/incidents"
	"plimsoll/incidents/reminders"
	"plimsoll/incidents/slack"
	"plimsoll/incidents/stakeholders"
	"plimsoll/internal/nearest"
)

// IncidentsConfig says who hears of incidents besides those who work on them.
type IncidentsConfig struct {
	// Audiences are where executives, support and customers read what was approved for them.
	Audiences map[incidents.Audience]AudienceConfig `yaml:"audiences"`
	// Email is what letters to audiences are sent through.
	Email *struct {
		Server      string `yaml:"server"`
		From        string `yaml:"from"`
		Username    string `yaml:"username"`
		PasswordEnv string `yaml:"password_env"`
		// Plain allows a server without TLS, which then gets no password.
		Plain bool `yaml:"plain"`
	} `yaml:"email"`
	// WebhookSecretEnv names the environment variable with the secret that posts to webhooks are signed with.
	WebhookSecretEnv string `yaml:"webhook_secret_env"`
}

// AudienceConfig are the places where an audience reads: Slack channels, addresses and webhooks.
type AudienceConfig struct {
	Slack   []string `yaml:"slack"`
	Email   []string `yaml:"email"`
	Webhook []string `yaml:"webhook"`
}

// check says everything that is wrong with the audiences.
func (c IncidentsConfig) check(s SlackConfig) error {
	_, err := c.recipients(s)
	return err
}

// recipients makes the places where audiences read.
func (c IncidentsConfig) recipients(s SlackConfig) (stakeholders.Recipients, error) {
	all := stakeholders.Recipients{}
	var problems []error
	for audience, places := range c.Audiences {
		at := "incidents.audiences." + string(audience)
		if !slices.Contains(incidents.Audiences(), audience) {
			var known []string
			for _, a := range incidents.Audiences() {
				known = append(known, string(a))
			}
			problems = append(problems, fmt.Errorf("%s: is not an audience: expected executives, support or customers%s", at, nearest.Hint(string(audience), known)))
			continue
		}
		add := func(kind, place string, make func(string) (stakeholders.Recipient, error)) {
			r, err := make(place)
			if _, twice := find(all[audience], r.To); err == nil && twice {
				err = fmt.Errorf("%q is there twice", r.To)
			}
			if err != nil {
				problems = append(problems, fmt.Errorf("%s.%s: %w", at, kind, err))
				return
			}
			all[audience] = append(all[audience], r)
		}
		for _, place := range places.Slack {
			add("slack", place, s.recipient)
		}
		for _, place := range places.Email {
			add("email", place, c.letter)
		}
		for _, place := range places.Webhook {
			add("webhook", place, c.webhook)
		}
	}
	return all, errors.Join(problems...)
}

func find(list []stakeholders.Recipient, to string) (stakeholders.Recipient, bool) {
	for _, r := range list {
		if r.To == to {
			return r, true
		}
	}
	return stakeholders.Recipient{}, false
}

// recipient is a channel of Slack.
func (c SlackConfig) recipient(channel string) (stakeholders.Recipient, error) {
	if c.BotToken == "" {
		return stakeholders.Recipient{}, errors.New("needs PLIMSOLL_SLACK_BOT_TOKEN in the environment")
	}
	to, err := notify.NewSlack(notify.SlackConfig{Token: c.BotToken, Channel: channel, BaseURL: c.APIURL})
	return stakeholders.Recipient{To: "slack " + channel, Send: func(ctx context.Context, w stakeholders.Word) error { return to.Say(ctx, w.Text) }}, err
}

// letter is an address.
func (c IncidentsConfig) letter(address string) (stakeholders.Recipient, error) {
	if c.Email == nil {
		return stakeholders.Recipient{}, errors.New("needs incidents.email: a server and a sender")
	}
	cfg := notify.EmailConfig{Server: c.Email.Server, From: c.Email.From, To: []string{address}, Username: c.Email.Username, Plain: c.Email.Plain}
	var err error
	if c.Email.PasswordEnv != "" {
		if cfg.Password, err = secret("incidents.email.password_env", c.Email.PasswordEnv); err != nil {
			return stakeholders.Recipient{}, err
		}
	}
	to, err := notify.NewEmail(cfg)
	return stakeholders.Recipient{To: "email " + address, Send: func(ctx context.Context, w stakeholders.Word) error {
		return to.Send(ctx, notify.Letter{ID: w.ID, Subject: w.Subject, At: w.At, Text: w.Text})
	}}, err
}

// webhook is an address that is posted to. Only its host is recorded: the rest may be a secret.
func (c IncidentsConfig) webhook(address string) (stakeholders.Recipient, error) {
	key, err := secret("incidents.webhook_secret_env", c.WebhookSecretEnv)
	if err != nil {
		return stakeholders.Recipient{}, err
	}
	to, err := notify.NewWebhook(notify.WebhookConfig{URL: address, Secret: key})
	if err != nil {
		return stakeholders.Recipient{}, err
	}
	u, err := url.Parse(address)
	return stakeholders.Recipient{To: "webhook " + u.Host, Send: func(ctx context.Context, w stakeholders.Word) error { return to.Post(ctx, w.ID, w) }}, err
}

// lateIncidents are the reminders of open incidents.
func (a *App) lateIncidents() reminders.Source {
	return reminders.OfIncidents(func(ctx context.Context) ([]incidents.Incident, error) {
		return a.incidents.Open(ctx, incidents.Viewer{System: true}, "")
	})
}

// lateDates are the sources of reminders of what is due on a day, which takes more to look at.
func (a *App) lateDates() []reminders.Source {
	return []reminders.Source{a.latePostmortems, a.lateDuties, a.lateFollowUps}
}

// datesEvery is how often what is due on a day is looked at.
const datesEvery = time.Minute

// lateDuties are the reminders of what a Code Red asks for and is overdue: the daily update, the plan, a commander.
func (a *App) lateDuties(ctx context.Context, now time.Time) ([]reminders.Reminder, error) {
	freezes, err := a.gate.Status(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("read the freezes: %w", err)
	}
	var due []reminders.Reminder
	for _, f := range freezes {
		ref, _ := incidents.ParseRef(f.Incident) // none as long as it has no incident that everybody may see
		for _, d := range f.Duties {
			if !d.Overdue {
				continue
			}
			due = append(due, reminders.Reminder{
				Key:      fmt.Sprintf("code-red/%s/%s/%d/%s/%s", f.Service, f.Environment, f.Freeze, d.Kind, d.Due.UTC().Format(time.RFC3339)),
				Incident: ref, Kind: "code_red_" + string(d.Kind), Due: d.Due,
				Text: fmt.Sprintf("Releases of %s to %s are frozen, and %s was due at %s.", f.Service, f.Environment, d.Text, d.Due.UTC().Format("2006-01-02 15:04 UTC")),
			})
		}
	}
	return due, nil
}

// remind tells the responders of an incident what is overdue: in its channel, or in the log where there is none. The page
// of the incident says it as well.
func (a *App) remind(ctx context.Context, r reminders.Reminder) error {
	if a.bot == nil || r.Incident == 0 {
		a.logger.WarnContext(ctx, "reminder", "kind", r.Kind, "due", r.Due, "text", r.Text)
		return nil
	}
	poster, err := slack.NewPoster(a.jobs)
	if err != nil {
		return err
	}
	return poster.PostToIncident(ctx, r.Incident, r.Text)
}

// addOutreachWorkers registers the work of reminders and of word to stakeholders.
func (a *App) addOutreachWorkers(workers *river.Workers) error {
	recipients, err := a.cfg.Incidents.recipients(a.cfg.Slack)
	if err != nil {
		return err
	}
	return errors.Join(
		reminders.AddWorkers(workers, reminders.WorkerConfig{Pool: a.pool, Sources: append(a.lateDates(), a.lateIncidents()), Notify: a.remind}),
		stakeholders.AddWorkers(workers, stakeholders.WorkerConfig{Store: a.incidents, Recipients: recipients, Outcome: deliveries}),
	)
}

// buildOutreach makes what looks for reminders and for approved messages. It runs while this process leads.
func (a *App) buildOutreach() error {
	recipients, err := a.cfg.Incidents.recipients(a.cfg.Slack)
	if err != nil {
		return err
	}
	for _, cfg := range []reminders.Config{{Sources: []reminders.Source{a.lateIncidents()}}, {Sources: a.lateDates(), Every: datesEvery}} {
		cfg.Pool, cfg.Jobs, cfg.Logger = a.pool, a.jobs, a.logger
		r, err := reminders.New(cfg)
		if err != nil {
			return err
		}
		a.reminders = append(a.reminders, r)
	}
	a.words, err = stakeholders.New(stakeholders.Config{
		Jobs: a.jobs, Recipients: recipients, Logger: a.logger,
		Approved: func(ctx context.Context, since time.Time) ([]incidents.Incident, error) {
			return a.incidents.Approved(ctx, incidents.Viewer{System: true}, since)
		},
	})
	return err
}

// runReminders looks for what is overdue until ctx is done.
func (a *App) runReminders(ctx context.Context) error {
	s := newStages()
	for _, r := range a.reminders {
		s.start("reminders", r.Run)
	}
	return s.wait(ctx)
}
