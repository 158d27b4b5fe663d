package scrape

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"

	"github.com/prometheus/prometheus/config"
	_ "github.com/prometheus/prometheus/discovery/file" // registers file_sd_configs
	_ "github.com/prometheus/prometheus/discovery/http" // registers http_sd_configs
	"go.yaml.in/yaml/v3"
)

// Jobs are scrape jobs as in the scrape_configs of a Prometheus configuration: intervals, credentials, relabelling and
// limits mean the same. Targets are found by static_configs, file_sd_configs and http_sd_configs. The interval is 15 seconds
// unless a job says otherwise. The zero value has no jobs.
type Jobs struct {
	yaml []byte // a Prometheus configuration
	n    int
}

// Len returns the number of jobs.
func (j Jobs) Len() int { return j.n }

// defaults hold for all jobs. Protobuf comes first because it always carries start timestamps.
var defaults = map[string]any{
	"scrape_interval":  "15s",
	"scrape_timeout":   "10s",
	"scrape_protocols": config.DefaultProtoFirstScrapeProtocols,
}

// ParseJobs reads a list of scrape jobs. Unknown keys and impossible values are errors that name the line.
func ParseJobs(data []byte) (Jobs, error) {
	var j Jobs
	err := yaml.Unmarshal(data, &j)
	return j, err
}

// UnmarshalYAML reads a list of scrape jobs.
func (j *Jobs) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.SequenceNode {
		return fmt.Errorf("line %d: scrape jobs are a list", n.Line)
	}
	var problems []error
	for _, item := range n.Content {
		if _, err := compile(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{item}}); err != nil {
			problems = append(problems, fmt.Errorf("line %d: %w", item.Line, err))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	text, err := compile(n) // together: no two jobs may have one name
	if err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	*j = Jobs{yaml: text, n: len(n.Content)}
	return nil
}

// ownLine is the line in a text that nobody has seen, which Prometheus's messages begin with.
var ownLine = regexp.MustCompile(`(?m)^\s*line [0-9]+: `)

// compile writes the jobs as a Prometheus configuration and checks it.
func compile(jobs *yaml.Node) ([]byte, error) {
	text, err := yaml.Marshal(map[string]any{"global": defaults, "scrape_configs": jobs})
	if err != nil {
		return nil, err
	}
	if _, err := config.Load(string(text), slog.New(slog.DiscardHandler)); err != nil {
		return nil, errors.New("scrape job: " + ownLine.ReplaceAllString(err.Error(), ""))
	}
	return text, nil
}

// load returns the jobs in Prometheus's form. File names in them are relative to dir.
func (j Jobs) load(dir string) (*config.Config, error) {
	cfg, err := config.Load(string(j.yaml), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	cfg.SetDirectory(dir)
	return cfg, nil
}
