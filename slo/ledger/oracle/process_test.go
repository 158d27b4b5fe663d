package oracle_test

// process is a program that is watched.
type process struct {
	instance string
	scraped  bool // it is scraped, so that it is known whether it is there
	delta    bool // it sends increases
	starts   bool // it sends start timestamps
	tardy    bool // its samples may come hours late
	skew     int64
	counters map[series]*counter
	sent     []transaction
}

type counter struct {
	started, sent int64
	value, before float64 // now, and when it was sent last
}

func newProcess(h *history, instance string) *process {
	p := &process{
		instance: instance, delta: h.one(4), starts: h.one(2), tardy: h.one(3), skew: pick[int64](h.rng, 0, 0, 20_000, -20_000), counters: map[series]*counter{},
	}
	p.scraped = !p.delta && instance != "c" && !h.one(4)
	return p
}

// names are those of all counters of an instance.
func names(instance string) []series {
	var all []series
	for _, code := range []string{"200", "404", "500"} {
		for _, route := range routes {
			all = append(all, series{"requests_total", code, route, instance})
		}
	}
	return append(all, series{name: "done_total", instance: instance}, series{name: "junk_total", instance: instance})
}

// restart lets all counters begin anew.
func (p *process) restart(now int64) {
	for _, c := range p.counters {
		*c = counter{started: now + p.skew}
	}
}

// serve lets counters come, go and grow.
func (p *process) serve(h *history) {
	all := names(p.instance)
	for range 1 + h.rng.IntN(5) {
		s := pick(h.rng, all...)
		c := p.counters[s]
		switch {
		case c == nil:
			p.counters[s] = &counter{started: h.now + p.skew, value: float64(h.rng.IntN(100))}
		case h.one(12):
			h.saw(sawVanished)
			delete(p.counters, s)
		default:
			c.value += float64(h.rng.IntN(pick(h.rng, 2, 4000))) / 8
		}
	}
}

// expose returns what a process shows as of t, and whether that could be read.
func (p *process) expose(h *history, t int64) []raw {
	var samples []raw
	health := raw{series: series{name: up, instance: p.instance}, t: t, v: 1}
	if p.scraped && h.one(10) {
		health.v = 0
		return []raw{health}
	}
	for _, s := range names(p.instance) {
		if c := p.counters[s]; c != nil {
			samples = append(samples, p.sample(h, s, c, t))
		}
	}
	for _, g := range gauges {
		if h.one(3) {
			samples = append(samples, raw{series: series{name: g.name, instance: p.instance}, t: t, v: pick(h.rng, g.values...)})
		}
	}
	if p.scraped {
		samples = append(samples, health)
	}
	return samples
}

// sample returns what a counter shows.
func (p *process) sample(h *history, s series, c *counter, t int64) raw {
	r := raw{series: s, t: t, v: c.value}
	switch {
	case p.delta:
		r.v = c.value - c.before
		if r.st = c.sent; r.st == 0 {
			r.st = c.started
		}
		if c.before, c.sent = c.value, t; !p.starts {
			r.st = 0
		}
	case p.starts:
		r.st = c.started
	}
	if h.one(50) {
		r.v = -1
	}
	return r
}

// gauges are what each process shows beside its counters, and the values that they may have.
var gauges = []struct {
	name   string
	values []float64
}{
	{"temperature", []float64{-1, 0.1, 0.3, 0.31, nan}},
	{"sold", []float64{-1, 0, 0.9, 3, 250.5, nan}},
	{"returned", []float64{-1, 0, 1, 2.5}},
	{"share", []float64{-0.5, 0, 0.000249, 0.25, 0.57, 1. / 3, 0.999, 0.9999996, 1, 1.5, nan}},
}
