package push

import (
	"errors"

	"github.com/prometheus/prometheus/prompb"
)

// readV1 decodes a request of remote write 1.0, prometheus.WriteRequest, and books each series.
func readV1(body []byte, s *series, tx *transaction) error {
	w := wire{b: body}
	for w.more() {
		number, kind, err := w.field()
		if err != nil {
			return malformedAt(&w, err)
		}
		if number != 1 && number != 3 {
			if err := w.skip(kind); err != nil {
				return malformedAt(&w, err)
			}
			continue
		}
		message, err := w.bytes(kind)
		if err == nil {
			if number == 1 {
				err = s.readV1(message, tx.guess(), tx.hold)
			} else {
				err = new(prompb.MetricMetadata).Unmarshal(message)
			}
		}
		if err != nil {
			return malformedAt(&w, err)
		}
		if number == 1 {
			if err := tx.book(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// malformedAt says where a request cannot be decoded, unless it is refused for another reason.
func malformedAt(w *wire, err error) error {
	if refused := (*refusal)(nil); errors.As(err, &refused) {
		return refused
	}
	return refuse(malformed, "the request cannot be decoded: before byte %d: %v", w.i, err)
}

// readV1 decodes a TimeSeries. Its labels stay where they lie if they lie together at its beginning, as every sender that is known
// writes them. If they are those of the series that is guessed, they are not read at all.
func (s *series) readV1(b []byte, guess *entry, room *hold) error {
	s.reset()
	w := wire{b: b}
	if guess != nil && len(b) >= len(guess.labels) && string(b[:len(guess.labels)]) == guess.labels {
		n := len(guess.labels)
		s.labels, s.entry, w.i = b[:n], guess, n
	}
	for w.more() {
		start := w.i
		number, kind, err := w.field()
		if err != nil {
			return err
		}
		if number > 4 {
			if err := w.skip(kind); err != nil {
				return err
			}
			continue
		}
		message, err := w.bytes(kind)
		if err != nil {
			return err
		}
		switch number {
		case 1:
			s.addLabel(b[:w.i], start)
		case 2:
			err = s.addSample(message, 1, room)
		case 3:
			s.exemplars++
			err = new(prompb.Exemplar).Unmarshal(message)
		case 4:
			err = s.addV1Histogram(message, room)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// addLabel adds the label that lies in b from start on.
func (s *series) addLabel(b []byte, start int) {
	s.entry = nil
	if len(s.labels) == start && len(s.scratch) == 0 {
		s.labels = b
		return
	}
	if len(s.scratch) == 0 {
		s.scratch = append(s.scratch, s.labels...)
	}
	s.scratch = append(s.scratch, b[start:]...)
	s.labels = s.scratch
}

// addSample decodes a Sample. In version 2 it may have a start timestamp.
func (s *series) addSample(b []byte, version int, room *hold) error {
	if err := room.need(sampleSize); err != nil {
		return err
	}
	var p sample
	w := wire{b: b}
	for w.more() {
		number, kind, err := w.field()
		if err != nil {
			return err
		}
		switch {
		case number == 1:
			p.v, err = w.float(kind)
		case number == 2:
			p.t, err = w.integer(kind)
		case number == 3 && version == 2:
			p.st, err = w.integer(kind)
		default:
			err = w.skip(kind)
		}
		if err != nil {
			return err
		}
	}
	s.samples = append(s.samples, p)
	return nil
}

func (s *series) addV1Histogram(b []byte, room *hold) error {
	if err := room.needHistogram(b); err != nil {
		return err
	}
	var h prompb.Histogram
	if err := h.Unmarshal(b); err != nil {
		return err
	}
	p := nativeSample{t: h.Timestamp}
	if h.IsFloatHistogram() {
		p.floats = h.ToFloatHistogram()
	} else {
		p.ints = h.ToIntHistogram()
	}
	s.histograms = append(s.histograms, p)
	return nil
}
