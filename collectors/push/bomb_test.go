package push

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/snappy"
	"google.golang.org/protobuf/encoding/protowire"
)

// TestBombs sends requests that are small as they are sent, within the limit when they are decompressed, and huge when they are decoded. They are
// refused as too large, which senders do not repeat, before there is memory for them.
func TestBombs(t *testing.T) {
	t.Parallel()
	const v2 = protobufType + ";proto=" + messageV2
	// many is a field whose content is empty, again and again.
	many := func(number protowire.Number, bytes int) []byte {
		field := protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), nil)
		return []byte(strings.Repeat(string(field), bytes/len(field)))
	}
	series := func(number protowire.Number, content []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), content)
	}
	const size = 4 << 20
	for name, tc := range map[string]struct {
		contentType string
		body        []byte
	}{
		"samples":             {"", series(1, many(2, size))},
		"histograms":          {"", series(1, many(4, size))},
		"symbols of 2.0":      {v2, many(4, size)},
		"series of 2.0":       {v2, many(5, size)},
		"samples of 2.0":      {v2, series(5, many(2, size))},
		"histograms of 2.0":   {v2, series(5, many(3, size))},
		"histograms, divided": {"", []byte(strings.Repeat(string(series(1, many(4, 64))), size/64))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := openPost(t, func(c *Config) { c.Limits = Limits{Body: 1 << 20, Decoded: 8 << 20, InFlight: 16 << 20} })
			body := snappy.Encode(nil, tc.body)
			resp, answer := p.send(http.MethodPost, "/api/v1/write", tc.contentType, "", bytes.NewReader(body))
			if resp.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(answer, "more than 16777216 bytes when it is decoded") {
				t.Errorf("a request of %d bytes is answered %d %.200q, want 413", len(body), resp.StatusCode, answer)
			}
			if n := len(p.cumulative.all()); n != 0 {
				t.Errorf("%d samples were committed", n)
			}
			if !p.receiver.memory.TryAcquire(16 << 20) {
				t.Error("memory is held when no request is left")
			}
		})
	}
}
