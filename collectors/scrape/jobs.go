package scrape

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"regexp"

	"github.com/prometheus/prometheus/config"
	_ "github.com/prometheus/prometheus/discovery/file" // registers file_sd_configs
	_ "github.com/prometheus/prometheus/discovery/http" // registers http_sd_configs
	"go.yaml.in/yaml/v3"

	ownconfig "plimsoll/internal/config"
	"plimsoll/internal/nearest"
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
			problems = append(problems, explain(item, err))
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

// discoveries are the keys by which a job finds its targets; they are in no struct of Prometheus.
var discoveries = []string{"static_configs", "file_sd_configs", "http_sd_configs"}

// unknownKey is how Prometheus says that a job, or a part of one, has no such key.
var unknownKey = regexp.MustCompile(`field (\S+) not found in type (\S+)`)

// explain says where in a job a problem lies, and the nearest spelling of a key that there is not.
func explain(job *yaml.Node, err error) error {
	found := unknownKey.FindStringSubmatch(err.Error())
	if found == nil {
		return fmt.Errorf("line %d: %w", job.Line, err)
	}
	key, line, hint := found[1], job.Line, ""
	for i := 0; i+1 < len(job.Content); i += 2 {
		if job.Content[i].Value == key {
			line = job.Content[i].Line
			hint = nearest.Hint(key, append(ownconfig.Keys(reflect.TypeFor[config.ScrapeConfig]()), discoveries...))
		}
	}
	return fmt.Errorf("line %d: scrape job: unknown key %q%s", line, key, hint)
}

// ownWords are what Prometheus's messages begin with: that of the parser, and the line in a text that nobody has seen.
var ownWords = regexp.MustCompile(`(?m)^(yaml: unmarshal errors:\n)?\s*line [0-9]+: `)

// compile writes the jobs as a Prometheus configuration and checks it.
func compile(jobs *yaml.Node) ([]byte, error) {
	text, err := yaml.Marshal(map[string]any{"global": defaults, "scrape_configs": jobs})
	if err != nil {
		return nil, err
	}
	if _, err := config.Load(string(text), slog.New(slog.DiscardHandler)); err != nil {
		return nil, errors.New("scrape job: " + ownWords.ReplaceAllString(err.Error(), ""))
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
