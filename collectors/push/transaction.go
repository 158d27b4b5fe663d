package push

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

// series is one series of a request, as it was decoded. It is used again for the next one.
type series struct {
	labels     []byte // as remote write 1.0 writes them; in the request or in scratch
	entry      *entry // the series with these labels, if it was guessed
	scratch    []byte
	samples    []sample
	histograms []nativeSample
	exemplars  int64
}

// sample is one sample. Times are Unix milliseconds; a start timestamp of 0 is unknown.
type sample struct {
	st, t int64
	v     float64
}

// nativeSample is a sample of a native histogram, whose counts are integers or floats.
type nativeSample struct {
	st, t  int64
	ints   *histogram.Histogram
	floats *histogram.FloatHistogram
}

// About what is taken, in bytes, by a part of a request where it lies, by a sample, which is kept until its transaction ends, and by a histogram
// with nothing in it.
const (
	partSize      = 24
	sampleSize    = 64
	histogramSize = 400
)

// perHistogramByte is about how many bytes one of a histogram is decoded into.
const perHistogramByte = 16

func (s *series) reset() {
	clear(s.histograms)
	*s = series{scratch: s.scratch[:0], samples: s.samples[:0], histograms: s.histograms[:0]}
}

// appender is what is asked of an appender beside its appending.
type appender interface {
	storage.AppenderV2
	// Known reports whether Append goes by the reference of a series of floats alone and does not look at the labels.
	Known(storage.SeriesRef) bool
}

// transaction books the series of one request.
type transaction struct {
	known  *known
	limits *Limits
	app    storage.AppenderV2
	byRef  func(storage.SeriesRef) bool // whether a reference does without labels
	latest int64                        // what is later is ahead of our clock
	hold   *hold                        // gives memory for what is decoded
	last   *entry                       // the series that came before

	result
}

// result is what became of a request.
type result struct {
	samples, histograms, exemplars int64 // taken
	refused                        problems
}

func (r *Receiver) begin(app storage.AppenderV2, h *hold) *transaction {
	tx := &transaction{known: r.known, limits: &r.limits, app: app, latest: r.now().Add(maxAhead).UnixMilli(), hold: h}
	tx.byRef = func(storage.SeriesRef) bool { return false }
	if a, ok := app.(appender); ok {
		tx.byRef = a.Known
	}
	return tx
}

// book appends a series. It returns an error if the request is malformed or the appender does not append.
func (tx *transaction) book(s *series) error {
	e, problem, err := tx.identify(s)
	if err != nil {
		return refuse(malformed, "the labels of a series cannot be decoded: %v", err)
	}
	if problem != "" {
		tx.refused.add(1, problem)
		return nil
	}
	if tx.last != nil {
		tx.last.follow(e)
	}
	tx.last = e
	problem, err = tx.bookSamples(e, s)
	if err != nil {
		return err
	}
	if len(s.histograms) > 0 {
		other, err := tx.bookHistograms(e, s)
		if err != nil {
			return err
		}
		problem = cmp.Or(problem, other)
	}
	if problem != "" {
		tx.refused.add(1, problem)
	}
	tx.exemplars += s.exemplars
	return nil
}

// guess returns the series that is likely to come next; nil if that is not known.
func (tx *transaction) guess() *entry {
	if tx.last == nil {
		return nil
	}
	if e := tx.last.next.Load(); e != nil && e.young() {
		return e
	}
	return nil
}

// identify finds out which series it is. It returns why it is refused, or an error if its labels cannot be decoded.
func (tx *transaction) identify(s *series) (e *entry, problem string, err error) {
	switch {
	case s.entry != nil:
		return s.entry, "", nil
	case len(s.labels) > tx.limits.maxEncoded():
		return nil, tx.limits.tooLong(len(s.labels)), nil
	}
	if e = tx.known.find(s.labels); e != nil {
		return e, "", nil
	}
	return tx.meet(s.labels)
}

