package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"plimsoll/internal/controlplane"
	"plimsoll/internal/telemetry"
)

type serveCmd struct {
	Config      string `type:"path" placeholder:"FILE" help:"Configuration file; every key has a default."`
	ConfigCheck bool   `name:"config.check" help:"Check the configuration, objectives, policies and sources, and exit."`
	Listen      string `placeholder:"HOST:PORT" help:"Address of pages and API, instead of the configuration's (127.0.0.1:8080)."`
	DataDir     string `type:"path" placeholder:"DIR" help:"Where data is kept, instead of the configuration's."`
	Verbose     bool   `short:"v" help:"Log debug messages."`
}

// Run serves until the process is asked to end. SIGHUP reads objectives, policies, sources and who is known again.
func (s serveCmd) Run(c *cli) error {
	cfg, err := controlplane.ReadConfig(s.Config)
	if err != nil {
		return err
	}
	logger := newLogger(c, s.Verbose)
	cfg.Listen, cfg.DataDir = cmp.Or(s.Listen, cfg.Listen), cmp.Or(s.DataDir, cfg.DataDir)
	cfg.Version, cfg.Logger = version, logger
	cfg.Ready = func(addr net.Addr) { logger.Info("serving", "url", "http://"+addr.String()+"/", "data", cfg.DataDir) }
	app, err := controlplane.New(cfg)
	if err != nil {
		return err
	}
	if s.ConfigCheck {
		_, err := fmt.Fprintln(c.Out, "The configuration and its objectives, policies and sources are valid.")
		return err
	}
	shutdown, err := telemetry.Start(c.Ctx, telemetry.Config{Service: "plimsoll", Version: version})
	if err != nil {
		return err
	}
	defer shutdown(context.WithoutCancel(c.Ctx))
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	go func() {
		for range hangup {
			if err := app.Reload(); err != nil {
				logger.Error("reload changed nothing", "err", err)
				continue
			}
			logger.Info("reloaded objectives, policies, sources and who is known")
		}
	}()
	return app.Run(c.Ctx)
}

func newLogger(c *cli, verbose bool) *slog.Logger {
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(c.Err, &slog.HandlerOptions{Level: level}))
}
