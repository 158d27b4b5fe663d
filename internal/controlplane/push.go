package controlplane

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/prometheus/storage"

	"plimsoll/collectors"
	"plimsoll/collectors/push"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
)

// PushConfig bounds what senders may ask. A value of 0 means the default.
type PushConfig struct {
	// Anonymous takes pushes without the token.
	Anonymous bool `yaml:"anonymous"`
	// BodyBytes and DecodedBytes bound one request, as it is sent and decompressed.
	BodyBytes    int64 `yaml:"body_bytes"`
	DecodedBytes int64 `yaml:"decoded_bytes"`
	// MemoryBytes bounds all requests that are being counted.
	MemoryBytes int64 `yaml:"memory_bytes"`
	// Requests is how many there may be at a time, those that wait to be durable included.
	Requests int64 `yaml:"requests"`
}

// LimitsConfig bounds what is counted, whichever way it comes. A value of 0 means the default.
type LimitsConfig struct {
	Series     int `yaml:"series"`      // in memory
	Labels     int `yaml:"labels"`      // of one series
	LabelBytes int `yaml:"label_bytes"` // of the labels of one series
}

func (c Config) collectorLimits() collectors.Limits {
	return collectors.Limits{Series: c.Limits.Series, Labels: c.Limits.Labels, LabelBytes: c.Limits.LabelBytes}
}

func (c Config) pushLimits() push.Limits {
	return push.Limits{
		Body: c.Push.BodyBytes, Decoded: c.Push.DecodedBytes, InFlight: c.Push.MemoryBytes, Requests: c.Push.Requests,
		Labels: c.Limits.Labels, LabelBytes: c.Limits.LabelBytes,
	}
}

// pushes are the requests of one term. They end with it: what is under way then is broken off and was not acknowledged.
type pushes struct {
	receiver *push.Receiver

	entry sync.RWMutex    // held for reading by each request
	over  context.Context // done when no further request may enter
	end   context.CancelFunc
}

func newPushes(cfg push.Config) (p *pushes, err error) {
	p = &pushes{}
	if p.receiver, err = push.New(cfg); err != nil {
		return nil, err
	}
	p.over, p.end = context.WithCancel(context.Background())
	return p, nil
}

// run ends the pushes when ctx is done, and returns when none is left.
func (p *pushes) run(ctx context.Context) error {
	<-ctx.Done()
	p.end()
	p.entry.Lock() // waits for those that have entered
	defer p.entry.Unlock()
	return nil
}

// serve takes a request, and reports false if the term is over.
func (p *pushes) serve(w http.ResponseWriter, r *http.Request, h http.Handler) bool {
	p.entry.RLock()
	defer p.entry.RUnlock()
	if p.over.Err() != nil {
		return false
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	control := http.NewResponseController(w)
	defer context.AfterFunc(p.over, func() {
		cancel()
		_ = control.SetReadDeadline(time.Now()) // so that nobody waits for a slow sender; where it cannot be set, its time runs out
	})()
	h.ServeHTTP(w, r.WithContext(ctx))
	return true
}

// pushed is the route of one protocol: on the process that leads it counts, and elsewhere it says who leads.
func (a *App) pushed(protocol func(*push.Receiver) http.Handler) (http.HandlerFunc, error) {
	follower, err := push.New(push.Config{
		Appender: nowhere{}, Deltas: nowhere{}, Logger: a.logger,
		Sync:    func(context.Context) error { return errors.New("this replica follows") },
		Leading: func() (bool, string) { return false, a.replica.Status().Position.Leader },
	})
	if err != nil {
		return nil, err
	}
	following := protocol(follower)
	return func(w http.ResponseWriter, r *http.Request) {
		if err := a.mayPush(r.Context()); err != nil {
			httpapi.WriteProblem(w, err)
			return
		}
		if t := a.term.Load(); t != nil && t.pushes.serve(w, r, protocol(t.pushes.receiver)) {
			return
		}
		following.ServeHTTP(w, r)
	}, nil
}

// mayPush returns nil if whoever asks may push. A sample may be of any service: it feeds whatever objectives want it.
func (a *App) mayPush(ctx context.Context) error {
	if a.cfg.Push.Anonymous {
		return nil
	}
	if identity.From(ctx).Anonymous() {
		return httpapi.Problem(httpapi.Unauthenticated, "pushes need a token: send it as \"Authorization: Bearer TOKEN\"", nil)
	}
	if err := identity.Authorize(ctx, identity.PushSamples, identity.Place{}); err != nil {
		return httpapi.Problem(httpapi.Forbidden, err.Error(), nil)
	}
	return nil
}

// nowhere is where the samples of a follower would go; it is never asked.
type nowhere struct{}

func (nowhere) AppenderV2(context.Context) storage.AppenderV2 { return nil }