// meet makes the acquaintance of a series. It returns why the series is refused, or an error if its labels cannot be decoded.
func (tx *transaction) meet(raw []byte) (e *entry, problem string, err error) {
	ls, err := readLabels(raw)
	if err != nil {
		return nil, "", err
	}
	if problem = tx.limits.checkLabels(ls); problem != "" {
		return nil, problem, nil
	}
	return tx.known.add(string(raw)), "", nil
}

func (tx *transaction) bookSamples(e *entry, s *series) (problem string, err error) {
	for i := range s.samples {
		p := &s.samples[i]
		if p.t > tx.latest {
			problem = tooFarAhead(p.t, e.build())
			continue
		}
		ref := storage.SeriesRef(e.float.Load())
		var ls labels.Labels
		if ref == 0 || !tx.byRef(ref) {
			ls = e.build()
		}
		got, err := tx.app.Append(ref, ls, p.st, p.t, p.v, nil, nil, storage.AOptions{})
		if err != nil {
			return "", fmt.Errorf("append a sample: %w", err)
		}
		if got != ref {
			e.float.Store(uint64(got))
		}
		tx.samples++
	}
	return problem, nil
}

func (tx *transaction) bookHistograms(e *entry, s *series) (problem string, err error) {
	ls := e.build()
	for i := range s.histograms {
		p := &s.histograms[i]
		if p.t > tx.latest {
			problem = tooFarAhead(p.t, e.build())
			continue
		}
		if err := p.check(); err != nil {
			problem = fmt.Sprintf("a histogram that is not one, %v, of %s", err, shorten(ls))
			continue
		}
		ref := storage.SeriesRef(e.native.Load())
		got, err := tx.app.Append(ref, ls, p.st, p.t, 0, p.ints, p.floats, storage.AOptions{})
		if err != nil {
			return "", fmt.Errorf("append a histogram: %w", err)
		}
		if got != ref {
			e.native.Store(uint64(got))
		}
		tx.histograms++
	}
	return problem, nil
}

// tooFarAhead is why a sample is refused whose time is ahead of our clock.
func tooFarAhead(t int64, ls labels.Labels) string {
	return fmt.Sprintf("a sample at %d, which is more than %v ahead of our clock, of %s", t, maxAhead, shorten(ls))
}

// build returns the labels of a series. Those that are empty are left out: they mean the same as none.
func (e *entry) build() labels.Labels {
	ls, _ := readLabels([]byte(e.labels)) // they could be read before
	return ls.WithoutEmpty()
}

// check reports why a histogram is not one. Resolutions that only the future has are reduced, as Prometheus does.
func (s *nativeSample) check() error {
	switch {
	case s.ints != nil:
		if reducible(s.ints.Schema) {
			if err := s.ints.ReduceResolution(histogram.ExponentialSchemaMax); err != nil {
				return err
			}
		}
		return s.ints.Validate()
	default:
		if reducible(s.floats.Schema) {
			if err := s.floats.ReduceResolution(histogram.ExponentialSchemaMax); err != nil {
				return err
			}
		}
		return s.floats.Validate()
	}
}

func reducible(schema int32) bool {
	return histogram.IsExponentialSchemaReserved(schema) && schema > histogram.ExponentialSchemaMax
}

// problems are why parts of a request were refused.
type problems struct {
	count  int64 // of the series, or data points
	causes int
	first  []string // of the causes
}

// maxProblems is how many causes are told to the sender.
const maxProblems = 3

// add notes why n parts are refused.
func (p *problems) add(n int, problem string) {
	p.count += int64(n)
	if p.causes++; len(p.first) < maxProblems {
		p.first = append(p.first, problem)
	}
}

// text says how many of what were refused, and why, for the sender.
func (p *problems) text(what string) string {
	text := fmt.Sprintf("refused %d %s and took the others: %s", p.count, what, strings.Join(p.first, "; "))
	if n := p.causes - len(p.first); n > 0 {
		text += fmt.Sprintf("; and %d more like that", n)
	}
	return text
}
