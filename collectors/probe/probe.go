package probe

import (
	"crypto/tls"
	"regexp"
	"time"
)

// Probe is a journey that is run every now and then. Probes are read from files by [Load] and [Parse].
type Probe struct {
	Name    string        // unique; the labels probe and instance of its series
	Service string        // whose objectives it feeds
	Every   time.Duration // between the beginnings of two runs
	Timeout time.Duration // of a run; at most Every

	variables map[string]string
	secrets   []string // values that no message may hold
	tls       *tls.Config
	redirects bool // are followed
	steps     []step
	print     [32]byte // of everything that it does; two probes with one print are the same
}

// Defaults and bounds of a probe.
const (
	DefaultEvery       = time.Minute
	DefaultTimeout     = 30 * time.Second // or Every, if that is shorter
	DefaultStepTimeout = 10 * time.Second // of one request, or the probe's timeout
	DefaultMaxBody     = 16 << 20         // bytes of an answer

	minEvery, maxEvery = time.Second, 24 * time.Hour
	minTimeout         = time.Millisecond
	minPoll, maxPoll   = 10 * time.Millisecond, 10 * time.Minute
	maxMaxBody         = 1 << 30
	maxBodyFile        = 64 << 20
	maxRedirects       = 10
	maxCapture         = 64 << 10 // bytes of a captured value
)

// step is one request and what is expected of its answer.
type step struct {
	name     string
	request  request
	expect   expectations
	captures []capture
	timeout  time.Duration // of one request
	maxBody  int64
	until    *until // nil asks once
}

// until asks again until the expectations hold.
type until struct{ within, every time.Duration }

type request struct {
	method  string
	url     template
	headers []header // in order of their names
	body    template
	file    []byte // instead of body
}

type header struct {
	name  string
	value template
}

// expectations must all hold.
type expectations struct {
	status      []status
	headers     []headerPattern
	contains    []template
	matches     []*regexp.Regexp
	json        []jsonEquals
	within      time.Duration // 0 for any
	certificate time.Duration // that the certificate must still be valid for; 0 for any
}

type headerPattern struct {
	name    string
	pattern *regexp.Regexp
}

// jsonEquals says what stands at a path.
type jsonEquals struct {
	path  jsonPath
	kind  jsonKind
	value template
}

type jsonKind int

const (
	jsonString jsonKind = iota
	jsonNumber
	jsonBool
	jsonNull
)

// status is a range of status codes.
type status struct{ from, to int }

// capture keeps a value of the answer for later steps. Exactly one of its sources is set.
type capture struct {
	variable string
	json     *jsonPath
	header   string
	cookie   string
	regex    *regexp.Regexp // its first group, or all of it
}
