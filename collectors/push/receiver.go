package push

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote/otlptranslator/prometheusremotewrite"
	"golang.org/x/sync/semaphore"
)

// Config of a [Receiver].
type Config struct {
	// Appender receives cumulative samples and gauges. Required. If its appenders have a method Known, as those of collectors.Collector do,
	// series that are known are appended without their labels.
	Appender storage.AppendableV2
	// Deltas receives samples of which each is the increase since its start timestamp. Required.
	Deltas storage.AppendableV2
	// Sync returns when everything is durable that was committed before the call. Required.
	Sync func(context.Context) error
	// Leading reports whether this replica takes samples, and who does if it does not; nil if there is no other.
	Leading func() (ok bool, leader string)
	// OTLP says how names and labels of OTLP are translated; as Prometheus does by default if nil.
	OTLP *config.OTLPConfig
	// Limits on what senders may ask.
	Limits Limits
	// Registerer receives the receiver's metrics; nil registers none.
	Registerer prometheus.Registerer
	// Logger; [slog.Default] when nil.
	Logger *slog.Logger
	// Now tells the time; [time.Now] when nil.
	Now func() time.Time
}

// maxAhead is how far ahead of our clock a sample may be, as in Prometheus.
const maxAhead = 10 * time.Minute

// Receiver takes pushed samples. It is safe for concurrent use.
type Receiver struct {
	cumulative, deltas storage.AppendableV2
	settled            func(context.Context) error
	leading            func() (bool, string)
	otlp               prometheusremotewrite.Settings
	limits             Limits
	logger             *slog.Logger
	now                func() time.Time
	metrics            *metrics

	known      *known
	requests   *semaphore.Weighted
	memory     *semaphore.Weighted // in bytes
	buffers    sync.Pool           // of *[]byte
	decodings  sync.Pool           // of *decoding
	gatherings sync.Pool           // of *gathering
}

// New makes a receiver. It takes nothing before its handlers are served.
func New(c Config) (*Receiver, error) {
	switch {
	case c.Appender == nil:
		return nil, errors.New("make a receiver: Appender is required")
	case c.Deltas == nil:
		return nil, errors.New("make a receiver: Deltas is required")
	case c.Sync == nil:
		return nil, errors.New("make a receiver: Sync is required")
	}
	limits := c.Limits.withDefaults()
	if err := limits.check(); err != nil {
		return nil, fmt.Errorf("make a receiver: %w", err)
	}
	r := &Receiver{
		cumulative: c.Appender,
		deltas:     c.Deltas,
		settled:    c.Sync,
		leading:    c.Leading,
		otlp:       translationOf(cmp.Or(c.OTLP, &config.DefaultOTLPConfig)),
		limits:     limits,
		logger:     cmp.Or(c.Logger, slog.Default()),
		now:        c.Now,
		known:      newKnown(limits.Known),
		requests:   semaphore.NewWeighted(limits.Requests),
		memory:     semaphore.NewWeighted(limits.InFlight),
	}
	if r.leading == nil {
		r.leading = func() (bool, string) { return true, "" }
	}
	if r.now == nil {
		r.now = time.Now
	}
	r.metrics = newMetrics(c.Registerer, r.known.len)
	return r, nil
}

// protocol is how one request writes samples.
type protocol interface {
	name() string
	// take decodes a body and commits what is in it, or as much of it as counts nothing when it comes again.
	take(context.Context, []byte, *hold) (result, error)
	// answer writes what became of the request; nil is no refusal.
	answer(http.ResponseWriter, *result, *refusal)
}

// receive takes one request, unless it was found unfit before, and answers it.
func (r *Receiver) receive(w http.ResponseWriter, req *http.Request, p protocol, unfit error) {
	res, err := result{}, unfit
	if err == nil {
		res, err = r.process(w, req, p)
	}
	why := accepted
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		why = refused.reason
	case err != nil:
		r.logger.Warn("pushed samples are not known to be saved", "protocol", p.name(), "error", err)
		why, refused = notDurable, refuse(notDurable, "the samples are not known to be saved; send them again")
	case res.refused.causes > 0:
		why = partial
	}
	r.metrics.count(p.name(), why, &res)
	p.answer(w, &res, refused)
}

// process takes a request from admission to durability.
func (r *Receiver) process(w http.ResponseWriter, req *http.Request, p protocol) (result, error) {
	if ok, leader := r.leading(); !ok {
		return result{}, refuse(following, "this replica follows and takes no samples; %s leads", cmp.Or(leader, "nobody"))
	}
	if !r.requests.TryAcquire(1) {
		return result{}, refuse(busy, "there are %d requests already, which is the limit; send it again", r.limits.Requests)
	}
	defer r.requests.Release(1)
	res, err := r.count(w, req, p)
	if err == nil {
		err = r.settle(req.Context())
	}
	if err != nil {
		return result{}, err
	}
	return res, nil
}

// count reads and commits a request. It holds memory only for that long.
func (r *Receiver) count(w http.ResponseWriter, req *http.Request, p protocol) (result, error) {
	h := r.hold()
	defer h.release()
	body, err := h.readBody(w, req)
	if err != nil {
		return result{}, err
	}
	return p.take(req.Context(), body, h)
}

// settle returns when what was committed is durable.
func (r *Receiver) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.limits.Sync)
	defer cancel()
	began := time.Now()
	if err := r.settled(ctx); err != nil {
		return fmt.Errorf("save pushed samples: %w", err)
	}
	r.metrics.synced.Observe(time.Since(began).Seconds())
	return nil
}
