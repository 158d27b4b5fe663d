package promtest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// Scrape is what one scrape of one target found.
type Scrape struct {
	T       int64 // Unix milliseconds
	Samples []Sample
}

// History says what a job looked like to whoever scraped it.
type History struct {
	Seed     uint64
	From, To time.Time
	Every    time.Duration
	Targets  int
}

// target is a process that counts requests by their code.
type target struct {
	instance string
	offset   int64 // of its scrapes, in milliseconds
	counters map[string]float64
	had      map[string]bool // counters of this instance, with their process or one before
	down     int             // scrapes for which it stays down
}

// codes are the series of a target; some appear late and some never.
var codes = []string{"200", "204", "404", "500", "503"}

// Scrapes returns the scrapes of a job "api" in the order of time: requests_total by code, and up. Counters grow, begin anew when a process
// restarts, appear with their first request and vanish with their process; targets are down at times, and at times nobody scrapes. What comes back
// does so after some scrapes, not after hundreds.
func (h History) Scrapes() []Scrape {
	rng := rand.New(rand.NewPCG(h.Seed, 1))
	targets := make([]*target, h.Targets)
	for i := range targets {
		targets[i] = &target{instance: fmt.Sprintf("10.0.0.%d:8080", i+1), offset: rng.Int64N(h.Every.Milliseconds()), counters: map[string]float64{}, had: map[string]bool{}}
	}
	var all []Scrape
	gap := 0
	for t := h.From.UnixMilli(); t < h.To.UnixMilli(); t += h.Every.Milliseconds() {
		if gap == 0 && rng.IntN(400) == 0 {
			gap = 1 + rng.IntN(10)
		}
		scraped := gap == 0
		gap = max(0, gap-1)
		for _, target := range inOrder(targets) {
			target.live(rng)
			if scraped {
				all = append(all, target.scrape(t+target.offset))
			}
		}
	}
	return all
}

// inOrder returns the targets by the offsets of their scrapes.
func inOrder(targets []*target) []*target {
	for i := range targets {
		for k := i; k > 0 && targets[k].offset < targets[k-1].offset; k-- {
			targets[k], targets[k-1] = targets[k-1], targets[k]
		}
	}
	return targets
}

// live lets a target serve, restart, fail and be replaced.
func (g *target) live(rng *rand.Rand) {
	g.down = max(0, g.down-1)
	switch rng.IntN(300) {
	case 0: // the process restarts
		clear(g.counters)
	case 1: // it is away for a while, and comes back as it was or anew
		g.down = 1 + rng.IntN(10)
		if rng.IntN(2) == 0 {
			clear(g.counters)
		}
	case 2: // another one takes its place
		clear(g.counters)
		clear(g.had)
		g.instance = fmt.Sprintf("10.0.%d.%d:8080", 1+rng.IntN(250), rng.IntN(250))
	}
	for i, code := range codes {
		_, there := g.counters[code]
		if there || g.had[code] && rng.IntN(3) == 0 || rng.IntN(20*i+1) == 0 {
			g.had[code] = true
			g.counters[code] += float64(rng.IntN(4000/(i*i*i+1))) / 4
		}
	}
}

func (g *target) scrape(t int64) Scrape {
	s := Scrape{T: t}
	up := 0.0
	if g.down == 0 {
		up = 1
		for _, code := range codes {
			if v, ok := g.counters[code]; ok {
				s.Samples = append(s.Samples, Sample{labels.FromStrings("__name__", "requests_total", "code", code, "instance", g.instance, "job", "api"), t, v})
			}
		}
	}
	s.Samples = append(s.Samples, Sample{labels.FromStrings("__name__", "up", "instance", g.instance, "job", "api"), t, up})
	return s
}

// Samples returns the samples of some scrapes.
func Samples(scrapes []Scrape) []Sample {
	var all []Sample
	for _, s := range scrapes {
		all = append(all, s.Samples...)
	}
	return all
}
