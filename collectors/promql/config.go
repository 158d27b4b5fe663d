package promql

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/config"
)

// Server is a Prometheus-compatible server.
type Server struct {
	// Name by which indicators name it as their source.
	Name string `yaml:"name"`
	// URL that /api/v1/query lies below.
	URL string `yaml:"url"`
	// Headers of every request, such as X-Scope-OrgID.
	Headers map[string]string `yaml:"headers"`
	// HeadersEnv are headers whose values are in environment variables, by header.
	HeadersEnv map[string]string `yaml:"headers_env"`
	// BearerTokenFile is read for every request, so that a token may be replaced.
	BearerTokenFile string `yaml:"bearer_token_file"`
	// BearerTokenEnv names an environment variable with a token.
	BearerTokenEnv string `yaml:"bearer_token_env"`
	// Timeout of one request; a minute by default.
	Timeout time.Duration `yaml:"timeout"`
	// Every is how often new samples are asked for; a minute by default.
	Every time.Duration `yaml:"every"`
	// Delay is how old samples are before they are asked for, so that all of them are in; 30 s by default.
	Delay time.Duration `yaml:"delay"`
	// MaxSamples is about how many samples one answer may have; 200,000 by default.
	MaxSamples int `yaml:"max_samples"`
}

const (
	defaultTimeout    = time.Minute
	defaultEvery      = time.Minute
	defaultDelay      = 30 * time.Second
	defaultMaxSamples = 200_000
)

// normal returns s with its defaults, or everything that is wrong with it, by key.
func (s Server) normal() (Server, error) {
	s.Timeout = cmp.Or(s.Timeout, defaultTimeout)
	s.Every = cmp.Or(s.Every, defaultEvery)
	s.Delay = cmp.Or(s.Delay, defaultDelay)
	s.MaxSamples = cmp.Or(s.MaxSamples, defaultMaxSamples)
	var errs []error
	wrong := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
	}
	if s.Name == "" {
		wrong("name", "is missing; indicators name their source by it")
	}
	u, err := url.Parse(s.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		wrong("url", "%q is not a URL, such as http://prometheus:9090", s.URL)
	case u.User != nil:
		wrong("url", "must not hold a password; put it into headers_env or bearer_token_file")
	}
	for _, d := range []struct {
		key         string
		is          time.Duration
		least, most time.Duration
	}{
		{"timeout", s.Timeout, time.Second, time.Hour},
		{"every", s.Every, time.Second, time.Hour},
		{"delay", s.Delay, time.Second, time.Hour},
	} {
		if d.is < d.least || d.is > d.most {
			wrong(d.key, "%v is not between %v and %v", d.is, d.least, d.most)
		}
	}
	if s.MaxSamples < 1000 || s.MaxSamples > 10_000_000 {
		wrong("max_samples", "%d is not between 1000 and 10000000", s.MaxSamples)
	}
	if s.BearerTokenFile != "" && s.BearerTokenEnv != "" {
		wrong("bearer_token_env", "there is a bearer_token_file too; only one of them can be meant")
	}
	return s, errors.Join(errs...)
}

// Servers are the servers of a configuration.
type Servers []Server

// Check says everything that is wrong, each with its key.
func (all Servers) Check() error {
	var errs []error
	names := map[string]bool{}
	for i, s := range all {
		_, err := s.normal()
		if err != nil {
			for _, line := range strings.Split(err.Error(), "\n") {
				errs = append(errs, fmt.Errorf("promql[%d].%s", i, line))
			}
		}
		if names[s.Name] {
			errs = append(errs, fmt.Errorf("promql[%d].name: there are two servers %q", i, s.Name))
		}
		names[s.Name] = true
	}
	return errors.Join(errs...)
}

// same reports whether two definitions ask the same server in the same way.
func same(a, b Server) bool {
	return fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b)
}

// authorise adds the headers of the server to a request.
func (s Server) authorise(r *http.Request) error {
	for name, value := range s.Headers {
		r.Header.Set(name, value)
	}
	for name, variable := range s.HeadersEnv {
		value, err := secret(variable)
		if err != nil {
			return err
		}
		r.Header.Set(name, value)
	}
	token := ""
	switch {
	case s.BearerTokenFile != "":
		b, err := os.ReadFile(s.BearerTokenFile)
		if err != nil {
			return fmt.Errorf("read bearer token: %w", err)
		}
		token = strings.TrimSpace(string(b))
	case s.BearerTokenEnv != "":
		var err error
		if token, err = secret(s.BearerTokenEnv); err != nil {
			return err
		}
	default:
		return nil
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return nil
}

func secret(variable string) (string, error) {
	value := os.Getenv(variable)
	if value == "" {
		return "", fmt.Errorf("%w: the environment variable %s is not set", config.ErrInvalid, variable)
	}
	return value, nil
}

// names returns the names of the servers, sorted.
func (all Servers) names() []string {
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return names
}
