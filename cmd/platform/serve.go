package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"plimsoll/internal/config"
	"plimsoll/internal/telemetry"
	"plimsoll/platform"
	"plimsoll/platform/objectstore/blob"
)

type serveCmd struct {
	Config      string   `type:"path" help:"YAML configuration file. Flags win over it."`
	ConfigCheck bool     `name:"config.check" help:"Check the configuration and exit."`
	Roles       []string `help:"Roles of this process: gateway, ingest, worker, playback, edge, blob. All by default."`
	Dev         bool     `help:"Make an API key for development, and offer fault injection."`
	Data        string   `type:"path" help:"Directory for everything that is kept (PLATFORM_DATA; /var/lib/platform as root, or else below the home directory)."`
	DatabaseURL string   `name:"database-url" env:"PLATFORM_DATABASE_URL" help:"External PostgreSQL; by default a private cluster in the data directory."`

	ListenGateway string `placeholder:"ADDR" help:"Address of the public API (127.0.0.1:8090)."`
	ListenEdge    string `placeholder:"ADDR" help:"Address at which videos are watched (127.0.0.1:8091)."`
	ListenOps     string `placeholder:"ADDR" help:"Address of metrics and health (127.0.0.1:8092)."`
	ListenBlob    string `placeholder:"ADDR" help:"Address of the object storage (127.0.0.1:8093)."`

	FinalScrapeTimeout *time.Duration `help:"How long a stop waits for the last scrape of the metrics (15s)."`
	AddressesFile      string         `type:"path" help:"Write the real addresses there as JSON once everything serves."`
	LogLevel           slog.Level     `default:"info" help:"debug, info, warn or error."`

	S3AccessKey string `env:"PLATFORM_S3_ACCESS_KEY" hidden:""`
	S3SecretKey string `env:"PLATFORM_S3_SECRET_KEY" hidden:""`
}

// Run serves until a signal.
func (s *serveCmd) Run(c *cli) error {
	cfg, err := s.config()
	if err != nil {
		return err
	}
	if err := cfg.Check(); err != nil {
		return err
	}
	if s.ConfigCheck {
		_, err := fmt.Fprintln(c.out, "the configuration is valid")
		return err
	}
	cfg.Logger = slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: s.LogLevel}))
	flush, err := telemetry.Start(c.ctx, telemetry.Config{Service: "platform", Version: version})
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := flush(ctx); err != nil {
			cfg.Logger.Warn("traces were not all exported", "err", err)
		}
	}()
	cfg.Ready = func(a platform.Addresses) { s.announce(c, cfg, a) }
	if s.AddressesFile != "" {
		// What an earlier process wrote must not be taken for ours.
		if err := os.Remove(s.AddressesFile); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove old addresses: %w", err)
		}
	}
	return platform.Run(c.ctx, cfg)
}

// config is the defaults, the file over them, and the flags and environment over both.
func (s *serveCmd) config() (platform.Config, error) {
	cfg, err := platform.Default()
	if err != nil {
		return cfg, err
	}
	if s.Config != "" {
		if err := config.Read(s.Config, &cfg); err != nil {
			return cfg, err
		}
	}
	for to, from := range map[*string]string{
		&cfg.Data: s.Data, &cfg.Database.URL: s.DatabaseURL,
		&cfg.Listen.Gateway: s.ListenGateway, &cfg.Listen.Edge: s.ListenEdge, &cfg.Listen.Ops: s.ListenOps, &cfg.Listen.Blob: s.ListenBlob,
		&cfg.ObjectStore.AccessKey: s.S3AccessKey, &cfg.ObjectStore.SecretKey: s.S3SecretKey,
	} {
		if from != "" {
			*to = from
		}
	}
	if len(s.Roles) > 0 {
		cfg.Roles = s.Roles
	}
	if s.FinalScrapeTimeout != nil {
		cfg.FinalScrapeTimeout = *s.FinalScrapeTimeout
	}
	cfg.Dev = cfg.Dev || s.Dev
	cfg.Version = version
	return cfg, nil
}

// announce says where the platform is reached.
func (s *serveCmd) announce(c *cli, cfg platform.Config, a platform.Addresses) {
	for _, line := range []struct{ name, url string }{
		{"API", a.Gateway}, {"documentation", docs(a.Gateway)}, {"videos", a.Edge}, {"origin", a.Origin}, {"metrics", a.Ops + "/metrics"}, {"object storage", a.Blob},
	} {
		if line.url != "" {
			fmt.Fprintf(c.out, "%-15s %s\n", line.name, line.url)
		}
	}
	if cfg.Dev && a.Gateway != "" {
		fmt.Fprintf(c.out, "%-15s %s\n", "API key", filepath.Join(cfg.Data, "api-key"))
	}
	if s.AddressesFile != "" {
		if err := a.WriteFile(s.AddressesFile); err != nil {
			cfg.Logger.Error("addresses were not written", "err", err)
		}
	}
}

func docs(gateway string) string {
	if gateway == "" {
		return ""
	}
	return gateway + "/docs"
}

type blobCmd struct{}

// Run is the object storage child of a serving process.
func (blobCmd) Run(c *cli) error { return blob.RunFromEnvironment(c.ctx, c.out) }
