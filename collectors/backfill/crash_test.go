package backfill_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"plimsoll/collectors/backfill"
	"plimsoll/collectors/promql"
	"plimsoll/collectors/promql/promtest"
)

// A process that is killed at any time, with whatever of its ledger was saved last, is followed by one that goes on. Nothing is doubled and nothing is
// missing. Live counting goes on meanwhile, and its scrapes are older than the saved state by up to an hour after a crash.
func TestCrash(t *testing.T) {
	t.Parallel()
	m := newMonth(t)
	for seed := range uint64(2) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 3))
			k := &killer{at: 10 + rng.Int64N(20)}
			server := promtest.New(t, k.watch)
			server.Append(t, promtest.Samples(m.between(-1, month))...)
			pool, now := newDatabase(t), at(base.Add(month))
			p := start(t, pool, now, objectives())
			job, err := p.jobs.Create(t.Context(), backfill.Spec{From: base, Source: "prometheus"}, "ada", now.now())
			if err != nil {
				t.Fatal(err)
			}
			live := month // how far live counting has come
			for crashes := 0; ; crashes++ {
				to := min(month+after, live+time.Duration(1+rng.IntN(20))*time.Minute)
				p.scrape(t, "", m.between(month-2*time.Hour, to)) // what was not saved comes again, as a counter that has grown
				live = to
				now.ms.Store(max(now.ms.Load(), base.Add(to).UnixMilli()))
				if job = p.fill(k.life(t.Context()), t, server.URL, job, rng); job.State.Ended() {
					t.Logf("killed %d times", crashes)
					if crashes < 3 {
						t.Errorf("the process was killed only %d times", crashes)
					}
					break
				}
				if k.at = k.requests + 1 + rng.Int64N(20); crashes > 8 {
					k.at = 0
				}
				p = start(t, pool, now, objectives())
			}
			p.scrape(t, "", m.between(live, month+after))
			m.compare(t, p.ledger)
		})
	}
}

// killer ends the life of a process when the server gets a request of a certain number.
type killer struct {
	mu       sync.Mutex
	requests int64
	at       int64
	kill     context.CancelFunc
}

// life begins a life.
func (k *killer) life(ctx context.Context) context.Context {
	k.mu.Lock()
	defer k.mu.Unlock()
	ctx, k.kill = context.WithCancel(ctx)
	return ctx
}

func (k *killer) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k.mu.Lock()
		if k.requests++; k.requests == k.at {
			k.kill()
		}
		k.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// fill runs a runner until the job has ended or the process is killed. A checkpoint is saved now and then.
func (p *plimsoll) fill(ctx context.Context, t *testing.T, url string, job backfill.Job, rng *rand.Rand) backfill.Job {
	t.Helper()
	cfg := p.config(promql.Server{Name: "prometheus", URL: url})
	progress := &progress{Store: p.jobs, saved: func() error {
		if rng.IntN(3) > 0 {
			return nil
		}
		return p.checkpoints.Save(t.Context())
	}}
	cfg.Store = progress
	runner, err := backfill.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	progress.ended = cancel
	if err := runner.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if job, err = p.jobs.Get(t.Context(), job.ID); err != nil {
		t.Fatal(err)
	}
	return job
}
