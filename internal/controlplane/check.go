package controlplane

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/internal/config"
	"plimsoll/internal/identity"
	"plimsoll/internal/identity/oidc"
	"plimsoll/internal/nearest"
)

// check says everything that is wrong with the values, each with its key.
func (c Config) check() error {
	var errs []error
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		errs = append(errs, fmt.Errorf("listen: %q is not host:port, such as 127.0.0.1:8080", c.Listen))
	}
	if c.DatabaseURL != "" {
		if _, err := pgx.ParseConfig(c.DatabaseURL); err != nil {
			errs = append(errs, fmt.Errorf("database_url: not as postgres://user:password@host:port/database: %w", err))
		}
	}
	errs = append(errs, c.checkTimes(), c.checkLimits(), c.checkAddresses(), c.PromQL.Check(), c.Alerts.check(), c.Incidents.check(c.Slack), c.checkTokens(), oidc.Check(c.Identity.OIDC), c.Identity.checkReaders(), c.checkDialects(), c.checkTell(), c.Slack.check(), c.Slack.checkPeople(c.Tokens))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%w: %w", config.ErrInvalid, err)
	}
	return nil
}

func (c Config) checkTimes() error {
	var errs []error
	for _, t := range []struct {
		key             string
		is, least, most time.Duration
		bounds          string
	}{
		{"checkpoint_every", c.CheckpointEvery, 100 * time.Millisecond, time.Hour, "100ms and 1h"},
		{"gate_every", c.GateEvery, 100 * time.Millisecond, time.Hour, "100ms and 1h"},
		{"alerts.every", c.Alerts.Every, 100 * time.Millisecond, time.Hour, "100ms and 1h"},
		{"late_horizon", c.LateHorizon, time.Minute, 24 * time.Hour, "1m and 24h"},
		{"leader_timeout", c.LeaderTimeout, time.Second, 5 * time.Minute, "1s and 5m"},
	} {
		if t.is < t.least || t.is > t.most {
			errs = append(errs, fmt.Errorf("%s: %v is not between %s", t.key, t.is, t.bounds))
		}
	}
	if c.Retention < time.Hour || c.Retention > maxRetention || c.Retention%time.Hour != 0 {
		errs = append(errs, fmt.Errorf("retention: %v is not a whole number of hours from 1h to %v, such as 840h", c.Retention, maxRetention))
	}
	return errors.Join(errs...)
}

func (c Config) checkLimits() error {
	var errs []error
	for _, limit := range []struct {
		key string
		is  int64
	}{
		{"push.body_bytes", c.Push.BodyBytes}, {"push.decoded_bytes", c.Push.DecodedBytes}, {"push.memory_bytes", c.Push.MemoryBytes},
		{"push.requests", c.Push.Requests}, {"limits.series", int64(c.Limits.Series)}, {"limits.labels", int64(c.Limits.Labels)},
		{"limits.label_bytes", int64(c.Limits.LabelBytes)},
	} {
		if limit.is < 0 {
			errs = append(errs, fmt.Errorf("%s: %d is negative; 0 is the default", limit.key, limit.is))
		}
	}
	return errors.Join(errs...)
}

func (c Config) checkTokens() error {
	_, err := c.holders()
	return err
}

// holders returns who the tokens of the configuration belong to.
func (c Config) holders() (map[string]identity.Principal, error) {
	holders := map[string]identity.Principal{}
	var errs []error
	for i, t := range c.Tokens {
		token, err := t.token(c.Dir)
		switch {
		case t.Subject == "" || slices.Contains(reserved, t.Subject):
			errs = append(errs, fmt.Errorf("tokens[%d].subject: %q is empty or stands for somebody else: %s", i, t.Subject, strings.Join(reserved, ", ")))
		case err != nil:
			errs = append(errs, fmt.Errorf("tokens[%d].%w", i, err))
		case !holders[token].Anonymous() || token == c.Token:
			errs = append(errs, fmt.Errorf("tokens[%d]: %s holds the token of somebody else; each needs one of their own", i, cmp.Or(t.File, t.Env)))
		default:
			holders[token] = identity.Principal{Subject: t.Subject, Roles: t.Roles, Grants: grantsOf(t.Grants), Until: t.Expires}
		}
		errs = append(errs, checkRoles(fmt.Sprintf("tokens[%d].roles", i), t.Roles))
	}
	return holders, errors.Join(errs...)
}

// token reads the token from where it is; a relative file is beside the configuration's.
func (t TokenConfig) token(dir string) (string, error) {
	switch {
	case t.File == "":
		return secret("env", t.Env)
	case t.Env != "":
		return "", fmt.Errorf("file: %s is named besides env; a token is in one place", t.File)
	}
	b, err := os.ReadFile(beside(dir, []string{t.File})[0])
	if err != nil {
		return "", fmt.Errorf("file: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" {
		return "", fmt.Errorf("file: %s is empty", t.File)
	}
	return token, nil
}

func checkRoles(key string, roles []string) error {
	var errs []error
	for k, role := range roles {
		if !slices.Contains(identity.Roles(), role) {
			errs = append(errs, fmt.Errorf("%s[%d]: %q is not one of %s%s", key, k, role, strings.Join(identity.Roles(), ", "), nearest.Hint(role, identity.Roles())))
		}
	}
	return errors.Join(errs...)
}

func (c Config) checkAddresses() error {
	var errs []error
	for _, address := range []struct{ key, is string }{
		{"public_url", c.PublicURL}, {"advertise_url", c.AdvertiseURL}, {"slack.response_url", c.Slack.ResponseURL},
		{"slack.api_url", c.Slack.APIURL},
		{"alerts.heartbeat_url", c.Alerts.HeartbeatURL},
	} {
		if u, err := url.Parse(address.is); address.is != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			errs = append(errs, fmt.Errorf("%s: %q is not a URL, such as https://plimsoll.example.com", address.key, address.is))
		}
	}
	return errors.Join(errs...)
}
