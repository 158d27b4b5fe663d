package platform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// process is a platform whose parts have been made.
type process struct {
	cfg     Config
	logger  *slog.Logger
	reg     *prometheus.Registry
	db      *database
	storage *storage

	ops    *ops
	opsAt  *listener
	public []*listener // those that are drained
	work   []func(context.Context) error
	at     Addresses
}

// Run is the platform until ctx is done or a part of it fails. It returns nil after an orderly stop.
func Run(ctx context.Context, cfg Config) error {
	if err := cfg.Check(); err != nil {
		return err
	}
	p := &process{cfg: cfg, logger: cmp.Or(cfg.Logger, slog.Default()), reg: prometheus.NewRegistry(), ops: &ops{}}
	p.reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := p.open(ctx); err != nil {
		p.close()
		if ctx.Err() != nil {
			return nil // stopped while it was starting
		}
		return err
	}
	return p.run(ctx)
}

// open makes everything that can fail at the start.
func (p *process) open(ctx context.Context) (err error) {
	// The database's own user has to pass through the directory.
	if err := os.MkdirAll(p.cfg.Data, 0o755); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	if p.cfg.needsDatabase() {
		if p.db, err = openDatabase(ctx, p.cfg, p.logger); err != nil {
			return err
		}
		p.ops.check = p.db.pool.Ping
	}
	if p.storage, err = openStorage(ctx, p.cfg, p.logger); err != nil {
		return err
	}
	return p.wire(ctx)
}

// close undoes open.
func (p *process) close() {
	for _, l := range append(p.public, p.opsAt) {
		if l != nil {
			_ = l.net.Close() // closed already, if it has served
		}
	}
	if p.storage != nil {
		p.storage.close()
	}
	if err := p.db.close(); err != nil {
		p.logger.Error("database did not stop", "err", err)
	}
}

// run serves until ctx is done or a part fails, and then ends everything in order.
func (p *process) run(ctx context.Context) error {
	defer p.close()
	failed := make(chan error, len(p.work)+len(p.public)+2)
	var base, serving, working sync.WaitGroup
	start := func(group *sync.WaitGroup, f func() error) {
		group.Go(func() {
			if err := f(); err != nil {
				failed <- err
			}
		})
	}
	baseCtx, endBase := context.WithCancel(context.WithoutCancel(ctx))
	defer func() { endBase(); base.Wait() }()
	if p.storage.process != nil {
		start(&base, func() error { return p.storage.process.Run(baseCtx) })
	}
	start(&base, p.opsAt.serve)
	workCtx, endWork := context.WithCancel(context.WithoutCancel(ctx))
	defer func() { endWork(); working.Wait() }()
	for _, run := range p.work {
		start(&working, func() error { return run(workCtx) })
	}
	for _, l := range p.public {
		start(&serving, l.serve)
	}
	p.ops.serving.Store(true)
	p.logger.Info("platform is ready", "gateway", p.at.Gateway, "edge", p.at.Edge, "ops", p.at.Ops, "blob", p.at.Blob)
	if p.cfg.Ready != nil {
		p.cfg.Ready(p.at)
	}

	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	p.logger.Info("platform is stopping")
	p.ops.serving.Store(false)
	endWork()
	shutdown(p.cfg.DrainTimeout, p.logger, p.public...)
	serving.Wait()
	working.Wait()
	if !p.ops.scrapes.last(context.WithoutCancel(ctx), p.cfg.FinalScrapeTimeout) {
		p.logger.Warn("nobody has read the last metrics", "waited", p.cfg.FinalScrapeTimeout)
	}
	shutdown(opsDrain, p.logger, p.opsAt)
	for {
		select {
		case e := <-failed:
			err = errors.Join(err, e)
		default:
			return err
		}
	}
}

// opsDrain is how long the answer to the last scrape may take.
const opsDrain = 5 * time.Second

// keyFile is where the API key for development is.
func keyFile(data string) string { return filepath.Join(data, "api-key") }
