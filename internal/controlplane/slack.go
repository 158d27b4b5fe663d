package controlplane

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"plimsoll/incidents"
	"plimsoll/incidents/slack"
	slackpg "plimsoll/incidents/slack/postgres"
	"plimsoll/internal/identity"
	"plimsoll/internal/nearest"
	gatepg "plimsoll/slo/gate/postgres"
)

// SlackConfig connects with Slack. The signing secret is in PLIMSOLL_SLACK_SIGNING_SECRET, the token of the bot in
// PLIMSOLL_SLACK_BOT_TOKEN, and that of the app, for Socket Mode, in PLIMSOLL_SLACK_APP_TOKEN.
type SlackConfig struct {
	SigningSecret string `yaml:"-"`
	BotToken      string `yaml:"-"`
	AppToken      string `yaml:"-"`
	// Mode is how Slack reaches Plimsoll: "http", or "socket" for Socket Mode.
	Mode string `yaml:"mode"`
	// IncidentCommand and GateCommand are what the commands are called in the workspace; "/incident" and "/gate" by default.
	IncidentCommand string `yaml:"incident_command"`
	GateCommand     string `yaml:"gate_command"`
	// Announce is the ID of a channel in which every incident that is not private has a card.
	Announce string `yaml:"announce"`
	// Subjects maps Slack user IDs to the names by which the API knows the same people; anybody else is "slack:" and the ID.
	Subjects map[string]string `yaml:"subjects"`
	// Grants bound where those names may change something from Slack, and Roles are theirs: of whoever has no token in the configuration,
	// which says the same. "*" stands for everybody who is nobody else here. One without grants may do what the holder of a token may.
	Grants map[string][]GrantConfig `yaml:"grants"`
	Roles  map[string][]string      `yaml:"roles"`
	// ResponseURL is the base that answers are posted below, and APIURL that of the Web API; Slack's own by default.
	ResponseURL string `yaml:"response_url"`
	APIURL      string `yaml:"api_url"`
}

// Ways in which Slack reaches Plimsoll.
const (
	slackHTTP   = "http"
	slackSocket = "socket"
)

// readSecrets takes what the environment holds.
func (c *SlackConfig) readSecrets() {
	c.SigningSecret = os.Getenv("PLIMSOLL_SLACK_SIGNING_SECRET")
	c.BotToken = os.Getenv("PLIMSOLL_SLACK_BOT_TOKEN")
	c.AppToken = os.Getenv("PLIMSOLL_SLACK_APP_TOKEN")
}

func (c SlackConfig) check() error {
	switch {
	case c.Mode != "" && c.Mode != slackHTTP && c.Mode != slackSocket:
		return fmt.Errorf("slack.mode: %q is neither %s nor %s", c.Mode, slackHTTP, slackSocket)
	case c.Mode == slackSocket && (c.BotToken == "" || c.AppToken == ""):
		return fmt.Errorf("slack.mode: %s needs PLIMSOLL_SLACK_BOT_TOKEN and PLIMSOLL_SLACK_APP_TOKEN in the environment", slackSocket)
	case c.Announce != "" && c.BotToken == "":
		return fmt.Errorf("slack.announce: cards need PLIMSOLL_SLACK_BOT_TOKEN in the environment")
	}
	for _, command := range []struct{ key, name, like string }{{"incident_command", c.IncidentCommand, "/incident"}, {"gate_command", c.GateCommand, "/gate"}} {
		if command.name != "" && !strings.HasPrefix(command.name, "/") {
			return fmt.Errorf("slack.%s: %q is no command: it begins with a slash, such as %s", command.key, command.name, command.like)
		}
	}
	return nil
}

