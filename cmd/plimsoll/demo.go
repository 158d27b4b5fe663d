package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"plimsoll/internal/controlplane"
	"plimsoll/internal/demo"
	"plimsoll/internal/telemetry"
)

type demoCmd struct {
	Listen     string   `placeholder:"HOST:PORT" help:"Address of pages and API (127.0.0.1:8080)."`
	DataDir    string   `type:"path" placeholder:"DIR" help:"Where everything is kept."`
	Objectives []string `type:"path" placeholder:"PATH" help:"OpenSLO files and folders instead of the shipped ones."`
	Policies   []string `type:"path" placeholder:"PATH" help:"Gate policies instead of the shipped ones."`
	Rate       float64  `default:"10" help:"Traffic in requests a second; 0 for none."`
	Platform   string   `type:"path" placeholder:"FILE" help:"The platform binary; by default the one beside this one."`
	FreePorts  bool     `help:"Let the system choose all ports instead of 8080 and 8090 to 8093."`
	Verbose    bool     `short:"v" help:"Log debug messages."`
}

// Run runs everything until the process is asked to end.
func (d demoCmd) Run(c *cli) error {
	cfg, err := controlplane.ReadConfig("")
	if err != nil {
		return err
	}
	if d.FreePorts {
		cfg.Listen = "127.0.0.1:0"
	}
	cfg.Listen, cfg.DataDir = cmp.Or(d.Listen, cfg.Listen), cmp.Or(d.DataDir, cfg.DataDir)
	cfg.Objectives, cfg.Policies = d.Objectives, d.Policies
	cfg.Version, cfg.Logger = version, newLogger(c, d.Verbose)
	platform, err := d.platform()
	if err != nil {
		return err
	}
	shutdown, err := telemetry.Start(c.Ctx, telemetry.Config{Service: "plimsoll", Version: version})
	if err != nil {
		return err
	}
	defer shutdown(context.WithoutCancel(c.Ctx))
	return demo.Run(c.Ctx, demo.Config{
		ControlPlane: cfg, Platform: platform, FreePorts: d.FreePorts, Rate: d.Rate, Out: c.Out, Logger: cfg.Logger,
	})
}

// platform finds the binary of the video platform.
func (d demoCmd) platform() (string, error) {
	if d.Platform != "" {
		return d.Platform, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the platform binary: %w", err)
	}
	beside := filepath.Join(filepath.Dir(self), "platform")
	if _, err := os.Stat(beside); err == nil {
		return beside, nil
	}
	if found, err := exec.LookPath("platform"); err == nil {
		return filepath.Abs(found)
	}
	return "", fmt.Errorf("the demo needs the platform binary beside %s: build both with make build, or name it with --platform", self)
}
