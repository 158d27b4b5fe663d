package push

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// The labels of a series are kept as remote write 1.0 writes them:
//
//	{1: {1: name, 2: value}, 1: {1: name, 2: value}, …}
const (
	labelsTag = 1<<3 | typeBytes
	nameTag   = 1<<3 | typeBytes
	valueTag  = 2<<3 | typeBytes
)

// appendLabel appends a label in that form.
func appendLabel(b []byte, name, value []byte) []byte {
	b = append(b, labelsTag)
	b = binary.AppendUvarint(b, uint64(fieldSize(name)+fieldSize(value)))
	b = append(b, nameTag)
	b = binary.AppendUvarint(b, uint64(len(name)))
	b = append(b, name...)
	b = append(b, valueTag)
	b = binary.AppendUvarint(b, uint64(len(value)))
	return append(b, value...)
}

// fieldSize returns the bytes of a field with content b and a number below 16.
func fieldSize(b []byte) int {
	n := 2 + len(b)
	for l := len(b); l >= 0x80; l >>= 7 {
		n++
	}
	return n
}

// readLabels decodes labels that lie one after the other, and sorts them. They need not be valid as a set.
func readLabels(raw []byte) (labels.Labels, error) {
	b := labels.NewScratchBuilder(16)
	w := wire{b: raw}
	for w.more() {
		_, kind, err := w.field() // it is [labelsTag]
		if err != nil {
			return labels.EmptyLabels(), err
		}
		label, err := w.bytes(kind)
		if err != nil {
			return labels.EmptyLabels(), err
		}
		name, value, err := readLabel(label)
		if err != nil {
			return labels.EmptyLabels(), err
		}
		b.Add(name, value)
	}
	b.Sort()
	return b.Labels(), nil
}

func readLabel(b []byte) (name, value string, err error) {
	w := wire{b: b}
	for w.more() {
		number, kind, err := w.field()
		if err != nil {
			return "", "", err
		}
		if number > 2 {
			if err := w.skip(kind); err != nil {
				return "", "", err
			}
			continue
		}
		text, err := w.bytes(kind)
		if err != nil {
			return "", "", err
		}
		if number == 1 {
			name = string(text)
		} else {
			value = string(text)
		}
	}
	return name, value, nil
}

// checkLabels returns why labels are not those of a series, or "" if they are. It is as strict as the receiver of Prometheus.
func (l Limits) checkLabels(ls labels.Labels) string {
	if !ls.Has(model.MetricNameLabel) {
		return "no metric name in " + shorten(ls)
	}
	if !ls.IsValid(model.UTF8Validation) {
		return "an empty name, or text that is not UTF-8, in " + shorten(ls)
	}
	if name, twice := ls.HasDuplicateLabelNames(); twice {
		return fmt.Sprintf("label %q twice in %s", name, shorten(ls))
	}
	if n := ls.Len(); n > l.Labels {
		return fmt.Sprintf("%d labels, more than the limit of %d, in %s", n, l.Labels, shorten(ls))
	}
	bytes := 0
	ls.Range(func(label labels.Label) { bytes += len(label.Name) + len(label.Value) })
	if bytes > l.LabelBytes {
		return l.tooLong(bytes) + ", in " + shorten(ls)
	}
	return ""
}

// maxEncoded is more bytes than labels within the limits have as they are sent, with at most 16 for the lengths and tags of each.
func (l Limits) maxEncoded() int { return l.LabelBytes + 16*l.Labels }

func (l Limits) tooLong(bytes int) string {
	return fmt.Sprintf("labels of %d bytes, more than the limit of %d", bytes, l.LabelBytes)
}

// shorten writes labels for a message.
func shorten(ls labels.Labels) string {
	const most = 200
	text := ls.String()
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
