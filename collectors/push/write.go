package push

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"strconv"
)

// The messages of remote write, as the parameter proto of a content type names them.
const (
	protobufType = "application/x-protobuf"
	messageV1    = "prometheus.WriteRequest"
	messageV2    = "io.prometheus.write.v2.Request"
)

// Write returns the handler for remote write, 1.0 and 2.0, as POST.
func (r *Receiver) Write() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		version, err := negotiateWrite(req)
		r.receive(w, req, &remoteWrite{r, version}, err)
	})
}

// negotiateWrite returns the version of a request: 1 if there is no telling.
func negotiateWrite(req *http.Request) (version int, err error) {
	if req.Method != http.MethodPost {
		return 1, refuse(badMethod, "%s is not allowed; use POST", req.Method)
	}
	if encoding := req.Header.Get("Content-Encoding"); encoding != "" && encoding != "snappy" {
		return 1, refuse(unsupported, "content encoding %q is not supported; use snappy", encoding)
	}
	contentType := req.Header.Get("Content-Type")
	if contentType == "" {
		return 1, nil
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err == nil && media == protobufType {
		switch params["proto"] {
		case "", messageV1:
			return 1, nil
		case messageV2:
			return 2, nil
		}
	}
	return 1, refuse(unsupported, "content type %q is not supported; use %s, with proto=%s or proto=%s", contentType, protobufType, messageV1, messageV2)
}

// remoteWrite is the protocol of one request.
type remoteWrite struct {
	r       *Receiver
	version int
}

func (p *remoteWrite) name() string {
	if p.version == 2 {
		return protocolV2
	}
	return protocolV1
}

// decoding is what a request is decoded with, used again for the next one.
type decoding struct {
	series  series
	request request2
}

// bytes returns about how much memory it keeps.
func (d *decoding) bytes() int {
	s, r := &d.series, &d.request
	return cap(s.scratch) + 4*cap(r.refs) + partSize*(cap(r.symbols)+cap(r.series)) + sampleSize*cap(s.samples) + histogramSize*cap(s.histograms)
}

func (p *remoteWrite) take(ctx context.Context, body []byte, h *hold) (result, error) {
	body, err := h.unsnap(body)
	if err != nil {
		return result{}, err
	}
	return p.r.write(ctx, body, p.version, h)
}

// write commits a decompressed request.
func (r *Receiver) write(ctx context.Context, body []byte, version int, h *hold) (result, error) {
	d, _ := r.decodings.Get().(*decoding)
	if d == nil {
		d = new(decoding)
	}
	defer func() {
		if d.bytes() <= maxIdle {
			r.decodings.Put(d)
		}
	}()
	tx := r.begin(r.cumulative.AppenderV2(ctx), h)
	var err error
	if version == 2 {
		err = d.request.readV2(body, &d.series, tx)
	} else {
		err = readV1(body, &d.series, tx)
	}
	if err != nil {
		_ = tx.app.Rollback() // nothing was booked
		return result{}, err
	}
	if err := tx.app.Commit(); err != nil {
		return result{}, fmt.Errorf("commit pushed samples: %w", err)
	}
	return tx.result, nil
}

func (p *remoteWrite) answer(w http.ResponseWriter, res *result, refused *refusal) {
	h := w.Header()
	if p.version == 2 {
		h.Set("X-Prometheus-Remote-Write-Samples-Written", strconv.FormatInt(res.samples, 10))
		h.Set("X-Prometheus-Remote-Write-Histograms-Written", strconv.FormatInt(res.histograms, 10))
		h.Set("X-Prometheus-Remote-Write-Exemplars-Written", strconv.FormatInt(res.exemplars, 10))
	}
	if refused == nil && res.refused.causes > 0 {
		refused = &refusal{partial, res.refused.text("series")}
	}
	if refused == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	a := answers[refused.reason]
	a.setHeaders(h)
	http.Error(w, refused.message, a.status)
}
