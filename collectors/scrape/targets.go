package scrape

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/scrape"
)

// Health says how the last scrape of a target went.
type Health string

const (
	// Unknown is the health of a target that has not been scraped yet.
	Unknown Health = "unknown"
	// Up is the health of a target whose last scrape succeeded.
	Up Health = "up"
	// Down is the health of a target whose last scrape did not.
	Down Health = "down"
)

// Target is how one target is doing.
type Target struct {
	Job        string            `json:"job"`
	Instance   string            `json:"instance"`
	URL        string            `json:"url" doc:"Without credentials"`
	Labels     map[string]string `json:"labels"`
	Health     Health            `json:"health" enum:"unknown,up,down"`
	LastScrape time.Time         `json:"lastScrape,omitzero" doc:"Absent if there was none"`
	Seconds    float64           `json:"lastScrapeSeconds" doc:"How long the last scrape took"`
	LastError  string            `json:"lastError,omitempty" doc:"Of the last scrape"`
	Families   int               `json:"metricFamilies" doc:"That the target exposed last"`
}

// Targets returns all targets that are being scraped, sorted by job and URL.
func (s *Scraper) Targets() []Target {
	var all []Target
	b := labels.NewBuilder(labels.EmptyLabels())
	for job, targets := range s.manager.TargetsActive() {
		for _, t := range targets {
			all = append(all, describe(job, t, b))
		}
	}
	slices.SortFunc(all, func(a, b Target) int {
		return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.URL, b.URL))
	})
	return all
}

// Job says what the discoveries of a job have found. A job without targets is likelier a slip than a wish.
type Job struct {
	Name    string `json:"name"`
	Targets int    `json:"targets" doc:"That are scraped"`
	Up      int    `json:"up" doc:"Targets whose last scrape succeeded"`
	Dropped int    `json:"dropped" doc:"Targets that were found and dropped by relabelling"`
}

// Jobs returns all jobs in the order of their definition.
func (s *Scraper) Jobs() []Job {
	s.mu.Lock()
	cfg := s.cfg
	s.mu.Unlock()
	active, dropped := s.manager.TargetsActive(), s.manager.TargetsDroppedCounts()
	var all []Job
	for _, c := range cfg.ScrapeConfigs {
		j := Job{Name: c.JobName, Targets: len(active[c.JobName]), Dropped: dropped[c.JobName]}
		for _, t := range active[c.JobName] {
			if Health(t.Health()) == Up {
				j.Up++
			}
		}
		all = append(all, j)
	}
	return all
}

func describe(job string, t *scrape.Target, b *labels.Builder) Target {
	ls := t.Labels(b)
	d := Target{
		Job:        job,
		Instance:   ls.Get("instance"),
		URL:        t.URL().Redacted(),
		Labels:     ls.Map(),
		Health:     Health(t.Health()),
		LastScrape: t.LastScrape(),
		Seconds:    t.LastScrapeDuration().Seconds(),
		Families:   t.LengthMetadata(),
	}
	if err := t.LastError(); err != nil {
		d.LastError = advise(err.Error())
	}
	return d
}

// limits are what Prometheus says when a scrape passes a limit, and the key that raises it. Its errors are not exported.
var limits = []struct{ says, key string }{
	{"body size limit exceeded", "body_size_limit"},
	{"sample limit exceeded", "sample_limit"},
	{"target_limit exceeded", "target_limit"},
	{"label_limit exceeded", "label_limit"},
	{"label_name_length_limit exceeded", "label_name_length_limit"},
	{"label_value_length_limit exceeded", "label_value_length_limit"},
}

// advise adds to an error of a scrape which setting it is about.
func advise(message string) string {
	for _, l := range limits {
		if strings.Contains(message, l.says) {
			return fmt.Sprintf("%s; nothing of the scrape is counted: expose less, or raise %s of the job (%v by default)", message, l.key, Defaults()[l.key])
		}
	}
	return message
}
