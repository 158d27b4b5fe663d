package traffic

import (
	"bytes"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// counter counts the requests to one role. It is safe for concurrent use.
type counter struct {
	mu         sync.Mutex
	codes      map[int]int64
	broken     int64
	unanswered int64
	latency    latencies
}

func (c *counter) answered(code int, took time.Duration, broken bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.codes == nil {
		c.codes = map[int]int64{}
	}
	c.codes[code]++
	if broken {
		c.broken++
	}
	c.latency.add(took)
}

func (c *counter) unansweredOne() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unanswered++
}

// seen is a consistent copy of the counts.
func (c *counter) seen() Seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Seen{Broken: c.broken, Unanswered: c.unanswered, Codes: map[string]int64{}, Latency: c.latency.quantiles()}
	for code, n := range c.codes {
		s.Codes[strconv.Itoa(code)] = n
		s.Requests += n
		if good(code) {
			s.Good += n
		} else {
			s.Bad += n
		}
	}
	return s
}

// counting is a transport that counts what goes through it. It reads each answer to its end before it counts, so a
// request is counted with the time that all of it took.
type counting struct {
	next http.RoundTripper
	to   *counter
}

func (t counting) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		t.to.unansweredOne()
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	t.to.answered(resp.StatusCode, time.Since(start), err != nil)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// latencies is a histogram with buckets 2 % wide, from 10 µs to over an hour.
type latencies struct {
	buckets [1024]int64
	n       int64
	max     time.Duration
}

const (
	smallest = 10 * time.Microsecond
	growth   = 1.02
)

func (l *latencies) add(d time.Duration) {
	i := 0
	if d > smallest {
		i = int(math.Ceil(math.Log(float64(d)/float64(smallest)) / math.Log(growth)))
	}
	l.buckets[min(i, len(l.buckets)-1)]++
	l.n++
	l.max = max(l.max, d)
}

// quantile returns the upper bound of the bucket in which the q-quantile lies.
func (l *latencies) quantile(q float64) float64 {
	rank := int64(math.Ceil(q * float64(l.n)))
	for i, n := range l.buckets {
		if rank -= n; rank <= 0 && l.n > 0 {
			return min(smallest.Seconds()*math.Pow(growth, float64(i)), l.max.Seconds())
		}
	}
	return 0
}

func (l *latencies) quantiles() Quantiles {
	return Quantiles{P50: l.quantile(0.5), P95: l.quantile(0.95), P99: l.quantile(0.99), Max: l.max.Seconds()}
}
