// Package demo runs everything on one machine: PostgreSQL, the video platform with honest traffic, and the control plane that watches
// it. The platform is the binary beside this one, as a child process, as it would be in life.
//
//	start:  PostgreSQL ─▶ platform serve ─▶ control plane ─▶ platform traffic
//	stop:   traffic ─▶ platform (its last scrape is taken by the control plane) ─▶ control plane ─▶ PostgreSQL
//
// What a crash leaves behind is ended or adopted at the next start: children by their PID files, PostgreSQL by its folder.
package demo

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"plimsoll/collectors/scrape"
	"plimsoll/internal/child"
	"plimsoll/internal/controlplane"
	"plimsoll/internal/pg"
)

// Config of a demo.
type Config struct {
	// ControlPlane is started with a database and a scrape job added. Its DataDir holds everything. Required.
	ControlPlane controlplane.Config
	// Platform is the path of the platform binary. Required.
	Platform string
	// FreePorts lets the system choose all ports of the platform.
	FreePorts bool
	// Rate of the traffic in requests a second; none when 0.
	Rate   float64
	Out    io.Writer    // for people; required
	Logger *slog.Logger // slog.Default when nil
}

// Addresses are the base URLs of a running demo and where its secrets are, as written to DataDir/addresses.json.
type Addresses struct {
	Plimsoll  string `json:"plimsoll"`
	TokenFile string `json:"tokenFile"`
	Gateway   string `json:"gateway"`
	Edge      string `json:"edge"`
	Ops       string `json:"ops"`
	KeyFile   string `json:"keyFile"`
}

const (
	scrapeEvery  = 5 * time.Second
	startTimeout = time.Minute
	stopTimeout  = 30 * time.Second
)

type demo struct {
	cfg      Config
	dir      string
	logger   *slog.Logger
	database string // URL of the platform's
	platform *child.Process
	traffic  *child.Process
	plane    chan error // how the control plane ended
	stop     context.CancelFunc
	at       Addresses
}

// Run starts everything, prints where it is, and stops everything when ctx is done or a part ends.
func Run(ctx context.Context, cfg Config) (err error) {
	cfg.ControlPlane.Token = "" // the one in the data directory, so that the addresses tell where it is
	d := &demo{cfg: cfg, dir: cfg.ControlPlane.DataDir, logger: cmp.Or(cfg.Logger, slog.Default()), plane: make(chan error, 1)}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	server, err := pg.Start(ctx, pg.Config{Dir: filepath.Join(d.dir, "postgresql"), URL: cfg.ControlPlane.DatabaseURL, Logger: d.logger})
	if err != nil {
		return err
	}
	unwatch := watch(server)
	defer func() { err = errors.Join(err, d.shutdown(), unwatch(), server.Stop(context.Background())) }()
	if err := d.start(ctx, server); err != nil {
		if ctx.Err() != nil {
			return nil // interrupted while starting
		}
		return err
	}
	d.announce()
	var traffic <-chan struct{} // nil without traffic
	if d.traffic != nil {
		traffic = d.traffic.Done()
	}
	select {
	case <-ctx.Done():
		fmt.Fprintln(cfg.Out, "\nStopping: traffic, platform, control plane, PostgreSQL.")
		return nil
	case err := <-d.plane:
		d.plane <- err
		return fmt.Errorf("the control plane ended: %w", err)
	case <-d.platform.Done():
		return fmt.Errorf("the platform ended (%v); its log is %s", d.platform.Err(), d.log("platform"))
	case <-traffic:
		return fmt.Errorf("the traffic ended (%v); its log is %s", d.traffic.Err(), d.log("traffic"))
	}
}

// watch starts the database again if it dies alone, until the returned function is called.
func watch(server *pg.Server) (unwatch func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	return func() error {
		cancel()
		return <-ended
	}
}

func (d *demo) start(ctx context.Context, server *pg.Server) (err error) {
	own, err := server.Database(ctx, "plimsoll")
	if err != nil {
		return err
	}
	if d.database, err = server.Database(ctx, "platform"); err != nil {
		return err
	}
	if err := d.startPlatform(ctx); err != nil {
		return err
	}
	if err := d.startControlPlane(ctx, own); err != nil {
		return err
	}
	b, err := json.MarshalIndent(d.at, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.dir, "addresses.json"), append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("write addresses: %w", err)
	}
	if d.cfg.Rate == 0 {
		return nil
	}
	d.traffic, err = d.child("traffic", "traffic", "--url", d.at.Gateway, "--key-file", d.at.KeyFile,
		"--rate", strconv.FormatFloat(d.cfg.Rate, 'g', -1, 64))
	return err
}

