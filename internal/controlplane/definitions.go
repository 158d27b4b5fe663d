package controlplane

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"plimsoll/collectors"
	"plimsoll/deploy"
	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/openslo"
)

// definitions are what people write in files: objectives and policies. They are read together and take whole or not at all.
type definitions struct {
	objectives []*slo.Objective
	policies   *gate.Policies
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
	return definitions{objectives, policies}, nil
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
	var files []openslo.File
	for _, f := range shipped {
		files = append(files, openslo.File(f))
	}
	return openslo.Parse(reader, files...)
}

func (c Config) readPolicies() (*gate.Policies, error) {
	files, err := deploy.Policies()
	if len(c.Policies) > 0 {
		files, err = policyFiles(c.Policies)
	}
	if err != nil {
		return nil, err
	}
	var list []*gate.Policy
	for _, f := range files {
		p, err := gate.ParsePolicy(f.Name, f.Data)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return gate.NewPolicies(list)
}

// policyFiles reads the named files, and of each named folder the files that end in .yaml or .yml.
func policyFiles(paths []string) ([]deploy.File, error) {
	var files []deploy.File
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || (name != path && !isYAML(name)) {
				return err
			}
			data, err := os.ReadFile(name)
			files = append(files, deploy.File{Name: name, Data: data})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

func isYAML(name string) bool {
	return (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")) && !strings.HasPrefix(filepath.Base(name), ".")
}
