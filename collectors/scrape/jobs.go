package scrape

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/prometheus/prometheus/config"
	_ "github.com/prometheus/prometheus/discovery/dns"  // registers dns_sd_configs
	_ "github.com/prometheus/prometheus/discovery/file" // registers file_sd_configs
	_ "github.com/prometheus/prometheus/discovery/http" // registers http_sd_configs
	"go.yaml.in/yaml/v3"

	ownconfig "plimsoll/internal/config"
)

// Jobs are scrape jobs as in the scrape_configs of a Prometheus configuration: intervals, credentials, relabelling and
// limits mean the same. Targets are found by static_configs, file_sd_configs, http_sd_configs and dns_sd_configs. What a
// job does not say is as in [Defaults]. The zero value has no jobs.
type Jobs struct {
	yaml []byte // a Prometheus configuration
	n    int
}

// Len returns the number of jobs.
func (j Jobs) Len() int { return j.n }

// Defaults returns the settings that hold for a job that does not have its own, by their keys.
//
// The limits protect the process from a target that exposes far more than a service does; a scrape that passes one fails as a whole.
// Protobuf comes first because it always carries start timestamps.
func Defaults() map[string]any {
	return map[string]any{
		"scrape_interval":          "15s",
		"scrape_timeout":           "10s",
		"scrape_protocols":         config.DefaultProtoFirstScrapeProtocols,
		"body_size_limit":          "64MB",
		"sample_limit":             200_000,
		"target_limit":             2_000, // of a job
		"label_limit":              64,
		"label_name_length_limit":  256,
		"label_value_length_limit": 4096,
	}
}

// ParseJobs reads a list of scrape jobs. Unknown keys and impossible values are errors that name the line and the job.
func ParseJobs(data []byte) (Jobs, error) {
	var j Jobs
	err := yaml.Unmarshal(data, &j)
	return j, err
}

// UnmarshalYAML reads a list of scrape jobs. All problems are reported at once, each by [ownconfig.At].
func (j *Jobs) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.SequenceNode {
		return ownconfig.At(n.Line, errors.New("scrape jobs must be a list"))
	}
	var problems []error
	lines := map[string]int{}
	for i, item := range n.Content {
		if _, err := compile(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{item}}); err != nil {
			problems = append(problems, explain(item, i, err))
		}
		name := value(item, "job_name")
		if other, ok := lines[name]; ok && name != "" {
			problems = append(problems, ownconfig.At(item.Line, fmt.Errorf("scrape job %q: the job on line %d has that name, too", name, other)))
		}
		lines[name] = item.Line
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	text, err := compile(n)
	if err != nil {
		return ownconfig.At(n.Line, fmt.Errorf("scrape jobs: %w", err))
	}
	*j = Jobs{yaml: text, n: len(n.Content)}
	return nil
}

// compile writes the jobs as a Prometheus configuration and checks it. The text is there also with an error, which
// speaks of its lines.
func compile(jobs *yaml.Node) ([]byte, error) {
	text, err := yaml.Marshal(map[string]any{"global": Defaults(), "scrape_configs": jobs})
	if err != nil {
		return nil, err
	}
	_, err = config.Load(string(text), slog.New(slog.DiscardHandler))
	return text, err
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