// checkPeople finds grants and roles of names that nobody has in Slack, or that a token gives.
func (c SlackConfig) checkPeople(tokens []TokenConfig) error {
	var errs []error
	names := slices.Sorted(maps.Values(c.Subjects))
	check := func(key, name string) {
		if name != slack.Others && !slices.Contains(names, name) {
			errs = append(errs, fmt.Errorf("%s: %q is nobody in slack.subjects%s", key, name, nearest.Hint(name, names)))
		}
		if slices.ContainsFunc(tokens, func(t TokenConfig) bool { return t.Subject == name }) {
			errs = append(errs, fmt.Errorf("%s: %q has a token, and what tokens says of its holder holds in Slack, too", key, name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Grants)) {
		check("slack.grants", name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Roles)) {
		check("slack.roles", name)
		errs = append(errs, checkRoles("slack.roles."+name, c.Roles[name]))
	}
	return errors.Join(errs...)
}

// slackPeople are the roles and grants of those who come by way of Slack.
func (c Config) slackPeople() map[string]identity.Principal {
	known := map[string]identity.Principal{}
	for name, roles := range c.Slack.Roles {
		known[name] = identity.Principal{Roles: roles}
	}
	for name, grants := range c.Slack.Grants {
		known[name] = identity.Principal{Roles: known[name].Roles, Grants: grantsOf(grants)}
	}
	for _, t := range c.Tokens {
		known[t.Subject] = identity.Principal{Roles: t.Roles, Grants: grantsOf(t.Grants)}
	}
	return known
}

// buildSlack makes the bot, if it has a token.
func (a *App) buildSlack() (err error) {
	c := a.cfg.Slack
	if c.BotToken == "" {
		return nil
	}
	a.bot, err = slack.NewBot(slack.BotConfig{Token: c.BotToken, AppToken: c.AppToken, BaseURL: c.APIURL})
	return err
}

// addSlackWorkers registers the work for Slack.
func (a *App) addSlackWorkers(workers *river.Workers) error {
	cfg := slack.WorkerConfig{
		Store: a.incidents, Postmortems: a.postmortems, Gate: a.slackGate, Bot: a.bot, Announce: a.cfg.Slack.Announce, PublicURL: a.cfg.PublicURL, Subjects: a.cfg.Slack.Subjects, Command: a.cfg.Slack.IncidentCommand,
		ResponseBase: a.cfg.Slack.ResponseURL, Known: func() map[string]identity.Principal { return a.people.Load().slack }, Logger: a.logger,
	}
	if a.bot != nil {
		cfg.Rooms = slackpg.New(a.pool)
	}
	return slack.AddWorkers(workers, cfg)
}

// incidentChanged sees to it that Slack is told of a change, if it comes about.
func (a *App) incidentChanged(ctx context.Context, tx pgx.Tx, i incidents.Incident) error {
	if a.bot == nil {
		return nil
	}
	if _, err := a.jobs.InsertTx(ctx, tx, slack.SyncArgs{Incident: i.Ref, Entries: i.Entries}, nil); err != nil {
		return fmt.Errorf("keep that Slack is to be told: %w", err)
	}
	return nil
}

// slackInbox takes what Slack sends; nil where Slack is not connected.
func (a *App) slackInbox() (*slack.Inbox, error) {
	c := a.cfg.Slack
	if c.SigningSecret == "" && c.Mode != slackSocket {
		return nil, nil
	}
	return slack.New(slack.Config{
		SigningSecret: c.SigningSecret, Jobs: a.jobs, Bot: a.bot, Subjects: c.Subjects, Command: c.IncidentCommand, GateCommand: c.GateCommand, Logger: a.logger,
	})
}

// mountSlack answers Slack over HTTP.
func (a *App) mountSlack(mux chi.Router) error {
	if a.inbox == nil || a.cfg.Slack.Mode == slackSocket {
		return nil
	}
	handlers, err := a.inbox.Handlers()
	if err != nil {
		return err
	}
	for path, handler := range handlers {
		mux.Method(http.MethodPost, path, handler)
	}
	return nil
}

// reconnectAfter is how long Slack is left alone once it has refused the token of the app.
const reconnectAfter = time.Minute

// runSlack keeps the connection of Socket Mode. Without Slack everything else goes on.
func (a *App) runSlack(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := a.inbox.Run(ctx); err != nil {
			a.logger.ErrorContext(ctx, "Slack does not let us connect", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(reconnectAfter):
		}
	}
	return nil
}

// slackGate is the gate for the jobs, which are set up before it. It is filled in before any runs.
type slackGate struct{ *gatepg.Gate }
