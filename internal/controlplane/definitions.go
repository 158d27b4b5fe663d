package controlplane

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"plimsoll/alerts/tierfile"
	"plimsoll/collectors"
	"plimsoll/collectors/probe"
	"plimsoll/collectors/promql"
	"plimsoll/collectors/scrape"
	"plimsoll/collectors/sqlcheck"
	"plimsoll/deploy"
	"plimsoll/internal/config"
	"plimsoll/internal/nearest"
	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/openslo"
)

// definitions are what a reload reads again: objectives, policies and sources. They take whole or not at all.
type definitions struct {
	objectives []*slo.Objective
	sources    []openslo.Source // that objectives name
	policies   *gate.Policies
	scrape     scrape.Jobs
	servers    promql.Servers
	probes     []probe.Probe
	checks     []sqlcheck.Check
}

func (c Config) readDefinitions() (d definitions, err error) {
	read, err := c.readObjectives()
	if err != nil {
		return d, fmt.Errorf("read objectives:\n%w", err)
	}
	for _, w := range read.Warnings {
		cmp.Or(c.Logger, slog.Default()).Warn("objective file", "problem", w.String())
	}
	d.objectives, d.sources = read.Objectives, read.Sources
	if d.policies, err = c.readPolicies(); err != nil {
		return d, fmt.Errorf("read policies:\n%w", err)
	}
	if len(c.Probes) > 0 {
		if d.probes, err = probe.Load(c.Probes...); err != nil {
			return d, fmt.Errorf("read probes:\n%w", err)
		}
	}
	if len(c.SQLChecks) > 0 {
		if d.checks, err = sqlcheck.Load(c.SQLChecks...); err != nil {
			return d, fmt.Errorf("read SQL checks:\n%w", err)
		}
	}
	d.scrape, d.servers = c.ScrapeConfigs, c.serversOf(d.sources)
	d.checkRoutes(c)
	return d, errors.Join(d.checkSources(), d.checkTargets(c))
}

// serversOf returns the servers of the configuration, and those that only files of objectives say the address of.
func (c Config) serversOf(sources []openslo.Source) promql.Servers {
	servers := slices.Clone(c.PromQL)
	for _, s := range sources {
		configured := slices.ContainsFunc(c.PromQL, func(server promql.Server) bool { return server.Name == s.Name })
		if s.URL != "" && !configured {
			servers = append(servers, promql.Server{Name: s.Name, URL: s.URL})
		}
	}
	return servers
}

// checkSources says which objectives name a server that is not configured.
func (d definitions) checkSources() error {
	var errs []error
	for _, o := range d.objectives {
		if o.Indicator.Source == "" {
			continue
		}
		if _, err := d.server(o.Indicator.Source); err != nil {
			errs = append(errs, fmt.Errorf("objective %s: source: %w", o.Key, err))
		}
	}
	return errors.Join(errs...)
}

// server returns the server of a name.
func (d definitions) server(name string) (promql.Server, error) {
	var names []string
	for _, s := range d.servers {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return promql.Server{}, fmt.Errorf("%w: %q%s", promql.ErrUnknownServer, name, nearest.Hint(name, names))
}

// errNoObjective is returned for files that define none: a server that is told of a new version of its files would forget all it counts.
var errNoObjective = errors.New("the files define no objective; nothing would be counted. If that is meant, write objectives: []")

func (c Config) readObjectives() (*openslo.Definitions, error) {
	files, err := deploy.Objectives()
	if c.Objectives != nil {
		files, err = config.Files(c.Objectives...)
	}
	if err != nil {
		return nil, err
	}
	reader := openslo.Config{CheckIndicator: collectors.CheckIndicator, Grouping: collectors.Grouping, MaxWindow: c.Retention, Sources: []string{}}
	if c.AlertTiers != "" {
		if reader.Tiers, err = tierfile.Load(c.AlertTiers); err != nil {
			return nil, err
		}
	}
	for _, server := range c.PromQL {
		reader.Sources = append(reader.Sources, server.Name)
	}
	d, err := openslo.Read(reader, files...)
	if err == nil && len(d.Objectives) == 0 && len(c.Objectives) > 0 {
		return nil, fmt.Errorf("%w (found in %s)", errNoObjective, strings.Join(c.Objectives, ", "))
	}
	return d, err
}

func (c Config) readPolicies() (*gate.Policies, error) {
	files, err := deploy.Policies()
	if len(c.Policies) > 0 {
		files, err = config.Files(c.Policies...)
	}
	if err != nil {
		return nil, err
	}
	return gate.ParsePolicies(files...)
}
