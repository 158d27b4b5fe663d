package scrape

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/storage"
)

// Config of a [Scraper].
type Config struct {
	// Appender receives the samples. Required.
	Appender storage.AppendableV2
	// Jobs to begin with.
	Jobs Jobs
	// Dir is what file names in jobs are relative to; the working directory when empty.
	Dir string
	// Dial connects to targets; a [net.Dialer] when nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Registerer receives the metrics of Prometheus's scrape and discovery managers; nil registers none.
	Registerer prometheus.Registerer
	// Logger; [slog.Default] when nil.
	Logger *slog.Logger
}

// Scraper scrapes the targets of its jobs.
type Scraper struct {
	dir        string
	logger     *slog.Logger
	registerer prometheus.Registerer
	manager    *scrape.Manager

	mu        sync.Mutex
	cfg       *config.Config
	discovery *discovery.Manager // nil unless it runs
}

// settle is how long discovery waits for more changes before it passes them on.
const settle = time.Second

// New makes a scraper. Nothing is scraped before [Scraper.Run].
func New(c Config) (*Scraper, error) {
	if c.Appender == nil {
		return nil, errors.New("make a scraper: Appender is required")
	}
	s := &Scraper{dir: c.Dir, logger: cmp.Or(c.Logger, slog.Default()), registerer: c.Registerer}
	if s.registerer == nil {
		s.registerer = prometheus.NewRegistry()
	}
	var err error
	if s.cfg, err = c.Jobs.load(c.Dir); err != nil {
		return nil, fmt.Errorf("make a scraper: %w", err)
	}
	options := &scrape.Options{
		ParseST:                  true,
		DiscoveryReloadOnStartup: true,
		DiscoveryReloadInterval:  model.Duration(settle),
	}
	if c.Dial != nil {
		options.HTTPClientOptions = []promconfig.HTTPClientOption{promconfig.WithDialContextFunc(c.Dial)}
	}
	s.manager, err = scrape.NewManager(options, s.logger, nil, nil, c.Appender, s.registerer)
	if err != nil {
		return nil, fmt.Errorf("make a scraper: %w", err)
	}
	return s, nil
}

// Run scrapes until ctx is done. A scrape that is under way then is finished first, so that when Run returns all samples
// are committed whole or not at all and none will follow. It can run once.
func (s *Scraper) Run(ctx context.Context) error {
	metrics, err := discovery.CreateAndRegisterSDMetrics(s.registerer)
	if err != nil {
		return fmt.Errorf("start discovery: %w", err)
	}
	found := discovery.NewManager(ctx, s.logger, s.registerer, metrics, discovery.Name("scrape"), discovery.Updatert(settle))
	if found == nil {
		return errors.New("start discovery: its metrics are registered already")
	}
	s.mu.Lock()
	s.discovery = found
	err = s.apply(s.cfg)
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("start scraping: %w", err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = found.Run() })                   // ends with ctx
	wg.Go(func() { _ = s.manager.Run(found.SyncCh()) }) // ends when discovery does
	<-ctx.Done()
	s.mu.Lock()
	s.discovery = nil
	s.mu.Unlock()
	wg.Wait()
	return s.stop()
}

// stop waits for the loops to finish. They lose their jobs first, so that a change of targets that is still under way starts none.
func (s *Scraper) stop() error {
	defer s.manager.Stop()
	nothing, err := Jobs{}.load(s.dir)
	if err == nil {
		err = s.manager.ApplyConfig(nothing)
	}
	if err != nil {
		return fmt.Errorf("stop scraping: %w", err)
	}
	return nil
}

// Apply replaces the jobs. Loops of jobs that stay the same go on undisturbed.
func (s *Scraper) Apply(jobs Jobs) error {
	cfg, err := jobs.load(s.dir)
	if err != nil {
		return fmt.Errorf("apply scrape jobs: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.discovery != nil {
		if err := s.apply(cfg); err != nil {
			return fmt.Errorf("apply scrape jobs: %w", errors.Join(err, s.apply(s.cfg)))
		}
	}
	s.cfg = cfg
	return nil
}

// apply hands a configuration to the managers.
func (s *Scraper) apply(cfg *config.Config) error {
	if err := s.manager.ApplyConfig(cfg); err != nil {
		return err
	}
	jobs, err := cfg.GetScrapeConfigs()
	if err != nil {
		return err
	}
	finders := map[string]discovery.Configs{}
	for _, job := range jobs {
		finders[job.JobName] = job.ServiceDiscoveryConfigs
	}
	return s.discovery.ApplyConfig(finders)
}
