package gateway

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
)

// Limit is a token bucket.
type Limit struct {
	// PerSecond is how many requests a second are let through in the long run. Zero is no limit.
	PerSecond float64 `yaml:"perSecond"`
	// Burst is how many may come at once; PerSecond rounded up if zero.
	Burst int `yaml:"burst"`
}

// Check refuses what cannot be a limit.
func (l Limit) Check() error {
	if !(l.PerSecond >= 0) || math.IsInf(l.PerSecond, 0) || l.Burst < 0 {
		return fmt.Errorf("%v a second with a burst of %d: neither can be negative", l.PerSecond, l.Burst)
	}
	return nil
}

// Limits bound what one caller may ask of one route. A caller is who the API key stands for; without a valid key it is
// the address.
type Limits struct {
	Read  Limit `yaml:"read"`  // GET and HEAD
	Write Limit `yaml:"write"` // everything else
}

const (
	// maxCallers bounds the memory of the limiter; the buckets least used are forgotten, which only ever lets more through.
	maxCallers = 100_000
	// idleBucket is how long an unused bucket is kept.
	idleBucket = 10 * time.Minute
)

type limiter struct {
	limits  Limits
	now     func() time.Time
	buckets *otter.Cache[bucketKey, *rate.Limiter]
}

type bucketKey struct {
	caller, route string
	write         bool
}

func newLimiter(limits Limits, now func() time.Time) (*limiter, error) {
	for name, l := range map[string]*Limit{"read": &limits.Read, "write": &limits.Write} {
		if err := l.Check(); err != nil {
			return nil, fmt.Errorf("rate limit %s: %w", name, err)
		}
		if l.Burst == 0 {
			l.Burst = int(math.Ceil(l.PerSecond))
		}
	}
	buckets, err := otter.New(&otter.Options[bucketKey, *rate.Limiter]{
		MaximumSize:      maxCallers,
		ExpiryCalculator: otter.ExpiryAccessing[bucketKey, *rate.Limiter](idleBucket),
	})
	if err != nil {
		return nil, fmt.Errorf("make rate limiter: %w", err)
	}
	return &limiter{limits: limits, now: now, buckets: buckets}, nil
}

// wait returns how long the caller has to wait before its next request to the route is let through; 0 lets this one.
func (l *limiter) wait(caller, route, method string) time.Duration {
	limit, write := l.limits.Read, false
	if method != http.MethodGet && method != http.MethodHead {
		limit, write = l.limits.Write, true
	}
	if limit.PerSecond == 0 {
		return 0
	}
	bucket, _ := l.buckets.ComputeIfAbsent(bucketKey{caller, route, write}, func() (*rate.Limiter, bool) {
		return rate.NewLimiter(rate.Limit(limit.PerSecond), limit.Burst), false
	})
	now := l.now()
	reservation := bucket.ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	if wait > 0 {
		reservation.CancelAt(now) // a refused request takes no token
	}
	return wait
}

// authenticate finds the caller and lets it in if it has not asked too much.
func authenticate(cfg Config, limits *limiter) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			principal, authErr := cfg.Authenticate(r)
			caller := "key " + principal.Subject
			if principal.Anonymous() {
				caller = "address " + address(r)
			}
			if wait := limits.wait(caller, routeOf(r), r.Method); wait > 0 {
				httpapi.WriteProblem(w, httpapi.RetryLater(httpapi.TooMany,
					"you are asking more than this route allows one caller; Retry-After says when to come back", wait))
				return
			}
			switch {
			case authErr == nil:
				next.ServeHTTP(w, r.WithContext(identity.With(r.Context(), principal)))
			case errors.Is(authErr, cfg.ErrBadKey):
				httpapi.WriteProblem(w, httpapi.Problem(httpapi.Unauthenticated, authErr.Error(), nil))
			default:
				cfg.Logger.ErrorContext(r.Context(), "caller could not be identified", "request", httpapi.RequestID(r.Context()), "err", authErr)
				httpapi.WriteProblem(w, httpapi.RetryLater(httpapi.Unavailable, "API keys cannot be checked now; try again", time.Second))
			}
		})
	}
}

// address of the peer without its port. Forwarding headers are not believed: anybody can send them.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
