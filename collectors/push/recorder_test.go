package push

import (
	"context"
	"math"
	"sync"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

// recorded is a sample as it was committed.
type recorded struct {
	Labels string
	ST, T  int64
	Bits   uint64 // of the value
	Ints   *histogram.Histogram
	Floats *histogram.FloatHistogram
}

// recorder keeps what is committed. It gives each series a reference and then goes by it, as the collector does.
type recorder struct {
	mu       sync.Mutex
	refs     map[string]storage.SeriesRef
	series   []string // by reference
	expired  storage.SeriesRef
	samples  []recorded
	unhelped int   // appends for which labels had to be built
	fail     error // of every append
}

func newRecorder() *recorder {
	return &recorder{refs: map[string]storage.SeriesRef{}, series: []string{""}}
}

// expire makes all references unknown.
func (r *recorder) expire() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expired = storage.SeriesRef(len(r.series) - 1)
	clear(r.refs)
}

func (r *recorder) all() []recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.samples
}

func (r *recorder) AppenderV2(context.Context) storage.AppenderV2 { return &recording{recorder: r} }

type recording struct {
	*recorder
	pending []recorded
}

func (r *recording) Known(ref storage.SeriesRef) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return ref > r.expired && int(ref) < len(r.series)
}

func (r *recording) Append(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, _ storage.AOptions) (storage.SeriesRef, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return 0, r.fail
	}
	if h != nil || fh != nil || ref <= r.expired || int(ref) >= len(r.series) {
		r.unhelped++
		text := ls.String()
		if ref = r.refs[text]; ref == 0 {
			ref = storage.SeriesRef(len(r.series))
			r.refs[text], r.series = ref, append(r.series, text)
		}
	}
	r.pending = append(r.pending, recorded{r.series[ref], st, t, math.Float64bits(v), h, fh})
	return ref, nil
}

func (r *recording) AppendExemplars(ref storage.SeriesRef, _ labels.Labels, _ []exemplar.Exemplar) (storage.SeriesRef, error) {
	return ref, nil
}

func (r *recording) Commit() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.samples = append(r.samples, r.pending...)
	return nil
}

func (r *recording) Rollback() error { return nil }
