package push

import (
	"errors"
	"fmt"

	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
)

// request2 is a request of remote write 2.0, in parts that lie in its body.
type request2 struct {
	symbols [][]byte
	series  [][]byte
	refs    []uint32 // of the labels of the series that is being read
}

// readV2 decodes a request of remote write 2.0, io.prometheus.write.v2.Request, and books each series.
func (r *request2) readV2(body []byte, s *series, tx *transaction) error {
	if err := r.divide(body, tx.hold); err != nil {
		return err
	}
	for i, message := range r.series {
		problem, err := r.readSeries(message, s, tx)
		switch {
		case errors.As(err, new(*refusal)):
			return err
		case err != nil:
			return refuse(malformed, "the request cannot be decoded: series %d: %v", i, err)
		case problem != "":
			tx.refused.add(1, fmt.Sprintf("series %d: %s", i, problem))
			continue
		}
		if err := tx.book(s); err != nil {
			return err
		}
	}
	return nil
}

// divide finds the symbols and the series. The symbols may come last.
func (r *request2) divide(body []byte, room *hold) error {
	clear(r.symbols)
	clear(r.series)
	r.symbols, r.series = r.symbols[:0], r.series[:0]
	w := wire{b: body}
	for w.more() {
		number, kind, err := w.field()
		if err != nil {
			return malformedAt(&w, err)
		}
		switch number {
		case 4, 5:
			if err = room.need(partSize); err != nil {
				return err
			}
			var message []byte
			if message, err = w.bytes(kind); number == 4 {
				r.symbols = append(r.symbols, message)
			} else {
				r.series = append(r.series, message)
			}
		default:
			err = w.skip(kind)
		}
		if err != nil {
			return malformedAt(&w, err)
		}
	}
	return nil
}

// readSeries decodes a TimeSeries. It returns what is wrong with it if the request can be decoded all the same.
func (r *request2) readSeries(b []byte, s *series, tx *transaction) (problem string, err error) {
	s.reset()
	r.refs = r.refs[:0]
	var metadata writev2.Metadata
	w := wire{b: b}
	for w.more() {
		number, kind, err := w.field()
		if err != nil {
			return "", err
		}
		switch {
		case number == 1:
			err = r.addRefs(&w, kind)
		case number > 5:
			err = w.skip(kind)
		default:
			var message []byte
			if message, err = w.bytes(kind); err != nil {
				return "", err
			}
			switch number {
			case 2:
				err = s.addSample(message, 2, tx.hold)
			case 3:
				err = s.addV2Histogram(message, tx.hold)
			case 4:
				s.exemplars++
				err = new(writev2.Exemplar).Unmarshal(message)
			case 5:
				err = metadata.Unmarshal(message)
			}
		}
		if err != nil {
			return "", err
		}
	}
	return r.resolve(s, &metadata, tx.limits, tx.guess()), nil
}

// addRefs decodes references to symbols, packed or not. A packed reference may reach beyond the end of the field: so the decoder of
// Prometheus has it.
func (r *request2) addRefs(w *wire, kind int) error {
	end := w.i + 1
	if kind == typeBytes {
		var err error
		if end, err = w.end(); err != nil {
			return err
		}
	} else if kind != typeVarint {
		return errType
	}
	for w.i < end {
		ref, err := w.varint()
		if err != nil {
			return err
		}
		r.refs = append(r.refs, uint32(ref))
	}
	return nil
}

// resolve gives the series its labels. It returns why it cannot.
func (r *request2) resolve(s *series, metadata *writev2.Metadata, limits *Limits, guess *entry) string {
	n := uint64(len(r.symbols))
	if len(r.refs)%2 != 0 {
		return fmt.Sprintf("%d references for names and values of labels: there must be an even number", len(r.refs))
	}
	if uint64(metadata.UnitRef) >= n || uint64(metadata.HelpRef) >= n {
		return fmt.Sprintf("its metadata refer to symbols %d and %d of %d", metadata.UnitRef, metadata.HelpRef, n)
	}
	for i := 0; i < len(r.refs); i += 2 {
		name, value := r.refs[i], r.refs[i+1]
		if uint64(name) >= n || uint64(value) >= n {
			return fmt.Sprintf("a label refers to symbols %d and %d of %d", name, value, n)
		}
		if size := len(s.scratch) + len(r.symbols[name]) + len(r.symbols[value]); size > limits.maxEncoded() {
			return limits.tooLong(size)
		}
		s.scratch = appendLabel(s.scratch, r.symbols[name], r.symbols[value])
	}
	s.labels = s.scratch
	if guess != nil && string(s.labels) == guess.labels {
		s.entry = guess
	}
	if len(s.samples)+len(s.histograms) == 0 && s.exemplars == 0 {
		return "it has neither samples nor histograms nor exemplars"
	}
	return ""
}

func (s *series) addV2Histogram(b []byte, room *hold) error {
	if err := room.needHistogram(b); err != nil {
		return err
	}
	var h writev2.Histogram
	if err := h.Unmarshal(b); err != nil {
		return err
	}
	p := nativeSample{st: h.StartTimestamp, t: h.Timestamp}
	if h.IsFloatHistogram() {
		p.floats = h.ToFloatHistogram()
	} else {
		p.ints = h.ToIntHistogram()
	}
	s.histograms = append(s.histograms, p)
	return nil
}
