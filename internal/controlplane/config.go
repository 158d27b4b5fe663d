package controlplane

import (
	"cmp"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"plimsoll/collectors"
	"plimsoll/collectors/promql"
	"plimsoll/collectors/scrape"
	"plimsoll/internal/config"
	"plimsoll/internal/identity"
	"plimsoll/slo/ledger"
	ledgerpg "plimsoll/slo/ledger/postgres"
)

// Config is the configuration file of "plimsoll serve". Every key has a default; secrets come from the environment.
type Config struct {
	// Listen is the address of pages and API.
	Listen string `yaml:"listen"`
	// DataDir holds the private PostgreSQL and the token; by default that of this user (PLIMSOLL_DATA).
	DataDir string `yaml:"data_dir"`
	// DatabaseURL names an external PostgreSQL instead (PLIMSOLL_DATABASE_URL).
	DatabaseURL string `yaml:"database_url"`
	// Objectives are OpenSLO files and folders: the shipped ones when nil, none when empty.
	Objectives []string `yaml:"objectives"`
	// AlertTiers is a file of the tiers of burn-rate alerts that hold where an objective does not say; the shipped ones when empty.
	AlertTiers string `yaml:"alert_tiers"`
	// Policies are gate policies, files and folders; the shipped ones when empty.
	Policies []string `yaml:"policies"`
	// ScrapeConfigs are scrape jobs as in the configuration of Prometheus.
	ScrapeConfigs scrape.Jobs `yaml:"scrape_configs"`
	// PromQL are Prometheus-compatible servers that objectives may name as their source.
	PromQL promql.Servers `yaml:"promql"`
	// Probes are files and folders of requests that are made on a schedule.
	Probes []string `yaml:"probes"`
	// SQLChecks are files and folders of queries that count events.
	SQLChecks []string     `yaml:"sqlchecks"`
	Push      PushConfig   `yaml:"push"`
	Limits    LimitsConfig `yaml:"limits"`
	// LateHorizon is how old a sample may be to be counted.
	LateHorizon time.Duration `yaml:"late_horizon"`
	// CheckpointEvery is how often events become durable. What is lost in a crash is counted again from the sources.
	CheckpointEvery time.Duration `yaml:"checkpoint_every"`
	// GateEvery is how often freezes are evaluated.
	GateEvery time.Duration `yaml:"gate_every"`
	Gate      GateConfig    `yaml:"gate"`
	// Retention is how long events are kept; it bounds the windows of objectives.
	Retention time.Duration `yaml:"retention"`

	// AdvertiseURL is where the other replicas' clients reach this process; PublicURL when empty.
	AdvertiseURL string `yaml:"advertise_url"`
	// LeaderTimeout is how long a leader may be silent before another process takes over.
	LeaderTimeout time.Duration `yaml:"leader_timeout"`

	// PublicURL is where people reach the pages, for links in messages; empty for no links.
	PublicURL string `yaml:"public_url"`

	// Tokens are those of people and programs with a name of their own, besides the operator's.
	Tokens   []TokenConfig  `yaml:"tokens"`
	Identity IdentityConfig `yaml:"identity"`

	Slack     SlackConfig     `yaml:"slack"`
	Alerts    AlertsConfig    `yaml:"alerts"`
	Incidents IncidentsConfig `yaml:"incidents"`

	// Token for changes; read from the environment (PLIMSOLL_TOKEN) or made in the data directory.
	Token string `yaml:"-"`
	// File is the configuration file, which a reload reads again; empty if there is none.
	File string `yaml:"-"`
	// read is the configuration as the file and the environment had it, without what was set afterwards; nil if there is no file.
	read *Config
	// Dir is the folder of the configuration file; relative file names in the file are relative to it.
	Dir string `yaml:"-"`
	// Version of the program.
	Version string `yaml:"-"`
	// Logger; slog.Default when nil.
	Logger *slog.Logger `yaml:"-"`
	// Ready is called once, when requests are answered, with the address that is listened on.
	Ready func(addr net.Addr) `yaml:"-"`
}

// TokenConfig is the token of one person or program.
type TokenConfig struct {
	Subject string `yaml:"subject"` // by which the records name them
	Env     string `yaml:"env"`     // environment variable that holds the token
	File    string `yaml:"file"`    // file that holds it instead, which a reload reads again
	// Roles are what they are let in as: whoever has none, or member, may do what a token is for; a deployer asks the gate and tells of
	// deploys only, a pusher pushes samples only, of all services; a release_manager may also end a Code Red by its criteria.
	Roles []string `yaml:"roles"`
	// Grants bound where they may change something; none, and they may everywhere.
	Grants []GrantConfig `yaml:"grants"`
	// Expires is when the token ends; never when zero.
	Expires time.Time `yaml:"expires"`
}

// GrantConfig is a set of services and environments by patterns; none of a kind means any.
type GrantConfig struct {
	Services     []string `yaml:"services"`
	Environments []string `yaml:"environments"`
}

// grantsOf are grants as they bound somebody; nil, which bounds nothing, if there are none.
func grantsOf(list []GrantConfig) (out []identity.Grant) {
	for _, g := range list {
		out = append(out, identity.Grant{Services: g.Services, Environments: g.Environments})
	}
	return out
}

// maxRetention is a year and the time to report on it. Events of one objective take less than 3 MB then.
const maxRetention = 400 * 24 * time.Hour

// Default returns the configuration that holds where nothing else is said.
func Default() Config {
	return Config{
		Listen:          "127.0.0.1:8080",
		LateHorizon:     collectors.DefaultHorizon,
		CheckpointEvery: ledger.DefaultEvery,
		GateEvery:       5 * time.Second,
		Retention:       ledger.DefaultRetention,
		Alerts:          AlertsConfig{Every: 5 * time.Second},
		LeaderTimeout:   ledgerpg.DefaultSilence,
	}
}

// ReadConfig reads a configuration file over the defaults, and then the environment. An empty name reads no file.
func ReadConfig(file string) (Config, error) {
	cfg := Default()
	if file != "" {
		if err := config.Read(file, &cfg); err != nil {
			return cfg, err
		}
		cfg.File, cfg.Dir = file, filepath.Dir(file)
		for _, names := range []*[]string{&cfg.Objectives, &cfg.Policies, &cfg.Probes, &cfg.SQLChecks} {
			*names = beside(cfg.Dir, *names)
		}
		for _, name := range []*string{&cfg.DataDir, &cfg.AlertTiers} {
			if *name != "" {
				*name = beside(cfg.Dir, []string{*name})[0]
			}
		}
	}
	cfg.DatabaseURL = cmp.Or(os.Getenv("PLIMSOLL_DATABASE_URL"), cfg.DatabaseURL)
	cfg.Token = strings.TrimSpace(os.Getenv("PLIMSOLL_TOKEN"))
	cfg.AdvertiseURL = cmp.Or(cfg.AdvertiseURL, cfg.PublicURL)
	cfg.Slack.readSecrets()
	if cfg.DataDir == "" {
		dir, err := config.DataDir("plimsoll")
		if err != nil {
			return cfg, err
		}
		cfg.DataDir = dir
	}
	if read := cfg; file != "" {
		cfg.read = &read
	}
	return cfg, cfg.check()
}

// beside makes relative paths of a configuration file relative to its folder.
func beside(dir string, paths []string) []string {
	out := slices.Clone(paths) // an empty list stays one
	for i, p := range out {
		if !filepath.IsAbs(p) {
			out[i] = filepath.Join(dir, p)
		}
	}
	return out
}
