package controlplane

import (
	"fmt"

	"plimsoll/collectors"
	"plimsoll/collectors/scrape"
	"plimsoll/deploy"
	"plimsoll/internal/config"
	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/openslo"
)

// definitions are what a reload reads again: objectives, policies and sources. They take whole or not at all.
type definitions struct {
	objectives []*slo.Objective
	policies   *gate.Policies
	scrape     scrape.Jobs
}

func (c Config) readDefinitions() (definitions, error) {
	objectives, err := c.readObjectives()
	if err != nil {
		return definitions{}, fmt.Errorf("read objectives:\n%w", err)
	}
	policies, err := c.readPolicies()
	if err != nil {
		return definitions{}, fmt.Errorf("read policies:\n%w", err)
	}
	return definitions{objectives, policies, c.ScrapeConfigs}, nil
}

func (c Config) readObjectives() ([]*slo.Objective, error) {
	reader := openslo.Config{CheckQuery: collectors.Check, MaxWindow: c.Retention}
	if len(c.Objectives) > 0 {
		return openslo.Load(reader, c.Objectives...)
	}
	shipped, err := deploy.Objectives()
	if err != nil {
		return nil, err
	}
	return openslo.Parse(reader, shipped...)
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
