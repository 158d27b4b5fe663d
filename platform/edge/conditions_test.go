package edge

import "testing"

// FuzzParseRange checks that whatever is asked for lies inside of the object.
func FuzzParseRange(f *testing.F) {
	for _, header := range []string{"bytes=0-0", "bytes=-1", "bytes=5-", "bytes=0-1,2-3", "bytes=9-3", "bytes=-0", "items=0-1",
		"bytes=", "bytes=-", "bytes=99999999999999999999-", "bytes=0-99999999999999999999", "bytes= 1-2 ", "bytes=+1-2"} {
		f.Add(header, int64(10))
	}
	f.Add("bytes=0-", int64(0))
	f.Add("bytes=-5", int64(0))
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		s, v := parseRange(header, size)
		switch v {
		case satisfiable:
			if s.first < 0 || s.last < s.first || s.last >= size {
				t.Errorf("%q of %d bytes: %d-%d", header, size, s.first, s.last)
			}
		default:
			if s != (span{}) {
				t.Errorf("%q of %d bytes: refused with a range", header, size)
			}
		}
	})
}
