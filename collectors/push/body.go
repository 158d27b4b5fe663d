package push

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"time"

	"github.com/klauspost/compress/snappy"
)

// hold is the memory that one request takes.
type hold struct {
	r       *Receiver
	size    int64
	room    int64 // of it, for what is decoded
	buffers []*[]byte
}

// freeRoom is what a request may decode into without asking for memory, in bytes. Hardly any takes more.
const freeRoom = 1 << 18

func (r *Receiver) hold() *hold { return &hold{r: r, room: freeRoom} }

// take asks for memory. There is none while other requests have it all.
func (h *hold) take(n int64) error {
	if !h.r.memory.TryAcquire(n) {
		return refuse(busy, "the requests that are being read take all of the %d bytes there are for them; send it again", h.r.limits.InFlight)
	}
	h.size += n
	return nil
}

// roomStep is how much memory is asked for at a time, in bytes, for what is decoded.
const roomStep = 1 << 20

// need asks for the memory of n bytes that something is decoded into: two bytes of a request may be a hundred when they are decoded.
func (h *hold) need(n int64) error {
	if h.room -= n; h.room >= 0 {
		return nil
	}
	more := max(n, roomStep)
	if limit := h.r.limits.InFlight; h.size+more > limit {
		return refuse(tooLarge, "the request takes more than %d bytes when it is decoded, which is the limit", limit)
	}
	if err := h.take(more); err != nil {
		return err
	}
	h.room += more
	return nil
}

// needHistogram asks for the memory of a native histogram that is encoded as b.
func (h *hold) needHistogram(b []byte) error {
	return h.need(histogramSize + perHistogramByte*int64(len(b)))
}

// maxIdle bounds a buffer that is kept for the next request, in bytes.
const maxIdle = 4 << 20

// buffer returns n bytes that may be used until release.
func (h *hold) buffer(n int64) []byte {
	b, _ := h.r.buffers.Get().(*[]byte)
	if b == nil {
		b = new([]byte)
	}
	if int64(cap(*b)) < n {
		*b = make([]byte, n)
	}
	h.buffers = append(h.buffers, b)
	return (*b)[:n]
}

// release gives everything back.
func (h *hold) release() {
	for _, b := range h.buffers {
		if cap(*b) <= maxIdle {
			h.r.buffers.Put(b)
		}
	}
	h.r.memory.Release(h.size)
	*h = hold{r: h.r}
}

// readBody reads a request as it was sent.
func (h *hold) readBody(w http.ResponseWriter, req *http.Request) ([]byte, error) {
	limit, size := h.r.limits.Body, req.ContentLength
	if size > limit {
		return nil, refuse(tooLarge, "the request has %d bytes, more than the limit of %d", size, limit)
	}
	known := size >= 0
	if !known {
		size = limit
	}
	if err := h.take(size); err != nil {
		return nil, err
	}
	control := http.NewResponseController(w)
	if control.SetReadDeadline(time.Now().Add(h.r.limits.Read)) == nil {
		defer control.SetReadDeadline(time.Time{}) //nolint:errcheck // it could be set before
	}
	if req.Context().Err() != nil { // whoever ended it may have brought the deadline forward
		return nil, refuse(cutShort, "the request was broken off; send it again")
	}
	var body []byte
	var err error
	if known {
		body = h.buffer(size)
		_, err = io.ReadFull(req.Body, body)
	} else {
		body, err = io.ReadAll(io.LimitReader(req.Body, limit+1))
	}
	switch {
	case err != nil:
		return nil, refuse(cutShort, "the request ended before all of it had come: %v", err)
	case int64(len(body)) > limit:
		return nil, refuse(tooLarge, "the request has more than %d bytes, which is the limit", limit)
	}
	return body, nil
}

// unsnap decompresses a block of Snappy. Its size is checked before there is memory for it.
func (h *hold) unsnap(body []byte) ([]byte, error) {
	n, err := snappy.DecodedLen(body)
	if err != nil {
		return nil, refuse(malformed, "the request is not compressed with Snappy: %v", err)
	}
	if err := h.admit(int64(n)); err != nil {
		return nil, err
	}
	decoded, err := snappy.Decode(h.buffer(int64(n)), body)
	if err != nil {
		return nil, refuse(malformed, "the request is not compressed with Snappy: %v", err)
	}
	return decoded, nil
}

// admit takes the memory for a decompressed request of n bytes.
func (h *hold) admit(n int64) error {
	if limit := h.r.limits.Decoded; n > limit {
		return refuse(tooLarge, "the decompressed request has %d bytes, more than the limit of %d", n, limit)
	}
	return h.take(n)
}

// unzip decompresses gzip, of which the size is not known before.
func (h *hold) unzip(body []byte) ([]byte, error) {
	limit := h.r.limits.Decoded
	if err := h.admit(limit); err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, refuse(malformed, "the request is not compressed with gzip: %v", err)
	}
	decoded, err := io.ReadAll(io.LimitReader(z, limit+1))
	switch {
	case int64(len(decoded)) > limit:
		return nil, refuse(tooLarge, "the decompressed request has more than %d bytes, which is the limit", limit)
	case err != nil:
		return nil, refuse(malformed, "the request is not compressed with gzip: %v", err)
	}
	return decoded, nil
}
