package traffic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"plimsoll/platform/catalog"
	"plimsoll/platform/client"
)

// The roles that requests go to.
const (
	Gateway = "gateway"
	Edge    = "edge"
	Storage = "storage"
)

// Config of the traffic.
type Config struct {
	// URL of the platform's gateway. Required.
	URL string
	// Key is the API key, needed for uploads.
	Key string
	// Rate is how many requests a second are sent; 10 if zero.
	Rate float64
	// For is how long; until the context is done if zero.
	For time.Duration
	// Viewers bounds the requests that are under way at a time; 16 if zero.
	Viewers int
	// Clips is how many short clips are made and uploaded at the start.
	Clips int
	// UploadEvery is the time between further uploads; zero for none.
	UploadEvery time.Duration
	Logger      *slog.Logger
}

const (
	requestTimeout = 15 * time.Second
	// drainTimeout is how long the end waits for what is under way: more than a request can take.
	drainTimeout = 2 * requestTimeout
)

// Traffic is one client. It runs once.
type Traffic struct {
	cfg     Config
	client  *client.Client
	viewer  *http.Client // reads from the edge
	counts  map[string]*counter
	viewers chan *viewer
	library library
	started atomic.Pointer[time.Time]
	ended   atomic.Pointer[time.Time]

	skipped, uploads, ready, failed atomic.Int64
}

// New makes the client; it sends nothing.
func New(cfg Config) (*Traffic, error) {
	cfg.Rate = cmp.Or(cfg.Rate, 10)
	cfg.Viewers = cmp.Or(cfg.Viewers, 16)
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	switch {
	case !(cfg.Rate > 0) || math.IsInf(cfg.Rate, 0) || cfg.Rate > 10_000:
		return nil, fmt.Errorf("rate: %v requests a second; more than 0 and at most 10000 can be sent", cfg.Rate)
	case cfg.Viewers < 0:
		return nil, fmt.Errorf("viewers: %d; at least one is needed", cfg.Viewers)
	case cfg.Clips < 0 || cfg.Clips > 100:
		return nil, fmt.Errorf("clips: %d; 0 to 100 can be uploaded", cfg.Clips)
	case cfg.For < 0 || cfg.UploadEvery < 0:
		return nil, errors.New("a duration is negative")
	case cfg.Key == "" && (cfg.Clips > 0 || cfg.UploadEvery > 0):
		return nil, errors.New("uploads need an API key")
	}
	t := &Traffic{cfg: cfg, counts: map[string]*counter{}, viewers: make(chan *viewer, cfg.Viewers)}
	through := func(role string) *http.Client {
		t.counts[role] = &counter{}
		// No proxy and no compression: one request here is one request there.
		return &http.Client{Timeout: requestTimeout, Transport: counting{&http.Transport{
			MaxIdleConnsPerHost: cfg.Viewers, DisableCompression: true, IdleConnTimeout: 30 * time.Second,
		}, t.counts[role]}}
	}
	t.viewer = through(Edge)
	var err error
	t.client, err = client.New(client.Config{URL: cfg.URL, Key: cfg.Key, API: through(Gateway), Storage: through(Storage)})
	if err != nil {
		return nil, err
	}
	for range cfg.Viewers {
		t.viewers <- &viewer{}
	}
	return t, nil
}

// Run sends requests until the time is over or ctx is done, waits for the last answers, and returns the report.
func (t *Traffic) Run(ctx context.Context) (Report, error) {
	now := time.Now()
	if !t.started.CompareAndSwap(nil, &now) {
		return Report{}, errors.New("this traffic has run already")
	}
	stop, cancel := ctx, context.CancelFunc(func() {})
	if t.cfg.For > 0 {
		stop, cancel = context.WithTimeout(ctx, t.cfg.For)
	}
	defer cancel()
	// What has been sent is waited for, also after the stop.
	work, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()

	var busy sync.WaitGroup
	var uploadErr error
	busy.Go(func() { uploadErr = t.upload(stop, work) })
	tick := time.NewTicker(time.Duration(float64(time.Second) / t.cfg.Rate))
	defer tick.Stop()
	for stop.Err() == nil {
		select {
		case <-stop.Done():
		case <-tick.C:
			select {
			case v := <-t.viewers:
				busy.Go(func() {
					defer func() { t.viewers <- v }()
					t.step(work, v)
				})
			default:
				t.skipped.Add(1)
			}
		}
	}
	drain := time.AfterFunc(drainTimeout, end)
	defer drain.Stop()
	busy.Wait()
	over := time.Now()
	t.ended.Store(&over)
	return t.Snapshot(), uploadErr
}

// Snapshot is the report so far. It may be called at any time.
func (t *Traffic) Snapshot() Report {
	r := Report{URL: t.cfg.URL, Roles: map[string]Seen{}, Skipped: t.skipped.Load(), EndedAt: t.ended.Load(),
		Uploads: Uploads{Started: t.uploads.Load(), Ready: t.ready.Load(), Failed: t.failed.Load()}}
	if s := t.started.Load(); s != nil {
		r.StartedAt = *s
	}
	for role, c := range t.counts {
		r.Roles[role] = c.seen()
	}
	return r
}

// step sends one request.
func (t *Traffic) step(ctx context.Context, v *viewer) {
	known := t.library.pick()
	p := rand.Float64()
	switch {
	case known == "" || p < 0.2:
		list, err := t.client.Videos(ctx, "", 50)
		if err == nil {
			t.library.set(list)
		}
	case p < 0.5 || !t.watch(ctx, v):
		_, _ = t.client.Video(ctx, known) // the transport has counted how it went
	}
}

// library is the videos that are known.
type library struct {
	mu    sync.Mutex
	ids   []catalog.VideoID
	plays []string // HLS addresses of those that are ready
}
