package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"

	"plimsoll/internal/pg/pgtest"
)

// operatorToken is that of the replicas of the tests.
const operatorToken = "token-of-the-tests"

// pushedObjective counts what a pusher sends.
var pushedObjective = strings.NewReplacer("name: availability", "name: pushed", "work_total", "pushed_total").Replace(targetObjective)

// pusher sends a counter to whichever replica takes it.
type pusher struct {
	t *testing.T
	r *replicas

	mu    sync.Mutex
	value int64 // of the counter
	acked int64 // what it was when a push was acknowledged last
}

// push sends the counter as it is now to a member. An error means that it is not acknowledged.
func (p *pusher) push(m *member) error {
	p.mu.Lock()
	value := p.value
	p.mu.Unlock()
	request := prompb.WriteRequest{Timeseries: []prompb.TimeSeries{{
		Labels:  []prompb.Label{{Name: "__name__", Value: "pushed_total"}, {Name: "instance", Value: "pusher"}, {Name: "job", Value: "pusher"}, {Name: "result", Value: "good"}},
		Samples: []prompb.Sample{{Timestamp: time.Now().UnixMilli(), Value: float64(value)}},
	}}}
	b, err := request.Marshal()
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url+"/api/v1/write", bytes.NewReader(snappy.Encode(nil, b)))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Encoding", "snappy")
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Authorization", "Bearer "+operatorToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusNoContent {
		if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
			p.t.Errorf("%s does not say when to try again: %s", m.name, said)
		}
		return fmt.Errorf("%s: %s: %s", m.name, resp.Status, said)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acked = max(p.acked, value)
	return nil
}

// deliver sends the counter to one replica after the other until it is acknowledged.
func (p *pusher) deliver() {
	p.t.Helper()
	eventually(p.t, "a push is acknowledged", time.Minute, func() error {
		var errs []error
		for _, m := range p.r.members {
			err := p.push(m)
			if err == nil {
				return nil
			}
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
}

func (p *pusher) add(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.value += n
}

func (p *pusher) acknowledged() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.acked
}

// holds says whether a member reads exactly what was acknowledged.
func (p *pusher) holds(m *member) error {
	var o struct{ Events counts }
	if err := getJSON(m.url+"/v1/objectives/target/pushed", &o); err != nil {
		return err
	}
	if want := p.acknowledged(); o.Events.Total != want {
		return fmt.Errorf("%s reads %d events, %d were acknowledged", m.name, o.Events.Total, want)
	}
	return nil
}

// work adds and sends all the time until the returned function is called, and delivers the last.
func (p *pusher) work() (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
			p.add(1 + int64(i%7))
			_ = p.push(p.r.members[i%len(p.r.members)]) // who is away or follows takes nothing; the next push covers it
		}
	})
	var once sync.Once
	stop = func() { once.Do(func() { close(done) }); wg.Wait() }
	p.t.Cleanup(stop)
	return stop
}

// TestAcknowledgedPushesSurvive kills the leader in the moment in which it has acknowledged a push. The sender does not send it again: what
// was acknowledged is what the next leader has.
func TestAcknowledgedPushesSurvive(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, 2, pgtest.URL(t))
	for _, m := range r.members {
		r.start(m)
	}
	p := &pusher{t: t, r: r}
	p.deliver() // the counter begins
	rng := rand.New(rand.NewPCG(3, 4))
	for round := range 4 {
		leader, epoch := r.leader()
		eventually(t, "the other follows", 30*time.Second, r.other(leader).follows)
		if err := p.push(r.other(leader)); err == nil || !strings.Contains(err.Error(), leader.url) {
			t.Fatalf("a follower answers a push with %v, want that %s leads", err, leader.url)
		}
		for range rng.IntN(5) {
			p.add(1 + rng.Int64N(1000))
			if err := p.push(leader); err != nil {
				t.Fatal(err)
			}
		}
		p.add(1)
		if err := p.push(leader); err != nil {
			t.Fatal(err)
		}
		if round%2 == 0 {
			leader.kill()
		} else {
			leader.signal(syscall.SIGSTOP)
		}
		r.expectNewLeader(leader, epoch)
		eventually(t, "the new leader holds what was acknowledged", 10*time.Second, func() error { return p.holds(r.other(leader)) })
		if round%2 == 0 {
			r.start(leader)
		} else {
			leader.signal(syscall.SIGCONT)
		}
		eventually(t, "the old leader follows and reads it, too", 30*time.Second, func() error {
			return errors.Join(leader.follows(), p.holds(leader))
		})
	}
	req, err := http.NewRequest(http.MethodPost, r.members[0].url+"/api/v1/write", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a push without a token got %s", resp.Status)
	}
}