// startPlatform starts the platform and waits until it says where it is.
func (d *demo) startPlatform(ctx context.Context) (err error) {
	data := filepath.Join(d.dir, "platform")
	if err := os.MkdirAll(data, 0o755); err != nil {
		return fmt.Errorf("make data directory of the platform: %w", err)
	}
	file := filepath.Join(d.dir, "platform.addresses.json")
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("forget old addresses: %w", err)
	}
	args := []string{"serve", "--dev", "--data", data, "--addresses-file", file}
	if d.cfg.FreePorts {
		for _, role := range []string{"gateway", "edge", "ops", "blob"} {
			args = append(args, "--listen-"+role, "127.0.0.1:0")
		}
	}
	if d.platform, err = d.child("platform", args...); err != nil {
		return err
	}
	timeout, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		if b, err := os.ReadFile(file); err == nil { // written whole or not at all
			d.at.KeyFile = filepath.Join(data, "api-key")
			return json.Unmarshal(b, &d.at)
		}
		select {
		case <-d.platform.Done():
			log := tail(d.log("platform"))
			return fmt.Errorf("the platform did not start (%v):\n%s%s", d.platform.Err(), log, advice(log))
		case <-timeout.Done():
			return fmt.Errorf("the platform did not start in time; its log is %s", d.log("platform"))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (d *demo) startControlPlane(ctx context.Context, database string) error {
	ops, err := url.Parse(d.at.Ops)
	if err != nil {
		return fmt.Errorf("read address of the platform: %w", err)
	}
	cfg := d.cfg.ControlPlane
	cfg.DatabaseURL = database
	cfg.ScrapeConfigs, err = scrape.ParseJobs(fmt.Appendf(nil,
		"- job_name: video-api\n  scrape_interval: %v\n  scrape_timeout: %v\n  static_configs: [{targets: [%q], labels: {service: video-api}}]\n", scrapeEvery, scrapeEvery, ops.Host))
	if err != nil {
		return fmt.Errorf("make scrape job: %w", err)
	}
	ready := make(chan net.Addr, 1)
	cfg.Ready = func(a net.Addr) { ready <- a }
	app, err := controlplane.New(cfg)
	if err != nil {
		return err
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	d.stop = cancel
	go func() { d.plane <- app.Run(running) }()
	select {
	case err := <-d.plane:
		d.plane <- nil
		return err
	case a := <-ready:
		d.at.Plimsoll = "http://" + a.String()
		d.at.TokenFile = filepath.Join(d.dir, "token")
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// child starts the platform binary with its output in a log file.
func (d *demo) child(name string, args ...string) (*child.Process, error) {
	log, err := os.Create(d.log(name))
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	defer log.Close()
	return child.Start(child.Config{
		Path: d.cfg.Platform, Args: args, PIDFile: filepath.Join(d.dir, name+".pid"), Stdout: log, Stderr: log,
		Env: []string{"PLATFORM_DATABASE_URL=" + d.database},
	})
}

// shutdown stops what was started: the platform's last scrape needs the control plane, which therefore goes after it.
func (d *demo) shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var errs []error
	for _, p := range []*child.Process{d.traffic, d.platform} {
		if p != nil {
			errs = append(errs, p.Stop(ctx))
		}
	}
	if d.stop != nil {
		d.stop()
		errs = append(errs, <-d.plane)
	}
	return errors.Join(errs...)
}

func (d *demo) log(name string) string { return filepath.Join(d.dir, name+".log") }

// advice is what helps where the log tells of a port that is taken.
func advice(log []byte) string {
	if bytes.Contains(log, []byte("address already in use")) {
		return "Another program has that port. Does another demo run? --free-ports lets the system choose (make run ARGS=--free-ports)."
	}
	return ""
}

func tail(file string) []byte {
	b, err := os.ReadFile(file)
	if err != nil {
		return []byte(err.Error())
	}
	return b[max(0, len(b)-2000):]
}
