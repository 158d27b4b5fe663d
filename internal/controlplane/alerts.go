package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"plimsoll/alerts"
	"plimsoll/alerts/notify"
	alertspg "plimsoll/alerts/postgres"
	incidentspg "plimsoll/incidents/postgres"
	"plimsoll/slo/gate"
)

// AlertsConfig says who is told when an error budget burns.
type AlertsConfig struct {
	// Every is how often alerts are evaluated.
	Every     time.Duration    `yaml:"every"`
	Receivers []ReceiverConfig `yaml:"receivers"`
	// HeartbeatURL is posted to once a minute as long as alerts are evaluated; empty for none.
	HeartbeatURL string `yaml:"heartbeat_url"`
	// Declare is which alerts declare an incident: "page" (the default), "ticket" (and pages) or "off".
	Declare string `yaml:"declare"`
}

// ReceiverConfig is one receiver of notices: exactly one of Slack, Alertmanager, Webhook and Email. Secrets are in the environment, under
// the names that are given here.
type ReceiverConfig struct {
	Name string `yaml:"name"`
	// Severities are "page" and "ticket"; both when empty.
	Severities []string `yaml:"severities"`
	// Services whose notices it gets; all when empty.
	Services []string `yaml:"services"`

	Slack *struct {
		Channel  string `yaml:"channel"`
		TokenEnv string `yaml:"token_env"`
		BaseURL  string `yaml:"base_url"`
	} `yaml:"slack"`
	Alertmanager *struct {
		URL    string            `yaml:"url"`
		Labels map[string]string `yaml:"labels"`
	} `yaml:"alertmanager"`
	Webhook *struct {
		URL       string `yaml:"url"`
		SecretEnv string `yaml:"secret_env"`
	} `yaml:"webhook"`
	Email *struct {
		Server      string   `yaml:"server"`
		From        string   `yaml:"from"`
		To          []string `yaml:"to"`
		Username    string   `yaml:"username"`
		PasswordEnv string   `yaml:"password_env"`
		// Plain allows a server without TLS, which then gets no password.
		Plain bool `yaml:"plain"`
	} `yaml:"email"`
}

// receiver makes what the configuration describes.
func (c ReceiverConfig) receiver() (notify.Receiver, error) {
	var made []notify.Receiver
	var problems []error
	add := func(r notify.Receiver, err error) { made, problems = append(made, r), append(problems, err) }
	if s := c.Slack; s != nil {
		token, err := secret("slack.token_env", s.TokenEnv)
		if err != nil {
			return nil, err
		}
		add(notify.NewSlack(notify.SlackConfig{Token: token, Channel: s.Channel, BaseURL: s.BaseURL}))
	}
	if m := c.Alertmanager; m != nil {
		add(notify.NewAlertmanager(notify.AlertmanagerConfig{URL: m.URL, Labels: m.Labels}))
	}
	if w := c.Webhook; w != nil {
		key, err := secret("webhook.secret_env", w.SecretEnv)
		if err != nil {
			return nil, err
		}
		add(notify.NewWebhook(notify.WebhookConfig{URL: w.URL, Secret: key}))
	}
	if m := c.Email; m != nil {
		cfg := notify.EmailConfig{Server: m.Server, From: m.From, To: m.To, Username: m.Username, Plain: m.Plain}
		if m.PasswordEnv != "" {
			password, err := secret("email.password_env", m.PasswordEnv)
			if err != nil {
				return nil, err
			}
			cfg.Password = password
		}
		add(notify.NewEmail(cfg))
	}
	if len(made) != 1 {
		return nil, fmt.Errorf("must have one of slack, alertmanager, webhook, email; found %d", len(made))
	}
	return made[0], errors.Join(problems...)
}

// secret reads a secret from the environment variable that a key names.
func secret(key, variable string) (string, error) {
	if variable == "" {
		return "", fmt.Errorf("%s: must name an environment variable", key)
	}
	value := os.Getenv(variable)
	if value == "" {
		return "", fmt.Errorf("%s: the environment variable %s is empty", key, variable)
	}
	return value, nil
}

// receivers makes all receivers, by name, with their routes.
func (c AlertsConfig) receivers() (map[string]notify.Receiver, []alertspg.Route, error) {
	byName := map[string]notify.Receiver{}
	var routes []alertspg.Route
	var problems []error
	for i, r := range c.Receivers {
		at := fmt.Sprintf("alerts.receivers[%d]", i)
		if _, twice := byName[r.Name]; r.Name == "" || twice {
			problems = append(problems, fmt.Errorf("%s.name: %q is empty or taken; every receiver has a name of its own", at, r.Name))
			continue
		}
		made, err := r.receiver()
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", at, err))
		}
		route := alertspg.Route{Receiver: r.Name, Services: r.Services}
		for _, s := range r.Severities {
			if !slices.Contains([]alerts.Severity{alerts.Page, alerts.Ticket}, alerts.Severity(s)) {
				problems = append(problems, fmt.Errorf("%s.severities: %q is not page or ticket", at, s))
			}
			route.Severities = append(route.Severities, alerts.Severity(s))
		}
		byName[r.Name], routes = made, append(routes, route)
	}
	return byName, routes, errors.Join(problems...)
}

// check says everything that is wrong with the receivers, and with when to declare.
func (c AlertsConfig) check() error {
	_, _, err := c.receivers()
	_, wrong := c.declares()
	return errors.Join(err, wrong)
}

// deliveries tells the durable jobs what an error of a receiver means.
func deliveries(err error) (after time.Duration, again bool) {
	var later *notify.Later
	if errors.As(err, &later) {
		return later.After, true
	}
	return 0, !errors.Is(err, notify.ErrRefused)
}

// addAlertWorkers registers the delivery of notices, to receivers and to incidents.
func addAlertWorkers(workers *river.Workers, pool *pgxpool.Pool, cfg AlertsConfig, store *incidentspg.Store) error {
	receivers, _, err := cfg.receivers()
	if err != nil {
		return err
	}
	if err := river.AddWorkerSafely(workers, &alertIncidentWorker{outages: outages{pool, store}}); err != nil {
		return fmt.Errorf("add worker: %w", err)
	}
	return alertspg.AddWorkers(workers, pool, receivers, deliveries)
}

// buildAlerts makes what evaluates the alerts. It runs while this process leads.
func (a *App) buildAlerts() (err error) {
	_, routes, err := a.cfg.Alerts.receivers()
	if err != nil {
		return err
	}
	declare, err := a.cfg.Alerts.declares()
	if err != nil {
		return err
	}
	var beat func(context.Context) error
	if a.cfg.Alerts.HeartbeatURL != "" {
		h, err := notify.NewHeartbeat(a.cfg.Alerts.HeartbeatURL)
		if err != nil {
			return err
		}
		beat = h.Beat
	}
	a.alerts, err = alertspg.New(alertspg.Config{
		Beat: beat, Pool: a.pool, Ledger: a.ledger, Jobs: a.jobs, Routes: routes, Declare: declare, Over: outages{a.pool, a.incidents}.over, PublicURL: a.cfg.PublicURL, Every: a.cfg.Alerts.Every, Logger: a.logger,
	})
	return err
}

// firing returns the alerts of a service that fire, for the gate.
func (a *App) firing(ctx context.Context, service string) ([]gate.Alert, error) {
	active, err := a.alerts.Firing(ctx, service)
	if err != nil {
		return nil, err
	}
	var fire []gate.Alert
	for _, one := range active {
		fire = append(fire, gate.Alert{Objective: one.Objective, Tier: one.Tier, Severity: string(one.Verdict.Tier.Severity)})
	}
	return fire, nil
}
