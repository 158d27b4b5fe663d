package edge

import (
	"strconv"
	"strings"
)

// matches decides If-None-Match (RFC 9110, 13.1.2): a list of entity tags compared weakly, or "*".
func matches(list, etag string) bool {
	if strings.TrimSpace(list) == "*" {
		return true
	}
	for tag := range strings.SplitSeq(list, ",") { // our own tags hold no comma
		if strings.TrimPrefix(strings.TrimSpace(tag), "W/") == etag {
			return true
		}
	}
	return false
}

// rangeApplies decides If-Range (RFC 9110, 13.1.5): the range holds only for the object the client already has a part
// of, by a strong comparison. Dates never match, as objects have none.
func rangeApplies(ifRange, etag string) bool { return ifRange == "" || ifRange == etag }

// span is a range of bytes, both ends included.
type span struct{ first, last int64 }

type verdict int

const (
	ignored       verdict = iota // not a single range of bytes: the whole object is the answer (RFC 9110, 14.2)
	satisfiable                  // 206
	unsatisfiable                // 416
)

// parseRange reads a Range header against an object of size bytes (RFC 9110, 14.1.2). More than one range is ignored.
func parseRange(header string, size int64) (span, verdict) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	if !ok || strings.Contains(spec, ",") {
		return span{}, ignored
	}
	from, to, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok || !digits(from) || !digits(to) || from == "" && to == "" {
		return span{}, ignored
	}
	if from == "" { // the last bytes
		n := number(to)
		if n == 0 || size == 0 {
			return span{}, unsatisfiable
		}
		return span{max(size-n, 0), size - 1}, satisfiable
	}
	s := span{number(from), size - 1}
	if to != "" {
		last := number(to)
		if last < s.first {
			return span{}, ignored
		}
		s.last = min(last, s.last)
	}
	if s.first >= size {
		return span{}, unsatisfiable
	}
	return s, satisfiable
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// number reads decimal digits; what is too large for any object is the largest number.
func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64) // out of range yields the largest
	return n
}
